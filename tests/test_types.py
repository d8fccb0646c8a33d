"""What type checkers see of an installed copy: every public type is known, and users' mistakes are found."""

import json
import os
import pathlib
import re
import shutil
import site
import subprocess
import sys
import venv

import pytest

import warmup_jax as wj

PACKAGE = pathlib.Path(wj.__file__).parent
USER_CODE = pathlib.Path(__file__).with_name("user_code.py")
pytestmark = pytest.mark.xdist_group("types")  # one worker, so that the copy is installed once


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with a virtual environment `env`, in which a copy of the library stands beside what is installed here;
    pyright speaks otherwise of an editable install.
    """
    folder = tmp_path_factory.mktemp("types")
    venv.create(folder / "env", symlinks=os.name != "nt")
    (packages,) = folder.glob("env/[Ll]ib/**/site-packages")
    shutil.copytree(PACKAGE, packages / "warmup_jax", ignore=shutil.ignore_patterns("__pycache__"))
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    return folder


def pyright(folder: pathlib.Path, *arguments: str) -> dict:
    """The report of pyright, asked in `folder` and for its environment."""
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    environment = os.environ | {
        "VIRTUAL_ENV": str(programs.parent),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "pyright", "--outputjson", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr or done.stdout
    return json.loads(done.stdout)


def test_every_public_type_is_known(installed):
    found = pyright(installed, "--verifytypes", "warmup_jax", "--ignoreexternal")["typeCompleteness"]
    exported = [symbol for symbol in found["symbols"] if symbol["isExported"]]
    assert {"warmup_jax.Linear", "warmup_jax.transform.scheduled"} <= {symbol["name"] for symbol in exported}
    unknown = [
        f"{symbol['name']}: {' '.join(said['message'].split())}"
        for symbol in found["symbols"]
        if not symbol["isTypeKnown"]
        for said in symbol["diagnostics"] or [{"message": "unknown"}]
    ]
    assert found["completenessScore"] == 1.0, "\n".join([f"{found['completenessScore']:.1%}", *unknown])


def test_mistakes_in_users_code_are_found(installed):
    shutil.copy(USER_CODE, installed / "user_code.py")
    expected = {
        (number, rule)
        for number, line in enumerate(USER_CODE.read_text().splitlines(), start=1)
        for rule in re.findall(r"# refused: (\w+)$", line)
    }
    assert len(expected) > 20
    said = pyright(installed, "user_code.py")["generalDiagnostics"]
    found = {(each["range"]["start"]["line"] + 1, each.get("rule")): each["message"] for each in said}
    wrong = {place: found.get(place, "nothing was said") for place in sorted(expected ^ found.keys(), key=str)}
    assert not wrong, "\n".join(f"line {line}, {rule}: {message}" for (line, rule), message in wrong.items())

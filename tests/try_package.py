"""The package as people get it: `python -m tests.try_package`, in a clean checkout; it needs `build` and `twine`.

Builds the source distribution, and from it the wheel; compares what they hold with the files of the repository;
installs both into an empty environment of each Python that the metadata names, and follows the message about a missing
extra; runs every notebook in an empty environment, into which its first cell installs the wheel. All of it happens
outside of the checkout.
"""

import glob
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCHEDULE = "import warmup_jax as wj; print(wj.__version__, wj.warmup_cosine(peak=1.0, warmup=10, total=100).on_host(5))"
NOTEBOOK_RUNNER = [
    line for line in PROJECT["optional-dependencies"]["test"] if line.startswith(("ipykernel", "nbclient"))
]


def run(*command: str | pathlib.Path, **options) -> str:
    """What a command prints; where it fails, its errors and an exit."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{shlex.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The wheel and the source distribution."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    return wheel, source


def check_contents(wheel: pathlib.Path, source: pathlib.Path) -> None:
    """The wheel holds the package and its licences, the source distribution the whole repository; nothing else."""
    tracked = set(run("git", "ls-files", cwd=ROOT).splitlines())
    metadata = f"{PROJECT['name']}-{PROJECT['version']}.dist-info/"
    files = [
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        *(f"licenses/{name}" for name in PROJECT["license-files"]),
    ]
    with zipfile.ZipFile(wheel) as archive:
        check_same(
            wheel.name,
            set(archive.namelist()),
            {name for name in tracked if name.startswith("warmup_jax/")} | {metadata + name for name in files},
        )
    with tarfile.open(source) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    check_same(source.name, names, tracked | {"PKG-INFO"})


def check_same(name: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        raise SystemExit(f"{name} lacks {sorted(wanted - found)} and should not have {sorted(found - wanted)}")
    folders = [path.rpartition("/")[0] or "." for path in found]
    print(f"{name}: {len(found)} files,", *(f"{folder} {folders.count(folder)}" for folder in sorted(set(folders))))


def environment(python: str, folder: pathlib.Path, *requirements: str) -> pathlib.Path:
    """The folder of the commands of an empty environment."""
    run(python, "-m", "venv", folder)
    if requirements:
        run(folder / "bin" / "pip", "install", *requirements)
    return folder / "bin"


def interpreters() -> dict[str, str]:
    """By version, an interpreter of each Python that the metadata names: on the path, or among those of pyenv."""
    named = "Programming Language :: Python :: 3."
    found = {}
    for version in [line.split()[-1] for line in PROJECT["classifiers"] if line.startswith(named)]:
        among_pyenv = glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python3"))
        usable = [python for python in [f"python{version}", *among_pyenv] if can_make_environments(python)]
        if usable:
            found[version] = usable[0]
        else:
            print(f"Python {version} is not at hand: the package is not tried with it")
    return found


def can_make_environments(python: str) -> bool:
    if not shutil.which(python):
        return False
    return subprocess.run([python, "-c", "import venv"], capture_output=True).returncode == 0


def try_to_install(python: str, folder: pathlib.Path, *files: pathlib.Path) -> None:
    """From each file, a schedule; and the command, once what it says is missing was installed as it says."""
    bin = environment(python, folder)
    for file in files:
        run(bin / "pip", "uninstall", "--yes", PROJECT["name"])
        run(bin / "pip", "install", file)
        answer = run(bin / "python", "-c", SCHEDULE, cwd=folder).strip()
        assert answer == f"{PROJECT['version']} 0.5", answer
        print(f"{file.name} works with {run(bin / 'python', '--version').strip()}")
    alone = subprocess.run([bin / "warmup-jax"], capture_output=True, text=True)
    message, _, advice = alone.stderr.partition("pip install ")
    assert alone.returncode == 2 and message.endswith("install it with: "), alone.stderr
    run(bin / "pip", "install", *shlex.split(advice))
    assert "studio" in run(bin / "warmup-jax", "--help")


def run_notebooks(folder: pathlib.Path, wheel: pathlib.Path) -> None:
    """From top to bottom. The requirement in their first cell is met by the wheel, and without it they say so."""
    bin = environment(sys.executable, folder / "environment", *NOTEBOOK_RUNNER)
    runner = [bin / "python", ROOT / "tests" / "run_notebooks.py"]
    print(run(*runner, "--without-package", cwd=folder, env=os.environ | {"PIP_NO_INDEX": "1"}), end="")
    print(run(*runner, cwd=folder, env=os.environ | {"PIP_FIND_LINKS": str(wheel.parent)}), end="")


def main() -> None:
    os.environ.pop("PYTHONPATH", None)  # it could name the checkout
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wheel, source = build(folder / "dist")
        check_contents(wheel, source)
        for version, python in interpreters().items():
            try_to_install(python, folder / version, wheel, source)
        run_notebooks(folder, wheel)


if __name__ == "__main__":
    main()

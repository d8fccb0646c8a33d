"""The public names, the direction of imports, and what importing costs."""

import ast
import inspect
import pathlib
import re
import subprocess
import sys

import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax import transform

PACKAGE = pathlib.Path(wj.__file__).parent
FLOORS = [
    {"_checks", "_placed", "_time", "_schedule", "units"},
    {"stages"},
    {"combinators"},
    {"recipes"},
    {"transform", "text", "report", "lint"},
    {"linen", "nnx", "plot", "studio", "compat", "experiment"},
    {"cli", "__main__"},
]
# Within a floor, in the order of DESIGN: what stands left may be imported by what stands right of it.
ORDER = [
    "_checks",
    "_placed",
    "_time",
    "_schedule",
    "units",
    "stages",
    "combinators",
    "recipes",
    "transform",
    "text",
    "report",
    "lint",
    "linen",
    "nnx",
    "plot",
    "studio",
    "compat",
    "experiment",
    "cli",
]
PUBLIC = [name for name, value in vars(wj).items() if not name.startswith("_") and not inspect.ismodule(value)]


def imports_of(path: pathlib.Path) -> set[str]:
    """The modules of the package that a file imports, anywhere in it, by their first part."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module else set()
    inside = {name.split(".")[1] for name in found if name.startswith("warmup_jax.")}
    return {"__init__" if (name[0].isupper() or name in PUBLIC) else name for name in inside} | (
        {"__init__"} if "warmup_jax" in found else set()
    )


def test_every_module_has_a_floor():
    modules = {path.stem if path.suffix else path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert modules - {"__init__", "py.typed", "py"} == set().union(*FLOORS)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own in ("__init__", "__main__"):
        return
    for name in imports_of(path) - {own}:
        if name == "__init__":  # the table of contents stands on floor 3
            assert ORDER.index(own) > ORDER.index("recipes"), f"{own} imports the top level"
        else:
            assert ORDER.index(name) < ORDER.index(own), f"{own} imports {name}, which stands above it"


def test_the_top_level_stops_at_floor_3():
    allowed = set().union(*FLOORS[:4])
    assert imports_of(PACKAGE / "__init__.py") - {"__init__"} <= allowed


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


HEAVY = ["flax", "matplotlib", "sklearn", "orbax", "tqdm", "tabulate", "pandas", "torch", "tensorflow", "keras"]


def test_importing_it_loads_nothing_heavy():
    loaded = python("import sys, warmup_jax; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    assert "warmup_jax" in loaded and "optax" in loaded
    assert not set(loaded) & set(HEAVY)


def test_that_test_would_notice():
    loaded = python(
        "import sys, warmup_jax.linen; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ).split()
    assert "flax" in loaded


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    value = getattr(wj, name)
    text = inspect.getdoc(value) or ""
    assert re.match(r"[^\n]+\.\n", text + "\n"), "a first sentence on its own line"
    for part in ("Args:", "Example:", ">>> "):
        if name != "Schedule" or part != "Args:":
            assert part in text, f"{name} has no {part}"
    if inspect.isclass(value) and issubclass(value, wj.Schedule) and value is not wj.Schedule:
        assert "Returns:" in text and "float32" in text and "steps" in text


TRANSFORM = [
    name for name, value in vars(transform).items() if getattr(value, "__module__", "").startswith("warmup_jax")
]


@pytest.mark.parametrize("name", TRANSFORM)
def test_the_names_of_transform_are_documented(name):
    value = getattr(transform, name)
    text = inspect.getdoc(value) or ""
    assert re.match(r"[^\n]+\.\n", text + "\n"), "a first sentence on its own line"
    assert "Args:" in text
    if inspect.isfunction(value):
        assert all(part in text for part in ("Returns:", "Raises:", "Example:", ">>> "))


def nodes(schedule):
    """The schedule and all schedules in it."""
    yield schedule
    for value in vars(schedule).values():
        for inner in value if isinstance(value, tuple) else [value]:
            if isinstance(inner, wj.Schedule):
                yield from nodes(inner)


def test_every_schedule_is_in_the_catalog():
    made = {type(node).__name__ for row in catalog.ROWS for node in nodes(row.schedule)}
    classes = {
        name for name in PUBLIC if inspect.isclass(getattr(wj, name)) and issubclass(getattr(wj, name), wj.Schedule)
    }
    makers = {name for name in PUBLIC if inspect.isfunction(getattr(wj, name))} - {"as_schedule", "join"}
    assert classes - {"Schedule"} <= made
    assert makers <= {row.name for row in catalog.ROWS}


def test_the_version_is_in_the_changelog():
    root = PACKAGE.parent
    version = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.M)
    assert version and f"## {version[1]}" in (root / "CHANGELOG.md").read_text()

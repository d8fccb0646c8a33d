"""The public names, the direction of imports, and what importing costs."""

import ast
import graphlib
import importlib
import inspect
import operator
import pathlib
import re
import statistics
import subprocess
import sys
import tomllib

import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax import theory, transform
from warmup_jax._declare import argument_kinds

PACKAGE = pathlib.Path(wj.__file__).parent
# From the ground up: what stands further down may be imported by what stands above it.
FLOORS = [
    [
        "_words",
        "_placed",
        "_checks",
        "_host",
        "_time",
        "_kinds",
        "_numbers",
        "_calls",
        "_durations",
        "_ramps",
        "fields",
        "_showing",
        "_declare",
        "_schedule",
        "units",
    ],
    ["stages"],
    ["combinators"],
    ["recipes"],
    ["__init__"],  # the table of contents
    ["transform", "text", "report", "lint", "theory"],
    ["linen", "nnx", "plot", "studio", "compat", "experiment", "tune"],
    ["cli"],
    ["__main__"],
]
ORDER = [name for floor in FLOORS for name in floor]
# What a lower floor needs of a higher one, each in one function: operators make combinators, and a field of a schedule
# takes a number or a callable.
UPWARD = {
    ("_schedule", "Schedule.__mul__", "combinators"),
    ("_schedule", "Schedule.__add__", "combinators"),
    ("_schedule", "Schedule.__radd__", "combinators"),
    ("_schedule", "Schedule.__pow__", "combinators"),
    ("_schedule", "Schedule._repr_html_", "report.notebook"),
    ("_schedule", "_Scheduled._lifted", "stages.functions"),
    ("units", "Run._on_data", "combinators"),
}
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}
PUBLIC = [
    name
    for name, value in vars(wj).items()
    if not name.startswith("_") and not inspect.ismodule(value) and getattr(value, "__module__", "") != "typing"
]


class Imports(ast.NodeVisitor):
    """What a file imports of the package: `(in which function, the file)`; not what only a type checker sees."""

    def __init__(self, name: str):
        self.name, self.where, self.found = name, [], set()
        self.visit(ast.parse(FILES[name].read_text()))

    def visit_If(self, node):
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self.where.append(node.name)
        self.generic_visit(node)
        self.where.pop()

    visit_ClassDef = visit_FunctionDef

    def visit_Import(self, node):
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node):
        assert node.level == 0, f"{self.name} has a relative import"
        for alias in node.names:
            self.add(f"{node.module}.{alias.name}")

    def add(self, module: str):
        parts = module.split(".")
        if parts[0] != "warmup_jax":
            return
        for length in range(len(parts), 0, -1):  # the longest part of the name that is a file
            name = ".".join(parts[1:length])
            for file in (name, f"{name}.__init__".lstrip(".")):
                if file in FILES:
                    self.found.add((".".join(self.where), file))
                    return


IMPORTS = {name: Imports(name).found for name in FILES}


def floor_of(name: str) -> int:
    return ORDER.index(name.split(".")[0])


def test_every_module_has_a_floor():
    assert {name.split(".")[0] for name in FILES} == set(ORDER)


@pytest.mark.parametrize("name", FILES)
def test_imports_point_down(name):
    for where, other in IMPORTS[name]:
        if other.split(".")[0] == name.split(".")[0]:
            continue
        if floor_of(other) > floor_of(name):
            assert (name, where, other.removesuffix(".__init__")) in UPWARD, f"{name} imports {other} from above"


def test_what_is_listed_as_upward_is_there():
    there = {(name, where, other.removesuffix(".__init__")) for name in FILES for where, other in IMPORTS[name]}
    assert there >= UPWARD


def test_no_files_import_each_other_in_a_circle():
    sorter = graphlib.TopologicalSorter()
    for name, imports in IMPORTS.items():
        within = {other for where, other in imports if (name, where, other.removesuffix(".__init__")) not in UPWARD}
        sorter.add(name, *(within - {name}))
    sorter.prepare()  # raises CycleError with the files of a circle


def test_files_are_of_a_size_to_read():
    lines = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert max(lines.values()) <= 400, max(lines, key=lambda name: lines[name])
    assert statistics.median(lines.values()) <= 140


def test_no_two_files_share_a_private_name():
    private = [path.name for path in FILES.values() if path.name.startswith("_") and path.name[1] != "_"]
    assert len(set(private)) == len(private), sorted(name for name in private if private.count(name) > 1)


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


HEAVY = ["chex", "flax", "matplotlib", "sklearn", "orbax", "tqdm", "tabulate", "pandas", "torch", "tensorflow", "keras"]


def test_importing_it_loads_nothing_heavy():
    loaded = python("import sys, warmup_jax; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    assert "warmup_jax" in loaded and "optax" in loaded
    assert not set(loaded) & (set(HEAVY) - set(optax_loads()))


def optax_loads() -> list[str]:
    """Older releases of Optax load chex themselves."""
    return python("import sys, optax; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()


def test_doors_open_when_they_are_named():
    closed, code, version = python(
        "import sys, warmup_jax as wj; "
        "print('warmup_jax.lint' in sys.modules, wj.lint.RULES['jump'].check.__name__, wj.__version__)"
    ).split()
    assert (closed, code) == ("False", "jump") and re.match(r"\d+\.\d+", version)
    with pytest.raises(AttributeError, match="module 'warmup_jax' has no attribute 'nonsense'"):
        wj.nonsense  # noqa: B018
    assert {"lint", "studio", "Linear", "__version__"} <= set(dir(wj))


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
    if name in ("Schedule", "Time", "Placed"):
        return
    for part in ("Args:", "Example:", ">>> "):
        assert part in text, f"{name} has no {part}"
    if inspect.isclass(value) and issubclass(value, wj.Schedule):
        assert "Returns:" in text


@pytest.mark.parametrize("name", PUBLIC)
def test_limits_stand_in_the_documentation_as_the_annotations_have_them(name):
    value = getattr(wj, name)
    if not inspect.isfunction(value) and not (inspect.isclass(value) and issubclass(value, wj.Schedule)):
        return
    kinds = {} if value is wj.Schedule else argument_kinds(value)
    for argument, kind in kinds.items():
        assert re.search(rf"^ *\*?{argument} \({re.escape(kind.words)}", inspect.getdoc(value) or "", re.M), argument


LATER = [
    getattr(module, name)
    for module in (transform, theory)
    for name, value in vars(module).items()
    if getattr(value, "__module__", "").startswith("warmup_jax")
]


@pytest.mark.parametrize("value", LATER, ids=lambda value: value.__name__)
def test_the_names_of_transform_and_theory_are_documented(value):
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


ROOT = PACKAGE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_in_the_changelog():
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_what_messages_and_notebooks_tell_people_to_install_exists():
    files = [*PACKAGE.rglob("*.py"), *ROOT.glob("colabs/*.md"), *ROOT.glob("colabs/*.ipynb"), ROOT / "README.md"]
    told = {extra for path in files for extra in re.findall(r"\bwarmup_jax\[(\w+)\]", path.read_text())}
    assert {"cli", "train"} <= told <= set(PROJECT["optional-dependencies"])


def test_dotted_names_of_ours_in_every_text_can_be_typed():
    """In errors, docstrings and advice: each is read as a user would type it after `import warmup_jax as wj`."""
    doors = {"wj": wj, "warmup_jax": wj} | {
        name: getattr(wj, name) for name in dir(wj) if inspect.ismodule(getattr(wj, name))
    }
    doors |= {name: importlib.import_module(f"warmup_jax.compat.{name}") for name in ("pytorch", "pytorch_warmup")}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(rf"`((?:{'|'.join(doors)})(?:\.[A-Za-z]\w*)+)", node.value))
    assert len(found) > 15
    for dotted in sorted(found):
        first, *rest = dotted.split(".")
        assert operator.attrgetter(".".join(rest))(doors[first]), dotted

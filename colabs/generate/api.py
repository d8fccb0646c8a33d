"""The reference: one line for each public name, by what one wants to do, and a page for each."""

import ast
import inspect
import pkgutil
import re
import types
import typing

from colabs.generate import docstrings
from warmup_jax import fields

# What one wants to do, and the modules whose public names do it.
GROUPS = {
    "Warm up, and then decay": ["recipes.warmups"],
    "Train in phases, cool down when a model is wanted": ["recipes.phases"],
    "Go up and down, restart, step down": ["recipes.cycles"],
    "Let the model or the optimizer set the numbers": ["recipes.derived", "recipes.averages"],
    "Rate, momentum and weight decay together": ["recipes.coupled"],
    "Draw one curve": ["stages"],
    "One after another, again and again": ["combinators.joining", "combinators.repeating", "combinators.growing"],
    "Enter or leave a schedule on its way": ["combinators.makers"],
    "The same values at other times": ["combinators.time", "combinators.pacing", "combinators.clocks"],
    "Other values at the same times": ["combinators.values", "combinators.blending"],
    "Count in epochs, percent, examples or tokens": ["units"],
    "Keep the schedule in the state of the optimizer": ["transform.state", "transform.reading"],
    "Change it in a run, resume a run": ["transform.changing", "transform.resuming"],
    "Other rates for other parts of the model": ["transform.groups"],
    "Let the loss change the rate": ["transform.plateau", "transform.loss_gap", "transform.greedy_rates"],
    "Train with Flax": ["linen", "nnx"],
    "Look before you train": ["report", "lint", "plot", "studio"],
    "Read and write schedules": ["text"],
    "Find the peak and the warmup": ["tune"],
    "What a schedule is worth, and what equals it": ["theory"],
    "Write your own": ["_schedule", "_time", "_placed", "fields", "_kinds", "_calls"],
    "Coming from Optax": ["compat.optax"],
    "Coming from Hugging Face": ["compat.transformers"],
    "Coming from PyTorch": ["compat.pytorch", "compat._plateau"],
    "Coming from Keras": ["compat.keras"],
    "Coming from timm": ["compat.timm"],
    "Coming from pytorch-warmup": ["compat.pytorch_warmup"],
    "Coming from a trainer": ["compat.trainers"],
}
# The modules whose names are public; a module that one of them hands on is as well.
MODULES = [
    "", "transform", "linen", "nnx", "report", "lint", "plot", "studio", "text", "tune", "theory", "compat.optax",
    "compat.transformers", "compat.pytorch", "compat.keras", "compat.timm", "compat.pytorch_warmup", "compat.trainers",
]  # fmt: skip


def module(name: str) -> types.ModuleType:
    return pkgutil.resolve_name(f"warmup_jax.{name}".rstrip("."))


def exported(of: types.ModuleType) -> dict[str, typing.Any]:
    """What a module defines or, as `from a import b as b`, hands on: functions, classes and modules."""
    tree = ast.parse(inspect.getsource(of)).body
    defined = [node.name for node in tree if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    handed = [alias.asname for node in tree if isinstance(node, ast.ImportFrom) for alias in node.names]
    found = {name: getattr(of, name) for name in [*handed, *defined] if name and not name.startswith("_")}
    return {name: value for name, value in found.items() if inspect.ismodule(value) or callable(value)}


def public() -> dict[str, typing.Any]:
    """Every public function and class by its full name, once."""
    found: dict[str, typing.Any] = {}

    def collect(prefix: str, of: types.ModuleType) -> None:
        for name, value in sorted(exported(of).items(), key=lambda item: inspect.ismodule(item[1])):
            if inspect.ismodule(value):  # behind what the module has itself
                collect(f"{prefix}.{name}", value)
            elif not any(value is other for other in found.values()):
                found[f"{prefix}.{name}"] = value

    for name in MODULES:
        collect(f"warmup_jax.{name}".rstrip("."), module(name))
    return found


def grouped() -> dict[str, dict[str, typing.Any]]:
    """The public names under what one wants to do."""
    groups: dict[str, dict[str, typing.Any]] = {title: {} for title in GROUPS}
    for name, value in public().items():
        groups[_title(value.__module__.removeprefix("warmup_jax."))][name] = value
    return groups


def _title(where: str) -> str:
    for title, prefixes in GROUPS.items():
        if any(f"{where}.".startswith(f"{prefix}.") for prefix in prefixes):
            return title
    raise LookupError(f"`GROUPS` in {__name__} has no place for the names of warmup_jax.{where}")


def line(name: str, value: typing.Any, folder: str = "") -> str:
    return f"- [`{name.replace('warmup_jax.', 'wj.')}`]({folder}{name}.md): {docstrings.sentence(value)}"


def overview() -> str:
    lines = ["# API", "", "Each name in one line, by what one wants to do; behind it is its page, with the formula,"]
    lines += ["the arguments and their limits, an example and the source. `wj` is `import warmup_jax as wj`.", ""]
    for title, names in grouped().items():
        lines += [f"## {title}", "", *(line(name, value) for name, value in names.items()), ""]
        if title == "Write your own":
            lines += ["The types of fields and arguments, in `warmup_jax.fields`:", "", *_kinds(), ""]
    return "\n".join(lines)


def _kinds() -> list[str]:
    annotated = {name: value for name, value in vars(fields).items() if typing.get_origin(value) is typing.Annotated}
    kinds = {name: fields.kind_of(value) for name, value in annotated.items()}
    rows = [f"| `{name}` | {kind.words} |" for name, kind in kinds.items() if kind]
    return ["| type | what it may be |", "|---|---|", *rows]


def page(title: str, name: str, value: typing.Any) -> str:
    """The page of a name, whose text is its docstring and those of its methods, with a way back to its group.

    It is in no table of contents: the side bar would have more than 200 lines.
    """
    anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    back = f"In [{title}](index.md#{anchor})."
    kind, methods = ("class", _methods(value)) if inspect.isclass(value) else ("function", [])
    text = _described(kind, f"{name}{docstrings.signature(value)}", value, methods)
    return f"---\norphan: true\n---\n\n# {name.removeprefix('warmup_jax.')}\n\n{back}\n\n{text}"


def _methods(value: type) -> list[str]:
    """What a class has of its own, with a docstring."""
    found = []
    for name, member in vars(value).items():
        if (name.startswith("_") and name != "__call__") or not member.__doc__:
            continue
        if isinstance(member, property):
            found.append(_described("property", name, member))
        elif isinstance(member, classmethod | types.FunctionType):
            kind = "classmethod" if isinstance(member, classmethod) else "method"
            found.append(_described(kind, f"{name}{docstrings.signature(getattr(value, name))}", member))
    return found


def _described(kind: str, signature: str, value: typing.Any, inner: typing.Sequence[str] = ()) -> str:
    fence = "::::" if inner else ":::"
    return "\n".join([f"{fence}{{py:{kind}}} {signature}", "", docstrings.markdown(value), *inner, fence, ""])


def pages() -> dict[str, str]:
    found = {"api/index.md": overview()}
    for title, names in grouped().items():
        found |= {f"api/{name}.md": page(title, name, value) for name, value in names.items()}
    return found

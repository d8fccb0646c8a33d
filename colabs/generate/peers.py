"""A page for each library that one may come from, out of the docstrings and the examples of its part of `compat`."""

import ast
import doctest
import inspect
import re
import typing

from colabs.generate import api, docstrings
from warmup_jax import Schedule

PEERS = {
    "optax": "Optax",
    "transformers": "Hugging Face",
    "pytorch": "PyTorch",
    "keras": "Keras",
    "timm": "timm",
    "pytorch_warmup": "pytorch-warmup",
}
_HOW = """Below, each of their names is called as it is called there. What it prints is the expression of this library
that has the same rates: keep the call, or take the expression. The page behind a name has its arguments and says where
a rate differs."""


def pages() -> dict[str, str]:
    return {f"from_{name}.md": page(name, title) for name, title in PEERS.items()}


def page(name: str, title: str) -> str:
    module = api.module(f"compat.{name}")
    lines = [f"# Coming from {title}", "", docstrings.markdown(module), "## Their names", "", _HOW, ""]
    others = []
    for full, value in api.grouped()[f"Coming from {title}"].items():
        shown = example(value)
        if shown is None:
            others.append(api.line(full, value, "api/"))
        else:
            call, result = shown
            short = full.removeprefix("warmup_jax.compat.")
            lines += [f"### [`{short}`](api/{full}.md)", "", docstrings.sentence(value), ""]
            lines += ["```pycon", f">>> {call}", result, "```", ""]
    return "\n".join([*lines, "## Back and forth", "", *others, ""] if others else lines)


def example(value: typing.Any) -> tuple[str, str] | None:
    """The first call of a function in the example of its docstring, with what it needs, and the schedule it makes."""
    names: dict[str, typing.Any] = dict(vars(inspect.getmodule(value) or object))
    needed: list[str] = []
    for each in doctest.DocTestParser().get_examples(value.__doc__ or ""):
        tree = ast.parse(each.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == value.__name__:
                call = ast.unparse(node)
                made = eval(call, names)
                return ("\n>>> ".join([*needed, call]), _shown(made)) if isinstance(made, Schedule) else None
        exec(each.source, names)
        needed += [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    return None


def _shown(schedule: Schedule) -> str:
    """Its expression; a function is shown by its name, without an address that differs from build to build."""
    return re.sub(r"<function (\S+) at 0x\w+>", r"\1", repr(schedule))

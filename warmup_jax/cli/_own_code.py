"""Modules and functions of the user's own, by the name of a module or of a file, and the `--import` of them."""

import importlib
import pathlib
import re
import sys
import traceback
import types
import typing

import rich_click as click

from warmup_jax import _checks, _words

_IMPORTED = "warmup_jax.imported"  # in the `meta` of the context, which a command shares with its group


def module_of(option: str, place: str) -> types.ModuleType:
    """The module that an option names, such as `mine`, which is in this folder or installed, or `folder/mine.py`."""
    folder, name = "", place
    if place.endswith(".py"):
        path = pathlib.Path(place)
        folder, name = str(path.parent.absolute()), path.stem
        if not path.is_file():
            raise ValueError(f"{option}: there is no file {_words.name(place)}")
    sys.path.insert(0, folder)  # the empty one is the folder in which the command runs
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ValueError(
                f"{option}: {_words.name(place)} needs a module that is not installed, {error.name}"
            ) from None
        raise ValueError(f"{option}: there is no module {_words.value(name)} in this folder or installed") from None
    except Exception as error:
        traceback.print_exc()  # the lines that raise it, which an error in one line does not have
        raise ValueError(f"{option}: {_words.name(place)} raised {type(error).__name__}: {error}") from None
    if folder and not pathlib.Path(getattr(module, "__file__", None) or "").samefile(place):
        raise ValueError(f"{option}: {_words.name(place)} has the name of another module, {name}: rename it")
    if context := click.get_current_context(silent=True):
        context.meta.setdefault(_IMPORTED, {})[place] = module
    return module


def function_of(option: str, name: str) -> typing.Callable[..., typing.Any]:
    """The function or class that `module:function` names."""
    place, colon, function = name.rpartition(":")
    if not (colon and place and function):
        raise ValueError(
            f"{option} must be MODULE:FUNCTION, such as mine:train or mine.py:train; got {_words.value(name)}"
        )
    module = module_of(option, place)
    found = getattr(module, function, None)
    if not callable(found):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ValueError(
            f"{option}: {_words.name(place)} has no function {_words.value(function)}."
            f"{_checks.nearest(function, names)}"
        )
    return found


def imports_for(text: str) -> list[str]:
    """The modules that define what the text of a schedule names, as this command was given them."""
    import warmup_jax as wj

    context = click.get_current_context(silent=True)
    own = set(re.findall(r"[A-Za-z_]\w*", text)) - set(vars(wj))
    imported = context.meta.get(_IMPORTED, {}) if context else {}
    return [place for place, module in imported.items() if own & set(vars(module))]

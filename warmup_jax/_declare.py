"""What a class of schedules becomes by being defined: its constructor checks, and JAX knows it as a pytree."""

import dataclasses
import functools
import inspect
import operator
import typing

import jax

from warmup_jax import _calls, _kinds, _numbers, _showing

# What `jax.jit` gives to what it wraps, into which it also copies the fields of a schedule.
_OF_JIT = ("lower", "trace", "eval_shape", "clear_cache")


def refuse_names(cls: type, parent: type) -> None:
    """Names that a field must not take, and methods that nobody overrides."""
    taken = {name for name in dir(parent) if not name.startswith("_")} | set(_OF_JIT)
    for name in cls.__dict__.get("__annotations__", ()):
        if name in taken:
            whose = "`jax.jit` gives it to what it wraps" if name in _OF_JIT else "it is a method of every schedule"
            raise TypeError(f"`{cls.__name__}.{name}` cannot be a field: {whose}. Give it another name.")
    for name in ("at", "__call__"):
        if name in cls.__dict__:
            raise TypeError(f"`{cls.__name__}.{name}` must stay as it is: define `evaluate(self, time)` instead.")


def check_when_made(cls: type, own: bool) -> None:
    """Let the constructor of `cls` check its arguments by their annotations, and what must hold between them.

    With an `__init__` of its `own`, or an inherited one, its fields are checked after it as well.
    """
    made = getattr(cls.__init__, "__wrapped__", cls.__init__)
    known: list[_calls.Arguments] = []

    @functools.wraps(made)
    def __init__(self, *positional, **named):
        if not known:
            known.append(_late_arguments_of(cls, made, own))
        try:
            made(self, *known[0].check(positional, named), **named)
        except (TypeError, ValueError):
            known[0].explain(positional, named)  # a call that cannot be meant is answered first
            raise
        if type(self) is cls:
            if own:
                _check_fields(self)
            _check_conditions(self)

    setattr(__init__, "own", own)
    setattr(cls, "__init__", __init__)
    try:
        known.append(_arguments_of(cls, made, own))
    except NameError:
        return  # an annotation that cannot be resolved yet: at the first construction
    cls.__doc__ = _kinds.documented(cls.__doc__, known[0].words())


def _arguments_of(cls: type, made: typing.Callable[..., None], own: bool) -> _calls.Arguments:
    parameters = list(inspect.signature(made).parameters.values())[1:]
    fields = class_kinds(cls)
    return _calls.Arguments(cls.__name__, parameters, _kinds.kinds_of(made) if own else fields)


def _late_arguments_of(cls: type, made: typing.Callable[..., None], own: bool) -> _calls.Arguments:
    try:
        return _arguments_of(cls, made, own)
    except NameError as error:
        raise TypeError(
            f"`{cls.__name__}` has an annotation that cannot be resolved: {error}. Define or import it at the top "
            "level of the module, before the first one is made."
        ) from None


@functools.cache
def class_kinds(cls: type) -> dict[str, _kinds.Kind]:
    """The kinds of the fields of a class, by name."""
    return _kinds.kinds_of(cls)


def derived_classes(parent: type) -> typing.Iterator[type]:
    """Every class that was derived from `parent`, the subclasses of each behind it."""
    for cls in parent.__subclasses__():
        yield cls
        yield from derived_classes(cls)


def argument_kinds(maker: typing.Callable[..., typing.Any]) -> dict[str, _kinds.Kind]:
    """The kinds of the arguments of a class of schedules, or of a function that makes one, by name."""
    if not isinstance(maker, type):
        return _kinds.kinds_of(maker)
    made = typing.cast(typing.Any, maker).__init__
    return _kinds.kinds_of(made.__wrapped__) if made.own else class_kinds(maker)


def _check_fields(schedule: typing.Any) -> None:
    for name, kind in class_kinds(type(schedule)).items():
        value = kind.check(f"{type(schedule).__name__}({name}=...)", getattr(schedule, name))
        object.__setattr__(schedule, name, value)


def _check_conditions(schedule: typing.Any) -> None:
    name = type(schedule).__name__
    if not hasattr(schedule, "steps"):
        raise TypeError(
            f"`{name}` must say how long it is: give it a field `steps: warmup_jax.fields.Steps` or a property "
            "`steps`; None is without end."
        )
    for holds, names, words, mend, came in schedule.conditions():
        if holds is True or isinstance(holds, jax.Array) or holds:
            continue
        asked = ", ".join(f"{argument}=..." for argument in names) or "..."
        given = " and ".join(_showing.show(getattr(schedule, argument)) for argument in names if not came)
        came = came or given or f"{schedule.steps}"
        raise ValueError(f"`{name}({asked})` must be {words}; got {came}. {mend}")
    if schedule.steps is not None:
        _LENGTH.check(f"{name}.steps", schedule.steps)
    vars(schedule).setdefault("steps", schedule.steps)  # once: what is around it asks again, at every level


_LENGTH = _numbers.WholeNumber(of="steps")


def register(cls: type) -> None:
    """Register `cls` as a pytree with key paths. Rebuilding one from its children checks nothing, since
    JAX puts tracers, arrays and placeholders there.
    """
    fields = dataclasses.fields(typing.cast(typing.Any, cls))
    static = [field.name for field in fields if field.metadata.get("static")]
    names = [field.name for field in fields if not field.metadata.get("static")]
    keys = [jax.tree_util.GetAttrKey(name) for name in names]
    children, constants = _getter(names), _getter(static)

    def flatten(schedule):
        return children(schedule), constants(schedule)

    def flatten_with_keys(schedule):
        return tuple(zip(keys, children(schedule), strict=True)), constants(schedule)

    def unflatten(constants, children):
        schedule = object.__new__(cls)
        for name, value in zip([*names, *static], [*children, *constants], strict=True):
            object.__setattr__(schedule, name, value)
        return schedule

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _getter(names: list[str]):
    """A fast function from an object to the tuple of its attributes `names`."""
    if not names:
        return lambda owner: ()
    if len(names) == 1:
        return lambda owner, name=names[0]: (getattr(owner, name),)
    return operator.attrgetter(*names)

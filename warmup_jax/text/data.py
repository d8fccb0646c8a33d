"""Schedule <-> plain dicts and lists."""

import typing

from warmup_jax import _checks, _words
from warmup_jax._schedule import Schedule
from warmup_jax.text import _building, _nodes, _reading
from warmup_jax.text._nodes import Argument, Call, Literal, Node, Path, Table
from warmup_jax.units import Run

VERSION = 1
_KEYS = ("version", "schedule", "run")


def to_dict(schedule: Schedule) -> dict[str, typing.Any]:
    """A schedule as plain data, for JSON and the like: dicts, lists, floats, ints, texts and None.

    Each schedule is a dict of its arguments with its class under `"type"`: what its `repr` says, in another form.

    Args:
        schedule: any `Schedule` that holds no callable.

    Returns:
        A dict `{"version": 1, "schedule": {"type": ..., ...}}`, from which `from_dict` makes an equal schedule.

    Raises:
        TypeError: for something else than a `Schedule`, or one that holds traced numbers.
        ValueError: for a schedule that would not read back equal, such as one that holds a callable.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import text
        >>> text.to_dict(wj.Linear(0.0, 1.0, steps=100))
        {'version': 1, 'schedule': {'type': 'Linear', 'start': 0.0, 'stop': 1.0, 'steps': 100}}
    """
    _, node = checked_text("to_dict(schedule)", schedule)
    data = {"version": VERSION, "schedule": _as_data(node, _building.known_names())}
    if from_dict(data) != schedule:
        raise ValueError(f"`to_dict(schedule)` must read back equal; this one does not: {schedule!r}.")
    return data


def from_dict(data: dict[str, typing.Any], run: Run | None = None) -> Schedule:
    """The schedule that plain data means: what `to_dict` gives, or recipes with durations.

    Args:
        data: a dict `{"version": 1, "schedule": {"type": name, ...}}` with the arguments of each schedule by name;
            `type` is any name that `parse` knows, `shape` the name of one. An optional dict `"run"` beside `schedule`
            holds the arguments of `Run`, for durations such as `"3 epochs"`. At most 100 levels deep, with at most
            50_000 values and 10_000 schedules.
        run: a `Run` for the durations; where the data holds one too, both must be equal.

    Returns:
        A `Schedule`.

    Raises:
        ValueError, TypeError: with the path of the place, such as `schedule.stages[1].steps`.

    Example:
        >>> from warmup_jax import text
        >>> recipe = {"type": "warmup_cosine", "peak": 3e-4, "warmup": "3 epochs", "total": "39 epochs"}
        >>> run = {"total": "39 epochs", "steps_per_epoch": 120}
        >>> text.from_dict({"version": 1, "run": run, "schedule": recipe})
        Join(Linear(start=0.0, stop=0.0003, steps=360), Cosine(start=0.0003, stop=0.0, steps=4320))
    """
    own = run_of(data)
    if run is not None and own is not None and run != own:
        raise ValueError(f"`run` is {run!r}, but the data holds another: {own!r}. Give one of them.")
    return _building.build(*_read(data["schedule"], "schedule"), own if run is None else run)


def run_of(data: dict[str, typing.Any]) -> Run | None:
    """The run in the data of `from_dict`, or None."""
    if not isinstance(data, dict):
        raise TypeError(f"the data of a schedule must be a dict; got a {type(data).__name__}.")
    for key in data:
        if key not in _KEYS:
            raise ValueError(f"{_key(key)}: not one of {', '.join(_KEYS)}.{_checks.nearest(key, _KEYS)}")
    for key in _KEYS[:2]:
        if key not in data:
            hint = f" Write {VERSION}, the only version known." if key == "version" else ""
            raise ValueError(f"`{key}` is missing.{hint}")
    if type(data["version"]) is not int or data["version"] != VERSION:
        raise ValueError(f"version: must be {VERSION}, the only version known; {_checks.came(data['version'])}.")
    if data.get("run") is None:
        return None
    if isinstance(data["run"], dict) and "type" in data["run"]:
        raise ValueError("run.type: a run has no type.")
    return _building.build_run(*_read(data["run"], "run", "Run"))


def in_words(node: typing.Any) -> str:
    """Data that has been read as the text that says the same."""
    match node:
        case {"type": name, **arguments}:
            maker = _building.known_names()[name]
            several = arguments.pop(_building.variadic(maker) or "", [])
            named = [f"{key}={value if key == 'shape' else in_words(value)}" for key, value in arguments.items()]
            return f"{name}({', '.join([*map(in_words, several), *named])})"
        case list():
            return f"[{', '.join(map(in_words, node))}]"
    return repr(node)


def run_as_data(run: Run) -> dict[str, typing.Any]:
    """The arguments that make the run."""
    data = _as_data(_reading.read(repr(run))[1], {"Run": Run})
    return {key: value for key, value in data.items() if key != "type"}


def checked_text(caller: str, schedule: Schedule) -> tuple[str, Node]:
    """What a schedule prints as and the tree of it, if that means an equal schedule."""
    if not isinstance(schedule, Schedule):
        raise TypeError(f"`{caller}` must be a Schedule; {_checks.came(schedule)}.")
    try:
        text = repr(schedule)
    except RecursionError:
        raise ValueError(
            f"`{caller}` is nested too deeply: at most {_nodes.MAX_DEPTH} levels can be written."
        ) from None
    try:
        source, node = _reading.read(text)
        if _building.build(source, node, None) == schedule:
            return text, node
        why = "Its text means another schedule."
    except (ValueError, TypeError) as error:
        why = f"Its text does not read back: {error}"
    raise ValueError(
        f"`{caller}` must hold numbers and other schedules alone, no callable; got {_words.phrase(text, 200)}. {why}"
    )


def _read(value, key: str, name: str | None = None) -> tuple[_nodes.Source, Node]:
    source, path = _nodes.Data(), Path(None, key)
    try:
        return source, _Reader(source).node(value, path, 0, name)
    except RecursionError:  # of a caller that is deep in calls itself
        raise source.too_deep(path) from None


class _Reader:
    """Plain data -> tree."""

    def __init__(self, source: _nodes.Data):
        self.source = source
        self.known = _building.known_names()

    def node(self, value, path: Path, depth: int, name: str | None = None) -> Node:
        """The tree of a value; a dict is a call of `name` or of what it has under "type"."""
        if depth > _nodes.MAX_DEPTH:  # also a dict that holds itself
            raise self.source.too_deep(path)
        if isinstance(value, dict):
            return self.source.checked(self._call(value, path, depth, name))
        if name is not None:
            raise self.source.error(path, f"must be a table of arguments; {_checks.came(value)}.", TypeError)
        if isinstance(value, (list, tuple)):
            items = tuple(self.node(item, Path(path, k), depth + 1) for k, item in enumerate(value))
            return self.source.checked(Table(items, path, depth))
        if value is None or isinstance(value, (bool, int, float, str)):
            return self.source.checked(Literal(value, path))
        raise self.source.error(
            path, f"must be a number, a text, a list, a dict or None; {_checks.came(value)}.", TypeError
        )

    def _call(self, value: dict, path: Path, depth: int, name: str | None) -> Call:
        if name is None:
            if "type" not in value:
                raise self.source.error(path, 'a schedule needs its name under "type"' + self._nearest_to_type(value))
            name = value["type"]
            if not isinstance(name, str):
                raise self.source.error(
                    Path(path, ".type"), f"must be the name of a schedule; {_checks.came(name)}.", TypeError
                )
        several = _building.variadic(self.known.get(name))
        arguments = []
        for key, inner in value.items():
            if key == "type":
                continue
            place = Path(path, _key(key, "."))
            if not isinstance(key, str):
                raise self.source.error(place, f"a key must be text; {_checks.came(key)}.", TypeError)
            if key != several:
                arguments.append(Argument(key, self.node(inner, place, depth + 1), place))
            elif isinstance(inner, (list, tuple)):
                nodes = [self.node(item, Path(place, k), depth + 1) for k, item in enumerate(inner)]
                arguments += [Argument(None, node, node.place) for node in nodes]
            else:
                raise self.source.error(place, f"must be a list; {_checks.came(inner)}.", TypeError)
        return Call(name, tuple(arguments), path, depth)

    @staticmethod
    def _nearest_to_type(value: dict) -> str:
        near = next((key for key in value if isinstance(key, str) and _checks.nearest(key, ["type"])), None)
        return f"; it has {near!r}." if near else "."


def _key(key, dot: str = "") -> str:
    """A key as a part of a path."""
    return f"{dot}{key}" if isinstance(key, str) and key.isidentifier() and len(key) < 50 else f"[{_words.value(key)}]"


def _as_data(node: Node, known: typing.Mapping[str, typing.Callable]) -> typing.Any:
    """Tree -> plain data, for a tree of what a schedule or a run prints as."""
    match node:
        case Table(items=items):
            return [_as_data(item, known) for item in items]
        case Call(name=name):
            bound = _building.bind(_nodes.Data(), node, known[name])
            data = {key: _as_data(argument.node, known) for key, argument in bound.named.items()}
            if bound.several_name:
                data[bound.several_name] = [_as_data(item, known) for item in bound.several]
            return {"type": name} | data
        case Literal(value=value):
            return value
    raise ValueError("only calls with numbers in them can be written as data.")  # the text of a class with its own repr

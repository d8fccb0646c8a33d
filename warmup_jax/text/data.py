"""Schedule <-> plain dicts and lists."""

import typing

from warmup_jax import _checks, _words
from warmup_jax._schedule import Schedule
from warmup_jax.text import _building, _nodes, _reading
from warmup_jax.text._nodes import Argument, Call, Literal, Node, Path, Table
from warmup_jax.units import Run

VERSION = 1
_KEYS = ("version", "schedule", "run")
# Hydra's words: a dotted path, how its arguments are handed over, and those by position.
_TARGET, _HOW, _BY_POSITION = "_target_", ("_convert_", "_recursive_"), "_args_"


def to_dict(schedule: Schedule) -> dict[str, typing.Any]:
    """A schedule as plain data, for JSON and the like: dicts, lists, floats, ints, texts and None.

    Each schedule is a dict of its arguments with its class under `"type"`: what its `repr` says, in another form.
    Several schedules side by side, such as the stages of a `Join`, are a dict by their number, `{"0": ..., "1": ...}`:
    a `ml_collections.FrozenConfigDict` holds no dict in a list, and `schedule.stages.1.stop=1e-5` on the command line
    of Hydra or OmegaConf reaches into dicts only.

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
        >>> schedule = wj.join(wj.Linear(0.0, 1.0, steps=100), wj.Constant(1.0))
        >>> text.to_dict(schedule)["schedule"]["stages"]["1"]
        {'type': 'Constant', 'value': 1.0, 'steps': None}
    """
    data = {"version": VERSION, "schedule": _by_number(as_data("to_dict(schedule)", schedule))}
    if from_dict(data) != schedule:
        raise ValueError(f"`to_dict(schedule)` must read back equal; this one does not: {schedule!r}.")
    return data


def from_dict(data: typing.Mapping[str, typing.Any], run: Run | None = None) -> Schedule:
    """The schedule that plain data means: what `to_dict` gives, or recipes with durations.

    Any mapping is a dict here and any sequence a list, so that the configs of OmegaConf, Hydra and `ml_collections` are
    read as they are. So is Hydra's `_target_: warmup_jax.Cosine` in place of `type`, with `_args_`. (Its own
    `hydra.utils.instantiate` needs `_convert_="all"` where schedules stand in a list; or instantiate
    `_target_: warmup_jax.text.from_dict` with `data` of this form and a `run`.)

    Args:
        data: a dict `{"type": name, ...}` with the arguments of each schedule by name; `type` is any name that `parse`
            knows, `shape` the name of one. Schedules side by side, such as the `stages` of a `join`, are a list, or a
            dict with the keys 0, 1, 2, and so on. Or a dict `{"version": 1, "schedule": {"type": name, ...}}`, in
            which an optional dict `"run"` holds the arguments of `Run`, for durations such as `"3 epochs"`. At most
            100 levels deep, with at most 50_000 values and 10_000 schedules.
        run: a `Run` for the durations; where the data holds one too, both must be equal. `"360 steps"` needs none.

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
        >>> text.from_dict({"_target_": "warmup_jax.Linear", "start": 0.0, "stop": 1.0, "steps": "360 steps"})
        Linear(start=0.0, stop=1.0, steps=360)
    """
    own = run_of(data)
    if run is not None and own is not None and run != own:
        raise ValueError(f"`run` is {run!r}, but the data holds another: {own!r}. Give one of them.")
    return _building.build(*_read_schedule(data), own if run is None else run)


def run_of(data: typing.Mapping[str, typing.Any]) -> Run | None:
    """The run in the data of `from_dict`, or None."""
    if not _checks.is_mapping(data):
        raise TypeError(f"the data of a schedule must be a dict; got a {type(data).__name__}.")
    if _name_key(data):
        return None
    for key in data:
        if key not in _KEYS:
            known = f'not one of {", ".join(_KEYS)}, and without a "type" this is no schedule'
            convert = " The config of a trainer is read by `warmup-jax convert` and `trainers.from_config`."
            raise ValueError(f"{_key(key)}: {known}.{_checks.nearest(key, (*_KEYS, 'type')) or convert}")
    for key in _KEYS[:2]:
        if key not in data:
            hint = f" Write {VERSION}, the only version known." if key == "version" else ""
            raise ValueError(f"`{key}` is missing.{hint}")
    if type(data["version"]) is not int or data["version"] != VERSION:
        raise ValueError(f"version: must be {VERSION}, the only version known; {_checks.came(data['version'])}.")
    if data.get("run") is None:
        return None
    if _checks.is_mapping(data["run"]) and "type" in data["run"]:
        raise ValueError("run.type: a run has no type.")
    return _building.build_run(*_read(data["run"], "run", "Run"))


def in_words(data: typing.Mapping[str, typing.Any]) -> str:
    """The text that says the same as data that has been read."""
    return _as_text(_read_schedule(data)[1])


def as_data(caller: str, schedule: Schedule) -> typing.Any:
    """A schedule as dicts and lists."""
    return _as_data(checked_text(caller, schedule)[1], _building.known_names())


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


def _read_schedule(data: typing.Mapping[str, typing.Any]) -> tuple[_nodes.Source, Node]:
    return _read(data if _name_key(data) else data["schedule"], "schedule")


def _name_key(table: typing.Mapping[str, typing.Any]) -> str | None:
    """The key under which a table has the name of a schedule; None for a table that is none."""
    return next((key for key in ("type", _TARGET) if key in table), None)


def _read(value, key: str, name: str | None = None) -> tuple[_nodes.Source, Node]:
    source, path = _nodes.Data(), Path(None, key)
    try:
        return source, _Reader(source).node(value, path, 0, name)
    except RecursionError:  # of a caller that is deep in calls itself
        raise source.too_deep(path) from None


def _listed(values: typing.Any) -> typing.Iterable | None:
    """The values of a list, or of a dict with the keys 0, 1, 2, and so on in any order; None for anything else."""
    if _checks.is_sequence(values):
        return values
    if not _checks.is_mapping(values) or not len(values):
        return None

    def key_of(number: int) -> int | str:
        return str(number) if str(number) in values else number

    numbers = range(min(len(values), _nodes.MAX_VALUES + 1))  # with the last one there is too much to read
    return (values[key_of(k)] for k in numbers) if all(key_of(k) in values for k in numbers) else None


class _Reader:
    """Plain data -> tree."""

    def __init__(self, source: _nodes.Data):
        self.source = source
        self.known = _building.known_names()

    def node(self, value, path: Path, depth: int, name: str | None = None) -> Node:
        """The tree of a value; a dict is a call of `name` or of what it has under "type"."""
        if depth > _nodes.MAX_DEPTH:  # also a dict that holds itself
            raise self.source.too_deep(path)
        if name is None and (items := _listed(value)) is not None:
            return self.source.checked(Table(tuple(self._nodes(items, path, depth)), path, depth))
        if _checks.is_mapping(value):
            return self.source.checked(self._call(value, path, depth, name))
        if name is not None:
            raise self.source.error(path, f"must be a table of arguments; {_checks.came(value)}.", TypeError)
        if value is None or isinstance(value, (bool, int, float, str)):
            return self.source.checked(Literal(value, path))
        raise self.source.error(
            path, f"must be a number, a text, a list, a dict or None; {_checks.came(value)}.", TypeError
        )

    def _nodes(self, items: typing.Iterable, path: Path, depth: int) -> typing.Iterator[Node]:
        return (self.node(item, Path(path, k), depth + 1) for k, item in enumerate(items))

    def _call(self, value: typing.Mapping, path: Path, depth: int, name: str | None) -> Call:
        name_key = None if name else _name_key(value)
        name = name or self._name(value, name_key, path)
        by_position = (_building.variadic(self.known.get(name)), _BY_POSITION)
        arguments = []
        for key, inner in value.items():
            if key == name_key or key in _HOW:
                continue
            place = Path(path, _key(key, "."))
            if not isinstance(key, str):
                raise self.source.error(place, f"a key must be text; {_checks.came(key)}.", TypeError)
            if key in by_position:
                arguments += [Argument(None, node, node.place) for node in self._several(inner, place, depth)]
            else:
                arguments.append(Argument(key, self.node(inner, place, depth + 1), place))
        return Call(name, tuple(arguments), path, depth)

    def _several(self, values, path: Path, depth: int) -> typing.Iterator[Node]:
        items = _listed(values)
        if items is None and _checks.is_mapping(values):
            raise self.source.error(path, "must be a list, or a dict with the keys 0, 1, 2, and so on.")
        if items is None:
            raise self.source.error(path, f"must be a list; {_checks.came(values)}.", TypeError)
        return self._nodes(items, path, depth)

    def _name(self, table: typing.Mapping, key: str | None, path: Path) -> str:
        """What a table has under "type", or the last part of its `_target_`."""
        if key is None:
            raise self.source.error(path, 'a schedule needs its name under "type"' + self._nearest_to_type(table))
        name, path = table[key], Path(path, f".{key}")
        if not isinstance(name, str):
            raise self.source.error(path, f"must be the name of a schedule; {_checks.came(name)}.", TypeError)
        if key == "type":
            return name
        package, _, last = name.rpartition(".")
        maker = self.known.get(last)
        if package == "warmup_jax" or (maker is not None and name == f"{maker.__module__}.{maker.__qualname__}"):
            return last
        raise self.source.error(
            path, f"must be the path of a schedule, such as 'warmup_jax.Linear'; got {_words.value(name)}."
        )

    @staticmethod
    def _nearest_to_type(value: typing.Mapping) -> str:
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


def _by_number(value: typing.Any) -> typing.Any:
    """Data with each list of dicts as a dict by number."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return {str(number): _by_number(item) for number, item in enumerate(value)}
    return {key: _by_number(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _as_text(node: Node) -> str:
    """Tree -> text."""
    match node:
        case Call(name=name, arguments=arguments):
            by_position_first = sorted(arguments, key=lambda argument: argument.name is not None)
            return f"{name}({', '.join(map(_argument_as_text, by_position_first))})"
        case Table(items=items):
            return f"[{', '.join(map(_as_text, items))}]"
        case Literal(value=value):
            return repr(value)
    raise AssertionError(node)


def _argument_as_text(argument: Argument) -> str:
    if argument.name == "shape" and isinstance(argument.node, Literal):
        return f"shape={argument.node.value}"
    return f"{argument.name}={_as_text(argument.node)}" if argument.name else _as_text(argument.node)

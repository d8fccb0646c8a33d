"""Schedules in the configs of other libraries, without those libraries: `tests/compare_with_configs.py` asks them."""

import collections
import collections.abc
import contextlib
import json
import time
import types

import jax.numpy as jnp
import optax
import pytest

import warmup_jax as wj
from tests import catalog
from tests.test_text import RUN, SUFFIXES, Later, Wave
from warmup_jax import text
from warmup_jax.compat import transformers
from warmup_jax.compat.optax import piecewise_constant_schedule
from warmup_jax.text import files
from warmup_jax.transform import grouped

ROWS = [pytest.param(row.schedule, id=row.name) for row in catalog.ROWS if row.is_text]


class Fixed(collections.abc.Mapping):
    """A mapping that is no dict."""

    def __init__(self, table):
        self.table = dict(table)

    def __getitem__(self, key):
        return self.table[key]

    def __iter__(self):
        return iter(self.table)

    def __len__(self):
        return len(self.table)


class Sorted:
    """What `ml_collections.ConfigDict` is: no `Mapping`, with its keys in the order of the alphabet."""

    def __init__(self, table):
        self.table = dict(table)

    def __getitem__(self, key):
        return self.table[key]

    def __contains__(self, key):
        return key in self.table

    def __len__(self):
        return len(self.table)

    def __iter__(self):
        return iter(self.keys())

    def keys(self):
        return sorted(self.table)

    def items(self):
        return [(key, self.table[key]) for key in self.keys()]

    def get(self, key, default=None):
        return self.table.get(key, default)


class Several(collections.abc.Sequence):
    """A sequence that is neither a list nor a tuple."""

    def __init__(self, values):
        self.values = list(values)

    def __getitem__(self, position):
        return self.values[position]

    def __len__(self):
        return len(self.values)


MAPPINGS = [Fixed, Sorted, types.MappingProxyType, collections.UserDict, collections.OrderedDict]
SEQUENCES = [Several, tuple, collections.UserList, collections.deque]


def made_of(mapping, sequence, data):
    """Plain data with every dict and every list of other classes."""
    if isinstance(data, dict):
        return mapping({key: made_of(mapping, sequence, value) for key, value in data.items()})
    return sequence([made_of(mapping, sequence, value) for value in data]) if isinstance(data, list) else data


# Any mapping, any sequence.


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("schedule", ROWS)
def test_every_schedule_reads_back_from_any_mapping(mapping, schedule):
    assert text.from_dict(made_of(mapping, tuple, text.to_dict(schedule))) == schedule


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_recipes_lists_and_runs_of_any_class(mapping, sequence):
    stages = [
        {"type": "warmup_cosine", "peak": 3e-4, "warmup": "3 epochs", "total": "39 epochs"},
        {"type": "PiecewiseLinear", "points": [[0, 1.0], ["1 epoch", 0.1]]},
        {"type": "PiecewiseConstant", "boundaries": ["1 epoch", 500], "values": [1.0, 0.1, 0.01]},
    ]
    run = {"total": "39 epochs", "steps_per_epoch": 120}
    data = {"version": 1, "run": run, "schedule": {"type": "Sum", "schedules": stages}}
    assert text.from_dict(made_of(mapping, sequence, data)) == wj.Sum(
        wj.warmup_cosine(peak=3e-4, warmup=360, total=4680),
        wj.PiecewiseLinear([(0, 1.0), (120, 0.1)]),
        wj.PiecewiseConstant([120, 500], [1.0, 0.1, 0.01]),
    )


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_constructors_read_any_sequence(sequence):
    assert wj.PiecewiseConstant(sequence([30, 60]), sequence([1.0, 0.1, 0.01])) == wj.PiecewiseConstant(
        [30, 60], [1.0, 0.1, 0.01]
    )
    pairs = sequence([sequence([0, 0.0]), sequence([5, 1.0])])
    assert wj.PiecewiseLinear(pairs) == wj.PiecewiseLinear([(0, 0.0), (5, 1.0)])
    assert wj.multi_step(peak=1.0, boundaries=sequence([3, 5]), factor=0.5).values.tolist() == [1.0, 0.5, 0.25]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_functions_read_any_mapping(mapping):
    ours = piecewise_constant_schedule(1.0, mapping({30: 0.1, 60: 0.5}))
    theirs = optax.piecewise_constant_schedule(1.0, {30: 0.1, 60: 0.5})
    for step in (29, 30, 59, 60, 1000):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-6)
    arguments = mapping({"lr_scheduler_type": "linear", "learning_rate": 1.0, "max_steps": 100, "warmup_steps": 10})
    assert transformers.from_trainer_args(arguments) == wj.warmup_linear(peak=1.0, warmup=10, total=100)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_groups_read_any_sequence(sequence):
    optimizers = {"new": optax.sgd(0.5), "old": optax.sgd(0.25)}
    optimizer = grouped(Fixed(optimizers), Sorted({"new": sequence(["head/*"]), "old": None}))
    params = {"head": {"kernel": 1.0}, "body": {"kernel": 1.0}}
    updates, _ = optimizer.update(params, optimizer.init(params), params)
    assert (updates["head"]["kernel"], updates["body"]["kernel"]) == (-0.5, -0.25)


def test_what_is_no_sequence_stays_an_error():
    for given in ({1, 2}, {3: 1}, {}.keys(), "35", b"35", iter([3, 5])):
        with pytest.raises(TypeError, match=r"must be whole steps in rising order, as a list, a tuple or a one-dim"):
            wj.PiecewiseConstant(given, [1.0, 0.1, 0.01])
        with pytest.raises(TypeError, match=r"`PiecewiseLinear\(points=...\)` must be pairs `\(step, value\)`"):
            wj.PiecewiseLinear(given)
    with pytest.raises(TypeError, match=r"must be pairs"):
        wj.PiecewiseLinear(["35", "36"])
    with pytest.raises(TypeError, match=r"takes its stages one by one; got a Several. Write `\*stages`."):
        wj.join(Several([1.0, 2.0]))


# What `to_dict` gives, for configs that freeze and for those that are overridden.


def frozen(value):
    """As `ml_collections.FrozenConfigDict` does it: lists become tuples, and a dict in one is refused."""
    if isinstance(value, dict):
        return Sorted({key: frozen(inner) for key, inner in value.items()})
    if isinstance(value, list):
        assert not any(isinstance(item, dict) for item in value), "a dict in a list"
        return tuple(map(frozen, value))
    return value


@pytest.mark.parametrize("schedule", ROWS)
def test_what_is_written_can_be_frozen(schedule):
    assert text.from_dict(frozen(text.to_dict(schedule))) == schedule
    assert text.from_dict(frozen(text.to_dict(wj.Sum(schedule, wj.Join(1.0))))) == wj.Sum(schedule, wj.Join(1.0))


def test_a_class_with_a_tuple_of_schedules_can_be_frozen():
    class Mixed(wj.Schedule):
        schedules: tuple[wj.Schedule, ...]
        steps: int = 5

        def evaluate(self, time):
            return sum((schedule.at(time) for schedule in self.schedules), jnp.float32(0.0))

    mixed = Mixed((wj.Constant(1.0), wj.Linear(0.0, 1.0, 5)))
    data = text.to_dict(mixed)
    assert data["schedule"]["schedules"]["1"]["type"] == "Linear"
    assert text.from_dict(frozen(data)) == mixed == text.parse(repr(mixed))


def test_by_number_the_order_is_that_of_the_numbers():
    stages = [wj.Linear(k / 100, (k + 1) / 100, 5) for k in range(12)]
    data = text.to_dict(wj.Join(*stages))
    numbered = data["schedule"]["stages"]
    assert list(Sorted(numbered).keys())[:4] == ["0", "1", "10", "11"], "this test asks nothing"
    assert text.from_dict(frozen(data)) == wj.Join(*stages)
    data["schedule"]["stages"] = {int(key): numbered[key] for key in reversed(numbered)}
    assert text.from_dict(data) == wj.Join(*stages)


def test_an_override_reaches_a_stage():
    data = text.to_dict(wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3)))
    data["schedule"]["stages"]["0"]["stop"] = 5e-4
    data["schedule"]["stages"]["1"] |= {"value": 1, "steps": "50 steps"}
    assert text.from_dict(data) == wj.join(wj.Linear(0.0, 5e-4, 100), wj.Constant(1.0, 50))


LINE = {"type": "Linear", "start": 0, "stop": 1, "steps": 5}


@pytest.mark.parametrize(
    "stages", [{"warmup": LINE, "decay": LINE}, {"1": LINE}, {"0": LINE, "2": LINE}, {"00": LINE}, {0.5: LINE}, {}]
)
def test_by_other_keys_there_is_no_order(stages):
    with pytest.raises(ValueError) as caught:
        text.from_dict({"type": "join", "stages": stages})
    assert str(caught.value) == "schedule.stages: must be a list, or a dict with the keys 0, 1, 2, and so on."


# A schedule by itself.


def test_a_schedule_needs_nothing_around_it():
    assert text.from_dict(LINE) == wj.Linear(0.0, 1.0, 5)
    recipe = {"type": "warmup_cosine", "peak": 3e-4, "warmup": "3 epochs", "total": "100%"}
    assert text.from_dict(recipe, RUN) == wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)
    with pytest.raises(ValueError, match="^schedule.warmup: '3 epochs' is a part of a run, which must be known"):
        text.from_dict(recipe)
    with pytest.raises(ValueError, match=r"^schedule.version: `Linear\(...\)` takes start, stop, steps and has no"):
        text.from_dict({**LINE, "version": 1})


ALONE = {
    ".json": json.dumps(LINE),
    ".yaml": "type: Linear\nstart: 0\nstop: 1e0\nsteps: 5 steps\n",
    ".toml": 'type = "Linear"\nstart = 0\nstop = 1.0\nsteps = 5\n',
}


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix.values[0] in ALONE])
def test_a_file_with_a_schedule_alone(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    path.write_text(ALONE[suffix])
    assert text.load(path) == wj.Linear(0.0, 1.0, 5) == text.parse(files.in_words(path))
    assert text.load_run(path) is None


def test_files_keep_lists(tmp_path):
    text.save(wj.Sum(1.0, 2.0), tmp_path / "a.json")
    assert type(json.loads((tmp_path / "a.json").read_text())["schedule"]["schedules"]) is list


# Hydra's words.


def target(name, **arguments):
    return {"_target_": f"warmup_jax.{name}", **arguments}


LINEAR, COSINE = target("Linear", start=0.0, stop=1.0, steps=10), target("Cosine", start=1.0, stop=0.0, steps=90)


@pytest.mark.parametrize(
    "data, wanted",
    [
        (LINEAR, wj.Linear(0.0, 1.0, 10)),
        ({"_target_": "warmup_jax.Linear", "_args_": [0.0, 1.0, 10]}, wj.Linear(0.0, 1.0, 10)),
        (target("join", _args_=[LINEAR, COSINE]), wj.join(wj.Linear(0.0, 1.0, 10), wj.Cosine(1.0, 0.0, 90))),
        (target("join", _args_={"0": LINEAR, "1": COSINE}, _convert_="all"),
         wj.join(wj.Linear(0.0, 1.0, 10), wj.Cosine(1.0, 0.0, 90))),
        (target("Scale", schedule=target("Maximum", _args_=[COSINE, 0.1], _recursive_=True), factor=0.5),
         wj.Maximum(wj.Cosine(1.0, 0.0, 90), 0.1) * 0.5),
        (target("Scale", _args_=[{"type": "Constant", "value": 1.0}], factor=0.5), wj.Constant(1.0) * 0.5),
        (target("warmup_cosine", peak=1.0, warmup="1 epoch", total="100%"),
         wj.warmup_cosine(peak=1.0, warmup=120, total=4680)),
        ({**COSINE, "_target_": "warmup_jax.stages.curves.Cosine"}, wj.Cosine(1.0, 0.0, 90)),
        (target("recipes.phases.wsd", peak=1, warmup=1, total=9, cooldown=3, shape="Cosine"),
         wj.wsd(peak=1.0, warmup=1, total=9, cooldown=3, shape=wj.Cosine)),
        ({"_target_": f"{Later.__module__}.Later", "schedule": LINEAR, "by": "1 epoch"},
         Later(wj.Linear(0.0, 1.0, 10), 120)),
    ],
)  # fmt: skip
def test_targets_are_read_like_types(data, wanted):
    for whole in (data, {"version": 1, "schedule": data}, made_of(Sorted, Several, data)):
        assert text.from_dict(whole, RUN) == wanted


@pytest.mark.parametrize(
    "data, kind, wanted",
    [
        ({**LINEAR, "_target_": "torch.nn.Linear"}, ValueError,
         "schedule._target_: must be the path of a schedule, such as 'warmup_jax.Linear'; got 'torch.nn.Linear'."),
        ({**LINEAR, "_target_": "Linear"}, ValueError, "schedule._target_: must be the path of a schedule"),
        ({**LINEAR, "_target_": "tests.elsewhere.Wave"}, ValueError, "schedule._target_: must be the path"),
        ({**LINEAR, "_target_": "os.system"}, ValueError, "schedule._target_: must be the path of a schedule"),
        ({**LINEAR, "_target_": "warmup_jax.Liner"}, ValueError, "schedule: unknown schedule 'Liner'. Did you mean 'L"),
        ({**LINEAR, "_target_": 3}, TypeError, "schedule._target_: must be the name of a schedule; got 3 (int)."),
        ({**LINEAR, "_partial_": True}, ValueError, "schedule._partial_: `Linear(...)` takes start, stop, steps and"),
        ({**LINEAR, "type": "Linear"}, ValueError, "schedule._target_: `Linear(...)` takes start, stop, steps and"),
        (target("join", _args_=3), TypeError, "schedule._args_: must be a list; got 3 (int)."),
        (target("Scale", schedule={"_target_": "optax.linear_schedule"}, factor=1.0), ValueError,
         "schedule.schedule._target_: must be the path of a schedule"),
    ],
)  # fmt: skip
def test_targets_that_are_no_schedules(data, kind, wanted):
    with pytest.raises(kind) as caught:
        text.from_dict(data)
    assert caught.type is kind and str(caught.value).startswith(wanted)


# Steps with their unit.


@pytest.mark.parametrize(
    "said, schedule",
    [
        ("Linear(0, 1, '360 steps')", wj.Linear(0.0, 1.0, 360)),
        ("Linear(0, 1, '1.5k updates')", wj.Linear(0.0, 1.0, 1500)),
        ("Constant(1, '1 step')", wj.Constant(1.0, 1)),
        ("Exponential(1, 0, '2_000 steps')", wj.Exponential(1.0, 0.0, 2000)),
        ("Shift(Constant(1), by='5 steps')", wj.Shift(wj.Constant(1.0), 5)),
        ("PiecewiseLinear([('3 steps', 1), (5, 0.5)])", wj.PiecewiseLinear([(3, 1.0), (5, 0.5)])),
        ("PiecewiseConstant(['3 steps'], [2, 1])", wj.PiecewiseConstant([3], [2.0, 1.0])),
        ("wsd(peak=1, warmup='5 steps', total='50 steps', cooldown='9 steps')",
         wj.wsd(peak=1.0, warmup=5, total=50, cooldown=9)),
        ("Wave(2, '7 steps')", Wave(2.0, 7)),
    ],
)  # fmt: skip
def test_steps_with_their_unit_need_no_run(said, schedule):
    assert text.parse(said) == schedule == text.parse(said, RUN)


@pytest.mark.parametrize("duration", ["1 epoch", "10%", "3 tokens", "5 examples", "4 micro-steps"])
def test_every_other_unit_needs_one(duration):
    with pytest.raises(ValueError, match="is a part of a run, which must be known: give `run=Run"):
        text.from_dict({**LINE, "steps": duration})


@pytest.mark.parametrize("duration", ["360", "steps", "-3 steps", "3 stepps", "3 m steps", "1e99 steps", ""])
def test_what_is_no_number_of_steps(duration):
    """As with a run: a text without a unit may come from a config whose field is a text."""
    with pytest.raises(ValueError) as without:
        text.from_dict({**LINE, "steps": duration})
    with pytest.raises(ValueError) as with_one:
        text.from_dict({**LINE, "steps": duration}, RUN)
    assert str(without.value) == str(with_one.value) and str(without.value).startswith("schedule.steps: `Run.steps(")


# Numbers that YAML 1.1 takes for texts.


@pytest.mark.parametrize(
    "said, meant",
    [("3e-4", "3.0e-4"), ("1e3", "1.0e+3"), ("-3E-4", "-3.0e-4"), ("+2e+5", "+2.0e+5"), ("3.0e4", "3.0e+4"),
     ("1.e5", "1.e+5")],
)  # fmt: skip
def test_the_cause_of_a_number_that_is_a_text(said, meant):
    cause = f" PyYAML, which reads YAML 1.1, makes a text of {said}: write {meant} there."
    for make in (
        lambda: wj.Linear(said, 1.0, 5),
        lambda: wj.PiecewiseConstant([5], [1.0, said]),
        lambda: wj.warmup_cosine(peak=said, warmup=5, total=50),
        lambda: wj.Maximum(wj.Constant(1.0), said),
        lambda: wj.Exponential(1.0, 0.0, said),
        lambda: text.from_dict({**LINE, "start": said}),
        lambda: text.from_dict({"type": "Exponential", "start": 1, "limit": 0, "timescale": said}),
        lambda: text.from_dict({"type": "Maximum", "schedules": [LINE, said]}),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        assert str(caught.value).endswith(cause)
    assert float(meant) == float(said)


@pytest.mark.parametrize("said", ["3.0e-4", "0.1", "3", "e5", "3 epochs", "1e", "x3e-4", "9" * 500 + "e9"])
def test_other_texts_have_another_cause(said):
    for make in (lambda: wj.Linear(said, 1.0, 5), lambda: text.from_dict({**LINE, "start": said})):
        with pytest.raises(TypeError) as caught:
            make()
        assert "YAML" not in str(caught.value)


def test_a_length_must_be_whole_in_yaml_too():
    for make in (lambda: wj.Linear(0.0, 1.0, "1e3"), lambda: text.from_dict({**LINE, "steps": "1e3"})):
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        assert "YAML" not in str(caught.value), "1.0e+3 is no whole number either"


# Hostile mappings.


def in_itself(mapping):
    inner = {"type": "Scale", "factor": 1.0}
    inner["schedule"] = mapping(inner) if mapping is types.MappingProxyType else inner
    made = mapping(inner)
    if mapping is not types.MappingProxyType:
        made = collections.UserDict(inner)
        made["schedule"] = made
    return made


def bomb(mapping, sequence):
    inner = mapping({"type": "Constant", "value": 1.0})
    for _ in range(12):
        inner = mapping({"type": "Sum", "schedules": sequence([inner] * 10)})
    return inner


def deep(mapping):
    inner = mapping({"type": "Constant", "value": 1.0})
    for _ in range(500):
        inner = mapping({"type": "Scale", "schedule": inner, "factor": 1.0})
    return inner


class Endless(Fixed):
    """A mapping that says it holds everything."""

    def __contains__(self, key):
        return True

    def __getitem__(self, key):
        return 1.0

    def __len__(self):
        return 10**15


@contextlib.contextmanager
def refused(words):
    started = time.process_time()
    with pytest.raises((ValueError, TypeError)) as caught:
        yield
    assert words in str(caught.value) and len(str(caught.value)) < 600
    assert time.process_time() - started < 5


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_mappings_that_are_too_deep_or_too_many(mapping):
    with refused("nested too deeply: at most 100 levels can be read"):
        text.from_dict(in_itself(mapping))
    with refused("nested too deeply: at most 100 levels can be read"):
        text.from_dict(deep(mapping))
    for sequence in SEQUENCES:
        with refused("too much: at most 50_000 values and 10_000 schedules can be read at once"):
            text.from_dict(bomb(mapping, sequence))


def test_collections_that_hold_themselves_or_everything():
    several = collections.UserList()
    several.append(several)
    with refused("nested too deeply"):
        text.from_dict({"type": "PiecewiseLinear", "points": several})
    with refused("too much"):
        text.from_dict({"type": "join", "stages": range(10**15)})
    numbers = Endless({})
    with refused("too much"):
        text.from_dict({"type": "join", "stages": numbers})
    itself = collections.UserDict()
    itself["a"] = itself
    for make in (lambda: wj.Scale(itself, 2.0), lambda: wj.Linear(itself, 0.0, 5), lambda: wj.PiecewiseLinear(itself)):
        with refused("; got {'a': {...}} (UserDict)."):
            make()

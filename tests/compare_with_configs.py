"""Schedules in the libraries for configs: `python -m tests.compare_with_configs [library ...]`.

It needs what `pip install -e . -r tests/golden/configs.txt` installs, or of these libraries the ones that are named.
It ends with an error where a config means another schedule than the call in Python, or where a library does something
else than is said here.
"""

import dataclasses
import importlib
import importlib.metadata
import sys
import tempfile
import typing

import warmup_jax as wj
from tests import catalog
from warmup_jax import text

RUN = wj.Run(total="39 epochs", steps_per_epoch=120)
TRAPEZOID = wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3, 800), wj.Cosine(1e-3, 0.0, 100))
RECIPE = {"type": "warmup_cosine", "peak": 3e-4, "warmup": "3 epochs", "total": "39 epochs"}
MADE = wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)
TABLES = {"boundaries": [30, 60], "values": [1.0, 0.1, 0.01]}
TABLE = wj.PiecewiseConstant([30, 60], [1.0, 0.1, 0.01])
POINTS, POLYLINE = [[0, 0.0], [5, 1.0]], wj.PiecewiseLinear([(0, 0.0), (5, 1.0)])


def same(found: typing.Any, wanted: typing.Any) -> None:
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def fails(call: typing.Callable[[], typing.Any], words: str) -> str:
    """The message of the error that a call must raise."""
    try:
        made = call()
    except Exception as error:
        assert words in str(error), f"another error: {error}"
        return str(error)
    raise AssertionError(f"no error, but {made!r}: say so where {words!r} is named")


def every_schedule(config: typing.Callable[[dict], typing.Any]) -> int:
    """Every schedule of the catalog that can be written reads back from a config."""
    schedules = [row.schedule for row in catalog.ROWS if row.is_text]
    for schedule in schedules:
        same(text.from_dict(config(text.to_dict(schedule))), schedule)
    return len(schedules)


def deepest(config: typing.Callable[[dict], typing.Any], levels: int) -> None:
    """So many levels of schedules read back."""
    schedule = wj.Linear(0.0, 1.0, 5)
    for _ in range(levels):
        schedule = wj.Reverse(schedule)
    same(text.from_dict(config(text.to_dict(schedule))), schedule)


def compare_omegaconf() -> str:
    OmegaConf = importlib.import_module("omegaconf").OmegaConf
    count = every_schedule(OmegaConf.create)
    deepest(OmegaConf.create, 90)

    config = OmegaConf.create(text.to_dict(TRAPEZOID))
    for said, wanted in (
        ("schedule.stages.0.stop=5e-4", wj.join(wj.Linear(0.0, 5e-4, 100), *TRAPEZOID.stages[1:])),
        ("schedule.stages[1].steps=null", None),
        ("schedule.stages.2.steps=50", wj.join(*TRAPEZOID.stages[:2], wj.Cosine(1e-3, 0.0, 50))),
        ("schedule.stages.2.steps=50 steps", wj.join(*TRAPEZOID.stages[:2], wj.Cosine(1e-3, 0.0, 50))),
        ("schedule.stages.0.start=1", wj.join(wj.Linear(1.0, 1e-3, 100), *TRAPEZOID.stages[1:])),
    ):
        overridden = OmegaConf.merge(config, OmegaConf.from_dotlist([said]))
        if wanted is None:
            fails(lambda config=overridden: text.from_dict(config), "needs a length for every stage but the last")
        else:
            same(text.from_dict(overridden), wanted)
    listed = OmegaConf.create({"type": "join", "stages": [{"type": "Constant", "value": 1.0}]})
    fails(lambda: OmegaConf.merge(listed, OmegaConf.from_dotlist(["stages.0.value=2"])), "Cannot merge DictConfig with")

    config = OmegaConf.create({"lr": 3e-4, "schedule": {**RECIPE, "peak": "${lr}"}, "tables": TABLES, "points": POINTS})
    same(text.from_dict(config.schedule, RUN), MADE)
    same(wj.PiecewiseConstant(**config.tables), TABLE)
    same(wj.PiecewiseLinear(config.points), POLYLINE)
    fails(lambda: wj.join(config.points), "takes its stages one by one; got a ListConfig. Write `*stages`.")
    fails(lambda: text.from_dict(OmegaConf.create({"type": "Constant", "value": "???"})), "Missing mandatory value")

    @dataclasses.dataclass
    class Typed:
        type: str = "warmup_cosine"
        peak: float = 3e-4
        warmup: str = "360 steps"
        total: str = "39 epochs"

    typed = OmegaConf.structured(Typed)
    same(text.from_dict(typed, RUN), MADE)
    changed = OmegaConf.merge(typed, OmegaConf.from_dotlist(["warmup=720 steps", "total=4_680 steps", "peak=1e-3"]))
    same(text.from_dict(changed), wj.warmup_cosine(peak=1e-3, warmup=720, total=4680))
    bare = OmegaConf.merge(typed, OmegaConf.from_dotlist(["warmup=720"]))  # a field of text stays a text
    fails(lambda: text.from_dict(bare, RUN), "must be a number of 0 or more and a unit, such as '3 epochs', '10%' or")
    return f"{count} schedules, interpolations, typed fields and overrides"


def target(name: str, **arguments) -> dict:
    return {"_target_": f"warmup_jax.{name}", **arguments}


def compare_hydra() -> str:
    instantiate = importlib.import_module("hydra.utils").instantiate
    hydra, omegaconf = importlib.import_module("hydra"), importlib.import_module("omegaconf")
    linear, cosine = target("Linear", start=0.0, stop=1.0, steps=10), target("Cosine", start=1.0, stop=0.0, steps=90)
    joined = target("join", _args_=[linear, cosine])
    wanted = wj.join(wj.Linear(0.0, 1.0, 10), wj.Cosine(1.0, 0.0, 90))
    run = target("Run", total="39 epochs", steps_per_epoch=120)
    method = {"_target_": "hydra.utils.get_method", "path": "warmup_jax.Cosine"}
    for config, schedule in (
        (linear, wj.Linear(0.0, 1.0, 10)),
        (target("Scale", schedule=target("Staircase", schedule=cosine, every=9), factor=0.5),
         wj.Staircase(wj.Cosine(1.0, 0.0, 90), 9) * 0.5),
        (target("PiecewiseConstant", **TABLES), TABLE),
        (target("PiecewiseLinear", points=POINTS), POLYLINE),
        (target("Scale", schedule=target("PiecewiseConstant", **TABLES), factor=0.5), TABLE * 0.5),
        (target("multi_step", peak=1.0, boundaries=[30, 60], factor=0.5),
         wj.multi_step(peak=1.0, boundaries=[30, 60], factor=0.5)),
        (target("wsd", peak=1.0, warmup=2, total=20, cooldown=5, shape=method),
         wj.wsd(peak=1.0, warmup=2, total=20, cooldown=5, shape=wj.Cosine)),
        (target("text.from_dict", data=RECIPE, run=run), MADE),
        (target("text.from_dict", data={"type": "join", "stages": [RECIPE, {"type": "Constant", "value": 0}]}, run=run),
         wj.join(MADE, wj.Constant(0.0))),
        (target("text.parse", text="warmup_cosine(peak=3e-4, warmup='3 epochs', total='100%')", run=run), MADE),
    ):  # fmt: skip
        same(instantiate(config), schedule)
        same(instantiate(omegaconf.OmegaConf.create({"a": config}).a), schedule)
    same(instantiate(target("text.from_dict", data=RECIPE, _partial_=True))(run=RUN), MADE)
    instantiate({"_target_": "optax.adamw", "learning_rate": target("Cosine", start=1.0, stop=0.0, steps=9)})

    # Hydra makes a DictConfig of every dataclass that stands in a list, and so of a schedule, unless it is told to
    # leave lists plain. `from_dict` reads the same config either way.
    fails(lambda: instantiate(joined), "Unions of containers are not supported")
    for convert in ("all", "partial", "object"):
        same(instantiate(joined, _convert_=convert), wanted)
        same(instantiate({**joined, "_convert_": convert}), wanted)
    for config in (joined, {**joined, "_convert_": "all"}, omegaconf.OmegaConf.create(joined)):
        same(text.from_dict(config), wanted)
    nested = target("Scale", schedule=target("Maximum", _args_=[joined, 0.1], _convert_="all"), factor=0.5)
    same(instantiate(nested), text.from_dict(nested))
    same(text.from_dict(nested), wj.Maximum(wanted, 0.1) * 0.5)

    with tempfile.TemporaryDirectory() as folder:
        omegaconf.OmegaConf.save(omegaconf.OmegaConf.create(text.to_dict(TRAPEZOID)), f"{folder}/config.yaml")
        with hydra.initialize_config_dir(folder, version_base=None):
            config = hydra.compose("config", ["schedule.stages.0.stop=5e-4", 'schedule.stages.2.steps="100 steps"'])
            same(text.from_dict(config), wj.join(wj.Linear(0.0, 5e-4, 100), *TRAPEZOID.stages[1:]))
    return "the default conversion, nested, runs, `_args_` and overrides"


def compare_ml_collections() -> str:
    ml_collections = importlib.import_module("ml_collections")
    ConfigDict, FrozenConfigDict = ml_collections.ConfigDict, ml_collections.FrozenConfigDict
    count = every_schedule(ConfigDict)
    same(every_schedule(FrozenConfigDict), count)
    every_schedule(lambda data: FrozenConfigDict(ConfigDict(data)))
    deepest(ConfigDict, 90)
    deepest(FrozenConfigDict, 90)
    many = wj.Join(*[wj.Linear(k / 100, 1.0, 5) for k in range(12)])
    same(text.from_dict(FrozenConfigDict(text.to_dict(many))), many)
    fails(lambda: FrozenConfigDict({"stages": [RECIPE]}), "Cannot contain a dict, ConfigDict, or FieldReference within")

    config = ConfigDict({"schedule": RECIPE, "tables": TABLES, "points": POINTS, "lr": 1.0})
    config.schedule.peak = config.get_ref("lr") * 3e-4
    for each in (config, FrozenConfigDict(config)):
        same(text.from_dict(each.schedule, RUN), MADE)
        same(wj.PiecewiseConstant(**each.tables), TABLE)
        same(wj.PiecewiseLinear(each.points), POLYLINE)
    config.lr = 2.0
    same(text.from_dict(config.schedule, RUN), wj.warmup_cosine(peak=6e-4, warmup=360, total=4680))
    config.schedule.warmup = "36 steps"
    same(text.from_dict(config.schedule, RUN), wj.warmup_cosine(peak=6e-4, warmup=36, total=4680))

    flags = importlib.import_module("absl.flags")
    config_flags = importlib.import_module("ml_collections.config_flags")
    before = sys.argv
    sys.argv = ["train", '--config.schedule.stages["0"].stop=5e-4', '--config.schedule.stages["2"].steps=50']
    try:
        values = flags.FlagValues()
        config_flags.DEFINE_config_dict("config", ConfigDict(text.to_dict(TRAPEZOID)), flag_values=values)
        values(sys.argv)
    finally:
        sys.argv = before
    _, stay, _ = TRAPEZOID.stages
    same(text.from_dict(values.config), wj.join(wj.Linear(0.0, 5e-4, 100), stay, wj.Cosine(1e-3, 0.0, 50)))
    return f"{count} schedules, frozen and not, references and flags"


def compare_gin() -> str:
    gin = importlib.import_module("gin")
    for maker in (wj.Linear, wj.Scale, wj.PiecewiseConstant, wj.Cosine, wj.wsd, wj.Run, text.parse, text.from_dict):
        gin.external_configurable(maker, module="wj")
    train = gin.configurable("train")(lambda schedule=gin.REQUIRED: schedule)
    linear = "\nwj.Linear.start = 0.0\nwj.Linear.stop = 1.0\nwj.Linear.steps = 10"
    for said, schedule in (
        ("@wj.Linear()" + linear, wj.Linear(0.0, 1.0, 10)),
        ("@wj.Scale()\nwj.Scale.schedule = @wj.Linear()\nwj.Scale.factor = 0.5" + linear,
         wj.Linear(0.0, 1.0, 10) * 0.5),
        ("@wj.PiecewiseConstant()\nwj.PiecewiseConstant.boundaries = [30, 60]\n"
         "wj.PiecewiseConstant.values = (1.0, 0.1, 0.01)", TABLE),
        ("@wj.wsd()\nwj.wsd.peak = 1.0\nwj.wsd.warmup = 2\nwj.wsd.total = 20\nwj.wsd.cooldown = 5\n"
         "wj.wsd.shape = @wj.Cosine", wj.wsd(peak=1.0, warmup=2, total=20, cooldown=5, shape=wj.Cosine)),
        ("@wj.parse()\nwj.parse.text = 'warmup_cosine(peak=3e-4, warmup=\"3 epochs\", total=4680)'\n"
         "wj.parse.run = @wj.Run()\nwj.Run.total = '39 epochs'\nwj.Run.steps_per_epoch = 120", MADE),
        (f"@wj.from_dict()\nwj.from_dict.data = {text.to_dict(TRAPEZOID)}", TRAPEZOID),
    ):  # fmt: skip
        gin.clear_config()
        gin.parse_config(f"train.schedule = {said}")
        same(train(), schedule)
    return "classes, recipes, shapes, texts and dicts"


def compare_fiddle() -> str:
    fiddle = importlib.import_module("fiddle")
    Config = fiddle.Config
    cosine = Config(wj.warmup_cosine, peak=1.0, warmup=360, total=4680)
    cosine.peak = 3e-4
    for config, schedule in (
        (cosine, MADE),
        (Config(wj.Scale, schedule=cosine, factor=0.5), MADE * 0.5),
        (Config(wj.join, Config(wj.Linear, 0.0, 1e-3, 100), *TRAPEZOID.stages[1:]), TRAPEZOID),
        (Config(wj.PiecewiseConstant, **TABLES), TABLE),
        (Config(wj.PiecewiseLinear, points=POINTS), POLYLINE),
        (Config(wj.wsd, peak=1.0, warmup=2, total=20, cooldown=5, shape=wj.Cosine),
         wj.wsd(peak=1.0, warmup=2, total=20, cooldown=5, shape=wj.Cosine)),
        (Config(text.from_dict, data=RECIPE, run=Config(wj.Run, "39 epochs", steps_per_epoch=120)), MADE),
    ):  # fmt: skip
        same(fiddle.build(config), schedule)
    same(fiddle.build(Config(dict, learning_rate=MADE)), {"learning_rate": MADE})
    same(fiddle.build(fiddle.Partial(wj.warmup_cosine, peak=3e-4, warmup=360))(total=4680), MADE)
    return "classes, recipes, runs and partial calls"


def compare_yaml() -> str:
    yaml = importlib.import_module("yaml")
    cases = {"3e-4": "3.0e-4", "1e3": "1.0e+3", "-3E-4": "-3.0e-4", "3.0e4": "3.0e+4", "+2e+5": "+2.0e+5"}
    for said, meant in cases.items():
        given, mended = yaml.safe_load(f"[{said}, {meant}]")
        assert given == said and mended == float(said), "PyYAML has changed how it reads numbers: say so"
        words = f"PyYAML, which reads YAML 1.1, makes a text of {said}: write {meant} there."
        fails(lambda value=given: wj.Constant(value), words)
        fails(lambda value=given: text.from_dict({"type": "Constant", "value": value}), words)
    for said in ("3.0e-4", "1.5", "3.e+4", ".5e-3", "1_000.5"):
        assert isinstance(yaml.safe_load(said), float), "PyYAML has changed how it reads numbers: say so"
    data = yaml.safe_load(yaml.safe_dump(text.to_dict(TRAPEZOID)))
    same(text.from_dict(data), TRAPEZOID)
    return f"{len(cases)} texts that were meant as numbers"


LIBRARIES = {
    "omegaconf": compare_omegaconf,
    "hydra-core": compare_hydra,
    "ml_collections": compare_ml_collections,
    "gin-config": compare_gin,
    "fiddle": compare_fiddle,
    "pyyaml": compare_yaml,
}

if __name__ == "__main__":
    for library in sys.argv[1:] or LIBRARIES:
        print(f"  {library} {importlib.metadata.version(library)}: {LIBRARIES[library]()}")
    print("all configs mean what they say")

"""The grid for `timm.scheduler`, and how it is asked."""

import importlib
import importlib.util
import pathlib
import sys
import types

from tests.golden import Case

PACKAGE = "timm"

STEPS = [0, 1, 2, 4, 5, 6, 9, 10, 11, 49, 50, 51, 99, 100, 101, 104, 105, 106, 149, 150, 199, 200, 201, 350, 999, 5000]


def _case(function: str, steps=tuple(STEPS), **arguments) -> Case:
    return Case(function, {"base_lr": 0.1, "t_in_epochs": False, **arguments}, list(steps))


WARMUPS = (
    {},
    {"warmup_t": 5},
    {"warmup_t": 5, "warmup_prefix": True, "warmup_lr_init": 1e-5},
    {"warmup_t": 1, "warmup_prefix": True},
)
# Cycles: as long, longer by a whole number, longer or shorter by a fraction.
CYCLES = (
    {},
    {"cycle_limit": 3},
    {"cycle_limit": 3, "cycle_decay": 0.5},
    {"cycle_limit": 3, "cycle_decay": 0.5, "lr_min": 1e-3},
    {"cycle_limit": 4, "cycle_mul": 2.0},
    {"cycle_limit": 2, "cycle_mul": 2.0, "cycle_decay": 0.8, "lr_min": 1e-3},
    {"cycle_limit": 4, "cycle_mul": 1.5, "cycle_decay": 0.8, "lr_min": 1e-3},
)
SHORTER = {"cycle_limit": 3, "cycle_mul": 0.5}  # timm itself fails from twice the first cycle on

CASES = [
    *(
        _case(function, t_initial=100, **cycles, **warmup)
        for function in ("CosineLRScheduler", "TanhLRScheduler", "PolyLRScheduler")
        for cycles in CYCLES
        for warmup in WARMUPS
    ),
    *(
        _case(function, STEPS[:20], t_initial=100, **SHORTER)
        for function in ("CosineLRScheduler", "TanhLRScheduler", "PolyLRScheduler")
    ),
    *(
        _case(function, t_initial=100, warmup_t=warmup, warmup_lr_init=1e-4, lr_min=1e-3)
        for function in ("CosineLRScheduler", "TanhLRScheduler", "PolyLRScheduler")
        for warmup in (99, 100, 101)
    ),
    *(_case(function, t_initial=1) for function in ("CosineLRScheduler", "TanhLRScheduler", "PolyLRScheduler")),
    *(
        _case(function, t_initial=100, k_decay=k, **more)
        for function in ("CosineLRScheduler", "PolyLRScheduler")
        for k in (0.5, 1.5, 3.0)
        for more in ({}, {"lr_min": 1e-3, "warmup_t": 5}, {"cycle_limit": 3, "cycle_mul": 2.0}, {**CYCLES[-1]})
    ),
    *(_case("TanhLRScheduler", t_initial=100, lb=lb, ub=ub, **CYCLES[3]) for lb, ub in ((-2.0, 1.0), (-0.5, 6.0))),
    *(_case("PolyLRScheduler", t_initial=100, power=power, **CYCLES[3]) for power in (0.9, 1.0, 2.0)),
    *(
        _case("StepLRScheduler", decay_t=decay, decay_rate=rate, **warmup)
        for decay in (30, 2.5, 1)
        for rate in (1.0, 0.97)
        for warmup in (*WARMUPS, {"warmup_t": 5, "warmup_prefix": False})
    ),
    *(
        _case("MultiStepLRScheduler", decay_t=milestones, decay_rate=0.3, **warmup)
        for milestones in ([50], [0, 10, 100], [1, 50, 50, 51])
        for warmup in (*WARMUPS, {"warmup_t": 5, "warmup_prefix": False})
    ),
    *(
        _case("WSDLRScheduler", t_initial=100, decay_t=decay, warmup_t=warmup, decay_fn=fn, **more)
        for decay, warmup in ((50, 5), (100, 0), (1, 1))
        for fn in ("linear", "1-sqrt", "cosine", "power", "exp")
        for more in ({}, {"lr_min": 1e-3}, {"stable_fn": "rsqrt", "stable_timescale": 20, "lr_min": 1e-3})
    ),
    *(
        _case("WSDLRScheduler", t_initial=100, decay_t=50, warmup_t=10, **more)
        for more in (
            {"stable_fn": "rsqrt"},
            {"stable_fn": "power", "stable_power": 0.8, "stable_timescale": 3.0},
            {"stable_fn": "power", "stable_power": 2.0, "lr_min": 0.02, "decay_fn": "linear"},
            {"decay_fn": "power", "decay_power": 2.0},
            {"decay_fn": "exp", "decay_ratio": 0.01},
            {"lr_min": 0.2},
        )
    ),
]

DIFFERENT = [
    # The logarithm of 3**5 is a little below 5: the sixth cycle begins at its end.
    _case("CosineLRScheduler", [120, 121, 122], t_initial=1, cycle_mul=3.0, cycle_limit=9),
    # 11 // 1.1 is 9: the stair begins a step late.
    _case("StepLRScheduler", [10, 11, 12], decay_t=1.1, decay_rate=0.5),
]


def rates(case: Case) -> list[float]:
    """The rates of an optimizer with one group."""
    torch = importlib.import_module("torch")
    arguments = dict(case.arguments)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=arguments.pop("base_lr"))
    scheduler = getattr(schedulers(), case.function)(optimizer, **arguments)
    found = []
    for step in case.steps:
        scheduler.step_update(step)
        found.append(optimizer.param_groups[0]["lr"])
    return found


def schedulers():
    """`timm.scheduler` by itself: `timm` imports torchvision."""
    if "timm" not in sys.modules:
        spec = importlib.util.find_spec("timm")
        assert spec and spec.submodule_search_locations
        package = types.ModuleType("timm")
        package.__path__ = [str(pathlib.Path(folder)) for folder in spec.submodule_search_locations]
        sys.modules["timm"] = package
    return importlib.import_module("timm.scheduler")

"""The grid for PyTorch, and how it is asked."""

import importlib
import warnings

from tests.golden import Case

PACKAGE = "torch"

# Functions stand in the arguments by name: both sides take them.
LAMBDAS = {
    "inverse": lambda step: 1.0 / (1.0 + step),
    "line": lambda step: 1.0 - 0.01 * step,
    "nearly": lambda step: 0.95 + 0.001 * step,
    "half": lambda step: 0.5,
    "by cycle": lambda cycle: 1.0 / (0.5 + cycle),
}
UP = {"start_factor": 0.1, "total_iters": 4, "base_lr": 0.1}


def part(function: str, **arguments) -> dict:
    """A scheduler within another."""
    return {"function": function, "arguments": {"base_lr": 0.1, **arguments}}


def sequence(*milestones: int, parts: list) -> Case:
    return Case("SequentialLR", {"schedulers": parts, "milestones": list(milestones)}, [*range(24)])


CASES = [
    *(Case("LambdaLR", {"lr_lambda": name, "base_lr": 0.3}, [0, 1, 2, 9, 50]) for name in ("inverse", "line")),
    Case("LambdaLR", {"lr_lambda": "inverse", "last_epoch": 4, "base_lr": 0.3}, [0, 1, 2, 9]),
    *(Case("MultiplicativeLR", {"lr_lambda": name, "base_lr": 0.3}, [*range(21)]) for name in ("half", "nearly")),
    *(
        Case("StepLR", {"step_size": size, "gamma": gamma, "base_lr": 0.1}, [0, 1, 2, 3, 29, 30, 31, 59, 60, 61, 100])
        for size in (1, 3, 30)
        for gamma in (0.1, 0.5, 0.97)
    ),
    *(
        Case("MultiStepLR", {"milestones": milestones, "gamma": gamma, "base_lr": 0.1}, [*range(13), 30, 79, 80, 81])
        for milestones in ([30, 80], [1], [], [0, 5], [5, 5, 7], [10, 2, 6])
        for gamma in (0.1, 0.7)
    ),
    *(
        Case("ConstantLR", {"factor": factor, "total_iters": steps, "base_lr": 0.1}, [*range(8), 100])
        for factor in (1 / 3, 0.5, 1.0)
        for steps in (1, 5, 7)
    ),
    *(
        Case(
            "LinearLR",
            {"start_factor": start, "end_factor": stop, "total_iters": steps, "base_lr": 0.3},
            [*range(13), 99],
        )
        for start, stop in ((1 / 3, 1.0), (0.1, 1.0), (1.0, 0.0), (0.5, 0.25), (1e-3, 1.0))
        for steps in (1, 5, 12, 90)
    ),
    *(
        Case("ExponentialLR", {"gamma": gamma, "base_lr": 0.1}, [*range(8), 99, 100, 1000])
        for gamma in (0.5, 0.9, 0.999, 1.0)
    ),
    *(
        Case("PolynomialLR", {"total_iters": steps, "power": power, "base_lr": 0.2}, [*range(13), 98, 99, 100, 101])
        for steps in (1, 5, 12, 100)
        for power in (0.5, 1.0, 2.0, 3.5)
    ),
    *(
        Case("CosineAnnealingLR", {"T_max": steps, "eta_min": low, "base_lr": 0.1}, [*range(min(steps, 50) + 1), steps])
        for steps in (1, 2, 10, 1000)
        for low in (0.0, 1e-3, 0.2)
    ),
    *(
        Case(
            "CosineAnnealingWarmRestarts",
            {"T_0": first, "T_mult": mult, "eta_min": low, "base_lr": 0.1},
            [*range(63), 364],
        )
        for first in (1, 3, 10)
        for mult in (1, 2, 3)
        for low in (0.0, 0.01)
    ),
    *(
        Case(
            function,
            {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": up, "step_size_down": down, **mode},
            [*range(30), 99, 100, 101],
        )
        for function in ("CyclicLR", "CyclicLRMomentum")
        for up, down in ((4, None), (5, 3), (1, 9), (7, 1))
        for mode in ({}, {"mode": "triangular2"}, {"mode": "exp_range", "gamma": 0.99})
    ),
    *(
        Case(
            function,
            {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "scale_fn": name, "scale_mode": mode},
            [*range(20)],
        )
        for function in ("CyclicLR", "CyclicLRMomentum")
        for name, mode in (("by cycle", "cycle"), ("line", "iterations"))
    ),
    Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "last_epoch": 2}, [*range(9)]),
    *(
        Case(
            function,
            {"max_lr": 0.1, "total_steps": total, "pct_start": share, "anneal_strategy": strategy, **three},
            [*range(total)],
        )
        for function in ("OneCycleLR", "OneCycleLRMomentum")
        for total, share in ((10, 0.3), (50, 0.3), (51, 0.3), (50, 0.25), (30, 0.1), (37, 0.41), (20, 0.5))
        for strategy in ("cos", "linear")
        for three in ({}, {"three_phase": True})
    ),
    *(
        Case("OneCycleLR", {"max_lr": 0.1, **more}, [*range(24)])
        for more in (
            {"epochs": 4, "steps_per_epoch": 6},
            {"total_steps": 24, "div_factor": 10.0, "final_div_factor": 100.0},
            {"total_steps": 24, "pct_start": 0.9},
        )
    ),
    *(
        Case("SWALR", {"swa_lr": swa, "anneal_epochs": n, "anneal_strategy": strategy, "base_lr": 0.1}, [*range(13)])
        for swa in (0.05, 0.2)
        for n in (0, 1, 10)
        for strategy in ("cos", "linear")
    ),
    sequence(4, parts=[part("LinearLR", **UP), part("CosineAnnealingLR", T_max=19)]),
    sequence(4, parts=[part("LinearLR", start_factor=0.25, total_iters=3), part("CosineAnnealingLR", T_max=19)]),
    sequence(3, parts=[part("LinearLR", start_factor=0.25, total_iters=9), part("ExponentialLR", gamma=0.9)]),
    sequence(0, parts=[part("LinearLR", **UP), part("StepLR", step_size=5)]),
    sequence(
        5,
        12,
        parts=[
            part("ConstantLR", factor=0.1, total_iters=50),
            part("ConstantLR", factor=1.0, total_iters=1),
            part("PolynomialLR", total_iters=9, power=2.0),
        ],
    ),
    sequence(6, parts=[part("ExponentialLR", gamma=0.5), part("CosineAnnealingWarmRestarts", T_0=3, T_mult=2)]),
    sequence(5, 5, parts=[part("LinearLR", **UP), part("StepLR", step_size=2), part("MultiStepLR", milestones=[3, 9])]),
    *(
        Case("ChainedScheduler", {"schedulers": parts, "base_lr": 0.1}, [*range(16)])
        for parts in (
            [part("LinearLR", **UP), part("ExponentialLR", gamma=0.9)],
            [part("ConstantLR", factor=0.1, total_iters=5), part("StepLR", step_size=4, gamma=0.5)],
            [part("LinearLR", **UP), part("CosineAnnealingLR", T_max=15)],
            [part("LinearLR", **UP), part("MultiStepLR", milestones=[6, 9]), part("ExponentialLR", gamma=0.97)],
            [part("ExponentialLR", gamma=0.8)],
        )
    ),
]

# PyTorch climbs again after its end; OneCycleLR jumps after its last update; a length of 0 leaves it at the start for
# ever; a chain with a floor is not the product; an explicit epoch takes a logarithm that misses a boundary.
DIFFERENT = [
    Case("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.01, "base_lr": 0.1}, [10, 11, 15, 20]),
    Case("OneCycleLR", {"max_lr": 10.0, "total_steps": 10}, [9, 10]),
    Case("ConstantLR", {"factor": 0.5, "total_iters": 0, "base_lr": 0.1}, [0, 1, 9]),
    Case("LinearLR", {"start_factor": 0.5, "total_iters": 0, "base_lr": 0.1}, [0, 1, 9]),
    Case("PolynomialLR", {"total_iters": 0, "base_lr": 0.1}, [0, 1, 9]),
    Case(
        "ChainedScheduler",
        {"schedulers": [part("LinearLR", **UP), part("CosineAnnealingLR", T_max=8, eta_min=0.01)], "base_lr": 0.1},
        [0, 4],
    ),
    sequence(4, parts=[part("CosineAnnealingLR", T_max=2), part("StepLR", step_size=30)]),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3, "explicit": True, "base_lr": 0.1}, [120, 121, 122]),
]

OWN_RATES = ("CyclicLR", "OneCycleLR")  # they set the rate of the optimizer


def rates(case: Case) -> list[float]:
    """The rates, or the momentum, of an SGD optimizer as the scheduler sets them."""
    torch = importlib.import_module("torch")
    arguments, function = dict(case.arguments), case.function.removesuffix("Momentum")
    explicit = arguments.pop("explicit", False)
    key = "lr" if function == case.function else "momentum"
    base_lr = base_lr_of(arguments)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base_lr, momentum=0.5)
    optimizer.param_groups[0]["initial_lr"] = base_lr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the order of steps, and what PyTorch says of its own
        scheduler = make(optimizer, function, arguments)
        found = []
        for step in range(max(case.steps) + 1):
            if step > 0:
                scheduler.step(*[step] if explicit else [])
            found.append(optimizer.param_groups[0][key])
    return [found[step] for step in case.steps]


def base_lr_of(arguments: dict) -> float:
    """The rate of the optimizer that a case is for."""
    parts = arguments.get("schedulers", [])
    return base_lr_of(parts[0]["arguments"]) if parts else arguments.get("base_lr", 0.1)


def make(optimizer, function: str, arguments: dict):
    """The peer's scheduler."""
    swa = importlib.import_module("torch.optim.swa_utils")
    peer = importlib.import_module("torch.optim.lr_scheduler")
    arguments = with_functions(arguments, lambda name, inner: make(optimizer, name, inner))
    if function not in OWN_RATES:
        arguments.pop("base_lr", None)
    if function == "ChainedScheduler":
        return peer.ChainedScheduler(**arguments)
    return getattr(swa if function == "SWALR" else peer, function)(optimizer, **arguments)


def with_functions(arguments: dict, make_part) -> dict:
    """The arguments with their functions and the schedulers in them."""
    arguments = {
        name: LAMBDAS.get(value, value) if isinstance(value, str) else value for name, value in arguments.items()
    }
    if "schedulers" in arguments:
        arguments["schedulers"] = [
            make_part(inner["function"], inner["arguments"]) for inner in arguments["schedulers"]
        ]
    return arguments

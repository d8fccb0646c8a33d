"""Sequences of metrics for `GreedyLR` of Transformers, and how it is asked."""

import importlib
import math
import random

from tests.golden import Case

PACKAGE = "transformers"


def metrics_of(seed: int, mode: str, drifts: list[float], each: int) -> list[float]:
    """Metrics with noise and four digits that get better by a drift, and by the next one, each for so many steps."""
    rng, sign = random.Random(seed), 1 if mode == "max" else -1
    values, value = [], 5.0
    for drift in drifts:
        for _ in range(each):
            value += sign * drift
            values.append(round(value + rng.gauss(0, 0.01), 4))
    return values


def case(seed: int, drifts: list[float], base_lr: float = 0.01, each: int = 60, **arguments) -> Case:
    metrics = metrics_of(seed, arguments.get("mode", "min"), drifts, each)
    return Case("GreedyLR", {**arguments, "base_lr": base_lr, "metrics": metrics}, [*range(len(metrics))])


UP_DOWN = [0.05, -0.01, 0.05, -0.01]
CASES = [
    case(0, UP_DOWN, patience=2, min_lr=1e-5),
    case(1, UP_DOWN, patience=0, factor=0.5, min_lr=1e-3, max_lr=0.05),
    case(2, UP_DOWN, mode="max", threshold_mode="rel", threshold=1e-3, patience=1, min_lr=0.004, max_lr=0.02),
    case(3, UP_DOWN, patience=1, factor=0.7, cooldown=3, warmup=2, min_lr=1e-4),
    case(4, UP_DOWN, patience=1, factor=0.9, smooth=True, window_size=7, min_lr=1e-4),
    case(5, UP_DOWN, patience=0, factor=0.5, min_lr=1e-3, reset_start=3, cooldown=1, smooth=True, window_size=3),
    case(6, UP_DOWN, base_lr=5e-5, patience=1),  # below the lowest rate that is taken where none is given
    case(7, UP_DOWN, base_lr=5e-5, patience=0, factor=0.5, reset_start=4),
    case(8, UP_DOWN, base_lr=1e-7, patience=0, factor=0.9, min_lr=1e-8, eps=1e-8),
    case(9, UP_DOWN, base_lr=2.0, patience=0, factor=0.8, min_lr=0.5, reset_start=0),
    case(10, [0.02], each=200, patience=4, min_lr=1e-6, max_lr=1.0, factor=0.97),
    case(11, [-0.02], each=300, patience=0, min_lr=1e-12, eps=0.0, factor=0.95),
]
# A metric that is not a number in the mean of the last ones.
DIFFERENT = [
    Case(
        "GreedyLR",
        {"patience": 0, "smooth": True, "window_size": 2, "min_lr": 1e-5, "base_lr": 0.01}
        | {"metrics": [3.0, "NaN", 2.0, 1.0, 0.9, 0.8, 0.7, 0.6]},
        [*range(8)],
    )
]


def rates(case: Case) -> list[float]:
    """The rate of an SGD optimizer after each metric."""
    torch, peer = importlib.import_module("torch"), importlib.import_module("transformers.optimization")
    arguments = dict(case.arguments)
    base_lr, metrics = arguments.pop("base_lr"), arguments.pop("metrics")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base_lr)
    scheduler = getattr(peer, case.function)(optimizer, **arguments)
    found = []
    for metric in metrics:
        scheduler.step(math.nan if metric == "NaN" else metric)
        found.append(optimizer.param_groups[0]["lr"])
    return [found[step] for step in case.steps]

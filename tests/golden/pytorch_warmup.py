"""The grid for pytorch-warmup, and how it is asked."""

import importlib

from tests.golden import Case

PACKAGE = "pytorch-warmup"

CASES = [
    *(
        Case(function, {"warmup_period": period, **resume}, [*range(12), 99, 100, 101, 1000])
        for function in ("LinearWarmup", "ExponentialWarmup")
        for period in (1, 2, 7, 100)
        for resume in ({}, {"last_step": 4})
    ),
    *(
        Case(function, {"beta2": beta2}, [0, 1, 2, 3, 4, 9, 10, 18, 19, 20, 21, 100])
        for function in ("UntunedLinearWarmup", "UntunedExponentialWarmup")
        for beta2 in (0.5, 0.75, 0.9)
    ),
    Case("RAdamWarmup", {"beta2": 0.999, "last_step": 99}, [0, 1, 100]),
    *(Case("RAdamWarmup", {"beta2": beta2}, [0, 1, 2, 3, 10, 100, 1000, 9999]) for beta2 in (0.8, 0.9, 0.98, 0.999)),
]

# The length is cut to a whole number in floating point: 1999, 999.
DIFFERENT = [
    Case("UntunedLinearWarmup", {"beta2": 0.999}, [0, 999, 1998, 1999, 2000]),
    Case("UntunedExponentialWarmup", {"beta2": 0.999}, [0, 999, 1998]),
]


def rates(case: Case) -> list[float]:
    """The dampened rates of an optimizer whose own rate is 1."""
    torch, peer = importlib.import_module("torch"), importlib.import_module("pytorch_warmup")
    arguments = dict(case.arguments)
    betas = (0.9, arguments.pop("beta2", 0.999))
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1.0, betas=betas)
    warmup = getattr(peer, case.function)(optimizer, **arguments)
    found = []
    for _ in range(max(case.steps) + 1):
        found.append(optimizer.param_groups[0]["lr"])
        with warmup.dampening():
            pass
    return [found[step] for step in case.steps]

"""The grid for Transformers, and how it is asked."""

import importlib
import types

from tests.golden import Case

PACKAGE = "transformers"

RUNS = [(0, 10), (1, 10), (3, 10), (9, 10), (0, 1), (7, 50)]
LONG = [0, 1, 99, 100, 101, 333, 550, 998, 999, 1000]
LR_RATE = "get_cosine_with_min_lr_schedule_with_warmup_lr_rate"


def case(function: str, warmup: int, total: int, past: int = 0, base_lr: float = 1e-3, **arguments) -> Case:
    """A run at every step of it, the boundaries around the warmup and the end among them, and `past` steps more."""
    last = total + past
    steps = [*range(last + 1)] if total <= 50 else [*(step for step in LONG if step <= last), *range(1001, last + 1)]
    run = {"num_warmup_steps": warmup, "num_training_steps": total, **arguments, "base_lr": base_lr}
    return Case(function, run, steps)


def only_warmup(function: str, **arguments) -> Case:
    """The warmup fills the run: its own steps."""
    return Case(
        function,
        {"num_warmup_steps": 10, "num_training_steps": 10, **arguments, "base_lr": 1e-3},
        [*range(10)],
    )


CASES = [
    Case("get_constant_schedule", {"base_lr": 5e-5}, [0, 1, 1000]),
    *(
        Case("get_constant_schedule_with_warmup", {"num_warmup_steps": warmup, "base_lr": 5e-5}, [*range(14), 1000])
        for warmup in (0, 1, 10)
    ),
    *(case("get_linear_schedule_with_warmup", *run, past=3) for run in [*RUNS, (100, 1000)]),
    only_warmup("get_linear_schedule_with_warmup"),
    case("get_linear_schedule_with_warmup", 3, 10, past=3, base_lr=6e-5, last_epoch=4),
    *(case("get_cosine_schedule_with_warmup", *run) for run in [*RUNS, (100, 1000)]),
    *(
        case("get_cosine_schedule_with_warmup", *run, num_cycles=cycles, base_lr=0.3)
        for run in [(0, 10), (3, 10), (7, 50), (100, 1000)]
        for cycles in (0.25, 0.7, 1.0, 1.5, 2.0, 7.5)
    ),
    only_warmup("get_cosine_schedule_with_warmup"),
    case("get_cosine_schedule_with_warmup", 3, 40, base_lr=6e-5, last_epoch=9)._replace(steps=[*range(31)]),
    *(
        case("get_cosine_with_hard_restarts_schedule_with_warmup", *run, past=3, num_cycles=cycles, base_lr=0.3)
        for run in [*RUNS, (100, 1000)]
        for cycles in (1, 2, 3, 1.5)
    ),
    only_warmup("get_cosine_with_hard_restarts_schedule_with_warmup", num_cycles=2),
    *(case("get_polynomial_decay_schedule_with_warmup", *run, past=3) for run in [*RUNS, (100, 1000)]),
    *(
        case("get_polynomial_decay_schedule_with_warmup", *run, past=3, lr_end=1e-5, power=power)
        for run in [(0, 10), (7, 50), (100, 1000)]
        for power in (0.5, 2.0, 3.5)
    ),
    only_warmup("get_polynomial_decay_schedule_with_warmup"),
    *(
        Case(
            "get_inverse_sqrt_schedule",
            {"num_warmup_steps": warmup, **scale, "base_lr": 2e-3},
            [*range(14), 999, 99999],
        )
        for warmup in (0, 1, 10)
        for scale in ({}, {"timescale": 50})
    ),
    *(
        case("get_cosine_with_min_lr_schedule_with_warmup", *run, **floor)
        for run in [*RUNS, (100, 1000)]
        for floor in ({"min_lr": 1e-4}, {"min_lr_rate": 0.1}, {"min_lr_rate": 0.25, "num_cycles": 1.5})
    ),
    only_warmup("get_cosine_with_min_lr_schedule_with_warmup", min_lr_rate=0.1),
    *(
        case(LR_RATE, *run, past=-1, **floor, **rate)
        for run in [*RUNS, (2, 10), (100, 1000)]
        for floor in ({"min_lr": 1e-4}, {"min_lr_rate": 0.25, "num_cycles": 1.5})
        for rate in ({}, {"warmup_lr_rate": 0.3})
        if run != (0, 1)
    ),
    only_warmup(LR_RATE, min_lr_rate=0.1),
    *(
        case("get_wsd_schedule", 4, 30, past=3, num_decay_steps=12, warmup_type=up, decay_type=down, min_lr_ratio=floor)
        for up in ("linear", "cosine", "1-sqrt")
        for down in ("linear", "cosine", "1-sqrt")
        for floor in (0, 0.1)
    ),
    *(
        Case(
            "get_wsd_schedule",
            {"num_warmup_steps": w, "num_decay_steps": d, "num_stable_steps": s, "min_lr_ratio": 0.1, **more}
            | {"base_lr": 1e-3},
            [*range(w + s + d + 4)],
        )
        for w, s, d in [(0, 5, 5), (5, 0, 5), (5, 5, 0), (1, 1, 1), (0, 0, 8)]
        for more in ({}, {"num_cycles": 1.0}, {"num_cycles": 0.3})
    ),
    *(
        Case(
            "get_scheduler",
            {"name": name, "num_warmup_steps": 3, "num_training_steps": 20, "base_lr": 1e-3}
            | ({"scheduler_specific_kwargs": more} if more else {}),
            [*range(20)],
        )
        for name, more in {
            "linear": {},
            "cosine": {},
            "cosine_with_restarts": {"num_cycles": 2},
            "polynomial": {"power": 2.0},
            "constant_with_warmup": {},
            "inverse_sqrt": {},
            "cosine_with_min_lr": {"min_lr_rate": 0.1},
            "cosine_warmup_with_min_lr": {"min_lr_rate": 0.1},
            "warmup_stable_decay": {"num_decay_steps": 5},
        }.items()
    ),
    Case("get_scheduler", {"name": "constant", "base_lr": 1e-3}, [0, 5]),
    *(
        Case(
            "from_trainer_args", {"arguments": {"max_steps": 1000, "warmup_steps": warmup, "learning_rate": 2e-5}}, LONG
        )
        for warmup in (0, 1, 1.0, 100, 0.1, 0.07, 0.999)
    ),
]

# Transformers rises again after the end, drops to the end where the warmup fills the run, and its rounding keeps some
# boundaries of a restart in the cycle before: 49 * (2 / 98) is below 1.
DIFFERENT = [
    case("get_cosine_schedule_with_warmup", 2, 10, past=4)._replace(steps=[10, 11, 12, 14]),
    case("get_cosine_with_min_lr_schedule_with_warmup", 2, 10, min_lr_rate=0.1)._replace(steps=[10, 11, 12, 14]),
    case(LR_RATE, 2, 10, min_lr_rate=0.1)._replace(steps=[9, 10, 11]),
    only_warmup("get_linear_schedule_with_warmup")._replace(steps=[9, 10, 11]),
    case("get_cosine_with_hard_restarts_schedule_with_warmup", 0, 98, num_cycles=49)._replace(steps=[0, 1, 2, 4]),
    case("get_cosine_with_min_lr_schedule_with_warmup", 2, 10, min_lr=2e-3)._replace(steps=[2, 6, 10]),
    case("get_wsd_schedule", 6, 10, num_decay_steps=6)._replace(steps=[5, 6, 10]),
]


def rates(case: Case) -> list[float]:
    """The rates of an SGD optimizer as the scheduler sets them."""
    torch, peer = importlib.import_module("torch"), importlib.import_module("transformers.optimization")
    arguments, function = dict(case.arguments), case.function
    if function == "from_trainer_args":  # as `Trainer.create_scheduler` does
        function, fields = "get_scheduler", arguments["arguments"]
        training_arguments = importlib.import_module("transformers.training_args").TrainingArguments
        warmup = training_arguments.get_warmup_steps(
            types.SimpleNamespace(warmup_steps=fields["warmup_steps"]), fields["max_steps"]
        )
        arguments = {"name": "linear", "num_warmup_steps": warmup, "num_training_steps": fields["max_steps"]}
        arguments["base_lr"] = fields["learning_rate"]
    base_lr = arguments.pop("base_lr")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base_lr)
    optimizer.param_groups[0]["initial_lr"] = base_lr
    scheduler = getattr(peer, function)(optimizer=optimizer, **arguments)
    found = []
    for step in range(max(case.steps) + 1):
        if step > 0:
            optimizer.step()
            scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return [found[step] for step in case.steps]

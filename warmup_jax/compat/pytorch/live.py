"""Scheduler objects of PyTorch and Transformers as schedules, and schedules as scheduler objects of PyTorch."""

import functools
import importlib
import typing

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Shift
from warmup_jax.compat.pytorch import combining, cycles, schedulers
from warmup_jax.stages import lift


def from_torch(scheduler, kind=None, *, group=0) -> Schedule:
    """Read a scheduler of PyTorch, or of Transformers: the schedule from here on.

    Step 0 of the result is the rate that the optimizer has now, for a scheduler that was just made as for one that has
    run or was resumed. The rate in force must be the one that the scheduler's formula gives, or it is an error: a
    scheduler that was resumed wrongly, or one past its end where its class climbs again, is not followed.

    Args:
        scheduler: an object of `torch.optim.lr_scheduler`, or its `state_dict()`.
        kind: with a state dict the name of its class, such as "StepLR"; for `SequentialLR` and `ChainedScheduler`,
            whose state does not name its parts, a pair such as `("SequentialLR", ["LinearLR", "CosineAnnealingLR"])`.
        group: the parameter group whose rate is wanted, counted from 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Raises:
        TypeError: for something that is no scheduler, or a function in it that JAX cannot trace.
        ValueError: for an unknown class, a state of another class or version, or a rate that is not the formula's.
    """
    if isinstance(scheduler, dict):
        if kind is None:
            raise TypeError(
                "`from_torch(state, kind=...)` needs the name of the class with a state dict, such as 'StepLR'."
            )
        node = _Node(scheduler, *(kind if isinstance(kind, tuple) else (kind,)))
    else:
        if kind is not None:
            raise TypeError("`from_torch(kind=...)` goes with a state dict; a scheduler knows its own class.")
        node = _Node(scheduler)
    schedule = _read(node, group)
    at = _now(node)
    _check_rate(node, schedule, at, group)
    return Shift(schedule, -at) if at else schedule


class _Node:
    """A scheduler object or its state: the name of its class and its attributes."""

    def __init__(self, source, kind=None, parts=()):
        if not isinstance(source, dict):
            if not type(source).__module__.startswith("torch.optim."):
                raise TypeError(
                    "`from_torch(scheduler)` must be a scheduler of `torch.optim.lr_scheduler`, of that very class; "
                    f"{_checks.came(source)}."
                )
            kind = type(source).__name__
        self.kind: str = str(kind)
        self.parts, self.live = parts, not isinstance(source, dict)
        self.state: dict = source if isinstance(source, dict) else dict(vars(source))
        if kind == "ReduceLROnPlateau":
            raise ValueError(f"`from_torch(...)`: {self._plateau()}")
        if kind not in _READERS:
            raise ValueError(
                f"`from_torch(...)` knows {', '.join(_READERS)}; got {kind!r}.{_checks.nearest(kind, _READERS)}"
            )

    def __getitem__(self, name: str):
        if name not in self.state:
            raise ValueError(
                f"`from_torch(...)` expected the state of a `{self.kind}` of torch 2.13, which has {name!r}; got "
                f"{', '.join(map(repr, self.state)) or 'an empty one'}. Is `kind` the class that it came from?"
            )
        return self.state[name]

    def group(self, number: int) -> dict:
        """The parameter group of the optimizer, which a state dict does not hold."""
        if not self.live:
            raise ValueError(
                f"`from_torch(state, {self.kind!r})`: a `{self.kind}` keeps its rates in the optimizer, not in its "
                "state. Hand in the scheduler itself."
            )
        return self["optimizer"].param_groups[number]

    def children(self) -> list["_Node"]:
        children = self["_schedulers"]
        if self.live:
            return [_Node(child) for child in children]
        if len(self.parts) != len(children):
            raise ValueError(
                f"`from_torch(state, kind=...)` needs the class of each of the {len(children)} parts, as in "
                f"({self.kind!r}, ['LinearLR', 'CosineAnnealingLR']); got {list(self.parts)!r}."
            )
        kinds = [part if isinstance(part, tuple) else (part,) for part in self.parts]
        return [_Node(child, *kind) for child, kind in zip(children, kinds, strict=True)]

    def base_lr(self, group: int) -> float:
        rates = self["base_lrs"]
        if not 0 <= group < len(rates):
            raise ValueError(
                f"`from_torch(group=...)` must be below {len(rates)}, the number of groups; got {group!r}."
            )
        return float(rates[group])

    def _plateau(self) -> str:
        names = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps")
        known = ", ".join(f"{name}={self.state[name]!r}" for name in names if name in self.state)
        return (
            "a `ReduceLROnPlateau` depends on a metric, so it is no schedule of the step. Wrap the optimizer with "
            f"`compat.pytorch.ReduceLROnPlateau({known})`."
        )


def _read(node: _Node, group: int) -> Schedule:
    return _READERS[node.kind](node, group)


def _now(node: _Node) -> int:
    """How often the scheduler has stepped."""
    if node.kind == "ChainedScheduler":  # it keeps no count of its own
        return _now(node.children()[0])
    return int(node["_step_count"] - 1 if node.kind == "SWALR" else node["last_epoch"])


def _first_base_lr(node: _Node, group: int) -> float:
    return node.base_lr(group) if "base_lrs" in node.state else _first_base_lr(node.children()[0], group)


def _check_rate(node: _Node, schedule: Schedule, at: int, group: int) -> None:
    """The rate in force must be that of the formula."""
    rate = float(node.group(group)["lr"]) if node.live else node.state.get("_last_lr", {group: None})[group]
    if rate is None:
        return
    rate, wanted = float(rate), float(schedule(at))
    if abs(rate - wanted) > 1e-5 * max(abs(rate), abs(_first_base_lr(node, group))):
        raise ValueError(
            f"`from_torch(...)`: the rate in force is {rate:.7g}, but the formula of `{node.kind}` gives {wanted:.7g} "
            f"at step {at}. The scheduler was resumed out of order, something else changed the rate, or it is past its "
            f"end and climbs again. Make the schedule from its arguments with `compat.pytorch.{node.kind}(...)`."
        )


def _read_lambda(node: _Node, group: int) -> Schedule:
    fn, base_lr = node["lr_lambdas"][group], node.base_lr(group)
    if fn is None or isinstance(fn, dict):
        raise ValueError(
            f"`from_torch(state, {node.kind!r})`: the state of a `{node.kind}` does not hold its function. Hand in the "
            "scheduler itself."
        )
    if isinstance(fn, Rate):
        return fn.schedule * base_lr if base_lr != 1.0 else fn.schedule
    inner = fn.func if isinstance(fn, functools.partial) else fn
    if getattr(inner, "__module__", "") == "transformers.optimization":
        return _read_transformers(inner.__name__, dict(getattr(fn, "keywords", {})), base_lr)
    make = schedulers.LambdaLR if node.kind == "LambdaLR" else schedulers.MultiplicativeLR
    return make(fn, base_lr=base_lr)


def _read_transformers(name: str, arguments: dict, base_lr: float) -> Schedule:
    """A schedule of Transformers, which is a `LambdaLR` of a private function with its arguments bound."""
    from warmup_jax.compat import transformers  # it takes its plateau from this package

    makers = {
        "_get_constant_lambda": transformers.get_constant_schedule,
        "_get_constant_schedule_with_warmup_lr_lambda": transformers.get_constant_schedule_with_warmup,
        "_get_linear_schedule_with_warmup_lr_lambda": transformers.get_linear_schedule_with_warmup,
        "_get_cosine_schedule_with_warmup_lr_lambda": transformers.get_cosine_with_min_lr_schedule_with_warmup
        if "min_lr_rate" in arguments
        else transformers.get_cosine_schedule_with_warmup,
        "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": (
            transformers.get_cosine_with_hard_restarts_schedule_with_warmup
        ),
        "_get_polynomial_decay_schedule_with_warmup_lr_lambda": transformers.get_polynomial_decay_schedule_with_warmup,
        "_get_inverse_sqrt_schedule_lr_lambda": transformers.get_inverse_sqrt_schedule,
        "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": (
            transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate
        ),
        "_get_wsd_scheduler_lambda": transformers.get_wsd_schedule,
    }
    if name not in makers:
        raise ValueError(f"`from_torch(...)` knows the schedules of Transformers 5.23; got its function {name!r}.")
    if "lr_init" in arguments:  # its end is given for the rate of the optimizer and scales with that of the group
        arguments["lr_end"] *= base_lr / arguments.pop("lr_init")
    return makers[name](**arguments, base_lr=base_lr)


def _read_cyclic(node: _Node, group: int) -> Schedule:
    total = round(node["total_size"])
    up = round(node["total_size"] * node["step_ratio"])
    scale_fn = node["_scale_fn_custom"]
    if isinstance(scale_fn, dict):
        raise ValueError(
            "`from_torch(state, 'CyclicLR')`: the state does not hold its `scale_fn`. Hand in the scheduler."
        )
    return cycles.CyclicLR(
        node.base_lr(group), float(node["max_lrs"][group]), up, total - up, node["mode"], node["gamma"], scale_fn,
        node["scale_mode"],
    )  # fmt: skip


def _read_one_cycle(node: _Node, group: int) -> Schedule:
    rates, phases, total = node.group(group), node["_schedule_phases"], node["total_steps"]
    start, peak, stop = (float(rates[name]) for name in ("initial_lr", "max_lr", "min_lr"))
    # The share was multiplied out in floating point: its digits are those that survive the way back.
    share = float(f"{(phases[0]['end_step'] + 1) / total:.14g}")
    return cycles.OneCycleLR(
        peak, total, pct_start=share, anneal_strategy=node["_anneal_func_type"], div_factor=peak / start,
        final_div_factor=start / stop, three_phase=len(phases) == 3,
    )  # fmt: skip


def _read_swa(node: _Node, group: int) -> Schedule:
    """It keeps no rate to begin from: that follows from the rate in force."""
    rate, swa_lr = float(node.group(group)["lr"]), float(node.group(group)["swa_lr"])
    epochs, strategy = node["anneal_epochs"], node["_anneal_strategy"]
    gone = float(schedulers.SWALR(1.0, epochs, strategy, base_lr=0.0)(_now(node)))
    start = rate if gone == 1 else (rate - gone * swa_lr) / (1 - gone)
    return schedulers.SWALR(swa_lr, epochs, strategy, base_lr=start)


def _read_sequential(node: _Node, group: int) -> Schedule:
    return combining.SequentialLR([_read(child, group) for child in node.children()], list(node["_milestones"]))


def _read_chained(node: _Node, group: int) -> Schedule:
    children = node.children()
    return combining.ChainedScheduler(
        [_read(child, group) for child in children], base_lr=_first_base_lr(children[0], group)
    )


def _reader(make: typing.Callable[..., Schedule], *names: str):
    """A reader of the attributes `names`, which are the arguments of `make`."""

    def read(node: _Node, group: int) -> Schedule:
        return make(**{name: node[name] for name in names}, base_lr=node.base_lr(group))

    return read


def _read_multi_step(node: _Node, group: int) -> Schedule:
    milestones = sorted(node["milestones"].elements())  # a `collections.Counter`
    return schedulers.MultiStepLR(milestones, node["gamma"], base_lr=node.base_lr(group))


_READERS: dict[str, typing.Callable[[_Node, int], Schedule]] = {
    "LambdaLR": _read_lambda,
    "MultiplicativeLR": _read_lambda,
    "StepLR": _reader(schedulers.StepLR, "step_size", "gamma"),
    "MultiStepLR": _read_multi_step,
    "ConstantLR": _reader(schedulers.ConstantLR, "factor", "total_iters"),
    "LinearLR": _reader(schedulers.LinearLR, "start_factor", "end_factor", "total_iters"),
    "ExponentialLR": _reader(schedulers.ExponentialLR, "gamma"),
    "PolynomialLR": _reader(schedulers.PolynomialLR, "total_iters", "power"),
    "CosineAnnealingLR": _reader(schedulers.CosineAnnealingLR, "T_max", "eta_min"),
    "CosineAnnealingWarmRestarts": _reader(cycles.CosineAnnealingWarmRestarts, "T_0", "T_mult", "eta_min"),
    "CyclicLR": _read_cyclic,
    "OneCycleLR": _read_one_cycle,
    "SWALR": _read_swa,
    "SequentialLR": _read_sequential,
    "ChainedScheduler": _read_chained,
}


def to_torch(schedule, optimizer):
    """Drive an optimizer of PyTorch with a schedule: a `LambdaLR` at the very same float32 rates.

    `scheduler.step()` after each `optimizer.step()`, as ever. The schedule is the rate, not a factor: `lr` of the
    optimizer does not matter, and `initial_lr` of each group becomes 1. The state dict holds the count alone: to
    resume, make it anew from the schedule and load the state dicts of the scheduler and of the optimizer.

    Args:
        schedule: a schedule, or a list with one for each parameter group; groups whose rates differ need a list.
        optimizer: a `torch.optim.Optimizer`.

    Returns:
        A `torch.optim.lr_scheduler.LambdaLR`.

    Raises:
        ValueError: for a list of another length than the groups, or one schedule for groups whose rates differ.
    """
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list):
        raise TypeError(f"`to_torch(optimizer)` must be a `torch.optim.Optimizer`; {_checks.came(optimizer)}.")
    if isinstance(schedule, (list, tuple)):
        if len(schedule) != len(groups):
            raise ValueError(
                f"`to_torch(schedule)` must be one schedule for each of the {len(groups)} parameter groups; got "
                f"{len(schedule)}."
            )
        schedules = [lift(f"to_torch(schedule[{k}])", one) for k, one in enumerate(schedule)]
    else:
        rates = [float(group["lr"]) for group in groups]
        if len(set(rates)) > 1:
            raise ValueError(
                f"`to_torch(schedule)` must be a list with one schedule for each parameter group where their rates "
                f"differ; got one schedule for the rates {rates}, such as [schedule, schedule * 0.1]."
            )
        schedules = [lift("to_torch(schedule)", schedule)] * len(groups)
    for group in groups:
        group["initial_lr"] = 1.0
    return importlib.import_module("torch.optim.lr_scheduler").LambdaLR(optimizer, [Rate(one) for one in schedules])


class Rate:
    """A schedule as a `LambdaLR` calls it: a Python float for a count of steps.

    PyTorch saves the `__dict__` of such an object, which stays empty: the checkpoint needs no type of this library.
    """

    __slots__ = ("schedule", "__dict__")

    def __init__(self, schedule: Schedule):
        self.schedule = schedule

    def __call__(self, step: int) -> float:
        return float(self.schedule(step))

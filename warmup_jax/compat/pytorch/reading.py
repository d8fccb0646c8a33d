"""Scheduler objects of PyTorch and Transformers as schedules."""

import typing

import warmup_jax as wj
from warmup_jax._checks import nearest
from warmup_jax.compat.pytorch import combining, curves, cyclic, lambdas, one_cycle, stairs
from warmup_jax.compat.pytorch._state import State
from warmup_jax.compat.pytorch.driving import Rate
from warmup_jax.compat.transformers import schedule_of_lambda
from warmup_jax.fields import Count, checked

Reader: typing.TypeAlias = typing.Callable[[State, int], wj.Schedule]


@checked
def from_torch(
    scheduler: typing.Any, kind: str | tuple[typing.Any, ...] | None = None, *, group: Count = 0
) -> wj.Schedule:
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
        A schedule.

    Raises:
        TypeError: for something that is no scheduler, or a function in it that JAX cannot trace.
        ValueError: for an unknown class, a state of another class or version, or a rate that is not the formula's.
    """
    if isinstance(scheduler, dict) and kind is None:
        raise TypeError(
            "`from_torch(state, kind=...)` needs the name of the class with a state dict, such as 'StepLR'."
        )
    if not isinstance(scheduler, dict) and kind is not None:
        raise TypeError("`from_torch(kind=...)` goes with a state dict; a scheduler knows its own class.")
    state = State(scheduler, *(kind if isinstance(kind, tuple) else (kind or "",)))
    schedule, at = _read(state, int(group)), state.steps_taken()
    _check_rate(state, schedule, at, int(group))
    return wj.Shift(schedule, -at) if at else schedule


def _read(state: State, group: int) -> wj.Schedule:
    if state.kind == "ReduceLROnPlateau":
        names = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps")
        known = ", ".join(f"{name}={state[name]!r}" for name in names if name in state)
        raise ValueError(
            "`from_torch(...)`: a `ReduceLROnPlateau` depends on a metric, so it is no schedule of the step. Wrap the "
            f"optimizer with `compat.pytorch.ReduceLROnPlateau({known})`."
        )
    if state.kind not in _READERS:
        raise ValueError(
            f"`from_torch(...)` knows {', '.join(_READERS)}; got {state.kind!r}.{nearest(state.kind, _READERS)}"
        )
    return _READERS[state.kind](state, group)


def _check_rate(state: State, schedule: wj.Schedule, at: int, group: int) -> None:
    """The rate in force must be that of the formula."""
    rate, wanted = state.rate(group), float(schedule(at))
    if rate is not None and abs(rate - wanted) > 1e-5 * max(abs(rate), abs(state.base_lr(group))):
        raise ValueError(
            f"`from_torch(...)`: the rate in force is {rate:.7g}, but the formula of `{state.kind}` gives {wanted:.7g} "
            f"at step {at}. The scheduler was resumed out of order, something else changed the rate, or it is past its "
            f"end and climbs again. Make the schedule from its arguments with `compat.pytorch.{state.kind}(...)`."
        )


def _with_names(make: typing.Callable[..., wj.Schedule], *names: str) -> Reader:
    """A reader of the attributes `names`, which are the arguments of `make`."""

    def read(state: State, group: int) -> wj.Schedule:
        return make(**{name: state[name] for name in names}, base_lr=state.base_lr(group))

    return read


def _with_lambda(make: typing.Callable[..., wj.Schedule]) -> Reader:
    """A reader of the function that is the argument of `make`."""

    def read(state: State, group: int) -> wj.Schedule:
        fn, base_lr = state.function("function", state["lr_lambdas"][group]), state.base_lr(group)
        if isinstance(fn, Rate):
            return fn.schedule * base_lr if base_lr != 1.0 else fn.schedule
        of_transformers = schedule_of_lambda(fn, base_lr)
        return make(fn, base_lr=base_lr) if of_transformers is None else of_transformers

    return read


def _multi_step(state: State, group: int) -> wj.Schedule:
    milestones = sorted(state["milestones"].elements())  # a `collections.Counter`
    return stairs.MultiStepLR(milestones, state["gamma"], base_lr=state.base_lr(group))


def _cyclic(state: State, group: int) -> wj.Schedule:
    total = round(state["total_size"])
    up = round(state["total_size"] * state["step_ratio"])
    scale_fn = state["_scale_fn_custom"]
    return cyclic.CyclicLR(
        state.base_lr(group), float(state["max_lrs"][group]), up, total - up, state["mode"], state["gamma"],
        None if scale_fn is None else state.function("`scale_fn`", scale_fn), state["scale_mode"],
    )  # fmt: skip


def _one_cycle(state: State, group: int) -> wj.Schedule:
    rates, phases, total = state.group(group), state["_schedule_phases"], state["total_steps"]
    start, peak, stop = (float(rates[name]) for name in ("initial_lr", "max_lr", "min_lr"))
    # The share was multiplied out in floating point: its digits are those that survive the way back.
    share = float(f"{(phases[0]['end_step'] + 1) / total:.14g}")
    return one_cycle.OneCycleLR(
        peak, total, pct_start=share, anneal_strategy=state["_anneal_func_type"], div_factor=peak / start,
        final_div_factor=start / stop, three_phase=len(phases) == 3,
    )  # fmt: skip


def _swa(state: State, group: int) -> wj.Schedule:
    """It keeps no rate to begin from: that follows from the rate in force."""
    rate, swa_lr = float(state.group(group)["lr"]), float(state.group(group)["swa_lr"])
    epochs, strategy = state["anneal_epochs"], state["_anneal_strategy"]
    gone = float(curves.SWALR(1.0, epochs, strategy, base_lr=0.0)(state.steps_taken()))
    start = rate if gone == 1 else (rate - gone * swa_lr) / (1 - gone)
    return curves.SWALR(swa_lr, epochs, strategy, base_lr=start)


def _sequential(state: State, group: int) -> wj.Schedule:
    return combining.SequentialLR([_read(child, group) for child in state.children()], list(state["_milestones"]))


def _chained(state: State, group: int) -> wj.Schedule:
    schedules = [_read(child, group) for child in state.children()]
    return combining.ChainedScheduler(schedules, base_lr=state.base_lr(group))


_READERS: dict[str, Reader] = {
    "LambdaLR": _with_lambda(lambdas.LambdaLR),
    "MultiplicativeLR": _with_lambda(lambdas.MultiplicativeLR),
    "StepLR": _with_names(stairs.StepLR, "step_size", "gamma"),
    "MultiStepLR": _multi_step,
    "ConstantLR": _with_names(curves.ConstantLR, "factor", "total_iters"),
    "LinearLR": _with_names(curves.LinearLR, "start_factor", "end_factor", "total_iters"),
    "ExponentialLR": _with_names(stairs.ExponentialLR, "gamma"),
    "PolynomialLR": _with_names(curves.PolynomialLR, "total_iters", "power"),
    "CosineAnnealingLR": _with_names(curves.CosineAnnealingLR, "T_max", "eta_min"),
    "CosineAnnealingWarmRestarts": _with_names(curves.CosineAnnealingWarmRestarts, "T_0", "T_mult", "eta_min"),
    "CyclicLR": _cyclic,
    "OneCycleLR": _one_cycle,
    "SWALR": _swa,
    "SequentialLR": _sequential,
    "ChainedScheduler": _chained,
}

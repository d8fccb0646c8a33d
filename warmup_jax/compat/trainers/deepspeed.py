"""DeepSpeed."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax import _words
from warmup_jax.compat.trainers._settings import Section, known_type, needed, refuse_rates, section_of
from warmup_jax.fields import Positive, at_least, checked

WarmupType: typing.TypeAlias = typing.Literal["log", "linear"]


@checked
def deepspeed(
    *, scheduler: Section, optimizer: Section | None = None, total: int | None = None, **others: typing.Any
) -> wj.Schedule:
    """The schedule in the `scheduler` section of a DeepSpeed config.

    The type is `WarmupLR`, `WarmupDecayLR`, `WarmupCosineLR`, `OneCycle` or `LRRangeTest`. Their warmup is logarithmic
    by default, `log(step + 1) / log(warmup_num_steps)`.

    The schedule is theirs at batch iteration `step`. DeepSpeed asks it after each update, so that update 0 has the rate
    of step 0 and each later one that of the step before it: `wj.Shift(schedule, 1)`.

    Args:
        scheduler: the section, with `type` and `params`.
        optimizer: the section with the `lr` in its `params`, which `WarmupCosineLR` multiplies.
        total: the length of an `LRRangeTest`, in updates.
        **others: the rest of the config.

    Returns:
        A schedule.

    Example:
        >>> params = {"warmup_max_lr": 3e-4, "warmup_num_steps": 100, "total_num_steps": 1_000, "warmup_type": "linear"}
        >>> deepspeed(scheduler={"type": "WarmupDecayLR", "params": params})
        Join(Linear(start=0.0, stop=0.0003, steps=100), Linear(start=0.0003, stop=0.0, steps=900))

    Source: microsoft/DeepSpeed, deepspeed/runtime/lr_schedules.py, the classes of these names.
    """
    refuse_rates(deepspeed, others)
    section = section_of("deepspeed(scheduler=...)", scheduler, "`type` and `params`")
    make: typing.Callable[..., wj.Schedule] = known_type("deepspeed(scheduler=...)", section.get("type"), _MAKERS)
    params = section_of("deepspeed(scheduler=...)", section.get("params", {}), "`params`, a table")
    if filled := [name for name, value in params.items() if value == "auto"]:
        raise ValueError(
            f"the setting {_words.value(filled[0])} of a scheduler is 'auto', which the Trainer of Hugging Face fills "
            "in from its own arguments. Write the number, or read those, with `lr_scheduler_type`."
        )
    if section["type"] == "LRRangeTest":
        return make(total, **params)
    if section["type"] == "WarmupCosineLR":
        own = section_of("deepspeed(optimizer=...)", optimizer or {}, "`params`").get("params", {})
        peak = section_of("deepspeed(optimizer=...)", own, "`params`, a table with `lr`").get("lr")
        return make(needed("deepspeed(optimizer=...)", peak, "the `lr` in its `params` is multiplied"), **params)
    return make(**params)


@checked
def WarmupLR(
    *,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float = 0.001,
    warmup_num_steps: int = 1_000,
    warmup_type: WarmupType = "log",
) -> wj.Schedule:
    """A warmup, and then the peak."""
    rise = _warmup(warmup_min_lr, warmup_max_lr, warmup_num_steps, warmup_type)
    return wj.join(rise[0], wj.Constant(warmup_max_lr))


@checked
def WarmupDecayLR(
    *,
    total_num_steps: int,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float = 0.001,
    warmup_num_steps: int = 1_000,
    warmup_type: WarmupType = "log",
) -> wj.Schedule:
    """A warmup, and then a straight line back to where it began."""
    rise = _warmup(warmup_min_lr, warmup_max_lr, warmup_num_steps, warmup_type)
    return wj.join(*rise, wj.Linear(warmup_max_lr, warmup_min_lr, _rest(total_num_steps, rise)))


@checked
def WarmupCosineLR(
    lr: float,
    /,
    *,
    total_num_steps: int,
    warmup_min_ratio: float = 0.0,
    warmup_num_steps: int = 1_000,
    cos_min_ratio: float = 0.0001,
    warmup_type: WarmupType = "log",
) -> wj.Schedule:
    """A warmup, and then a cosine that is asked a step ahead."""
    rise = _warmup(lr * warmup_min_ratio, lr, warmup_num_steps, warmup_type)
    return wj.join(*rise, wj.Shift(wj.Cosine(lr, lr * cos_min_ratio, _rest(total_num_steps, rise)), -1))


@checked
def OneCycle(
    *,
    cycle_min_lr: float,
    cycle_max_lr: float,
    decay_lr_rate: float = 0.0,
    cycle_first_step_size: Annotated[int, at_least(1)] = 2_000,
    cycle_second_step_size: Annotated[int, at_least(1)] | None = None,
    decay_step_size: int = 0,
    **momentum: typing.Any,
) -> wj.Schedule:
    """Up and down once, and then a decay with the inverse of time. Stairs are named by DeepSpeed, but it has none."""
    refuse_rates(OneCycle, momentum)
    fall = cycle_first_step_size if cycle_second_step_size is None else cycle_second_step_size
    cycle = [wj.Linear(cycle_min_lr, cycle_max_lr, cycle_first_step_size), wj.Linear(cycle_max_lr, cycle_min_lr, fall)]
    if decay_lr_rate == 0 or decay_step_size == 0:
        return wj.join(*cycle)
    tail = wj.InversePower(cycle_min_lr, timescale=decay_step_size / decay_lr_rate, power=1.0)
    return wj.join(*cycle, wj.Shift(tail, -1))


@checked
def LRRangeTest(
    total: int | None,
    /,
    *,
    lr_range_test_min_lr: float = 1e-3,
    lr_range_test_step_size: Annotated[int, at_least(1)] = 2_000,
    lr_range_test_step_rate: Positive = 1.0,
    lr_range_test_staircase: bool = False,
) -> wj.Schedule:
    """A straight line, or stairs, ever upwards: `min_lr * (1 + step_rate * step / step_size)`."""
    steps = needed("deepspeed(total=...)", total, "an LRRangeTest has no end of its own")
    size, low = lr_range_test_step_size, lr_range_test_min_lr
    if not lr_range_test_staircase:
        return wj.Linear(low, low * (1 + lr_range_test_step_rate * steps / size), steps)
    stairs = -(-steps // size)
    return wj.Staircase(wj.Linear(low, low * (1 + lr_range_test_step_rate * stairs), stairs * size), size)


_MAKERS: dict[str, typing.Callable[..., wj.Schedule]] = {
    make.__name__: make for make in (WarmupLR, WarmupDecayLR, WarmupCosineLR, OneCycle, LRRangeTest)
}


def _warmup(low: float, peak: float, steps: int, kind: str) -> list[wj.Schedule]:
    """The stages of a warmup of at least two steps; the logarithm is at its peak a step early."""
    length = max(steps, 2)
    if kind == "linear":
        return [wj.Linear(low, peak, length)]
    return [wj.Logarithmic(low, peak, length - 1), wj.Constant(peak, 1)]


def _rest(total: int, rise: list[wj.Schedule]) -> int:
    return max(total - sum(int(stage.steps or 0) for stage in rise), 0)

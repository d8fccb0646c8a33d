"""MMEngine, and with it MMDetection, MMSegmentation and MMPretrain."""

import functools
import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax import _checks
from warmup_jax.compat.trainers._settings import Section, Share, known_type, needed, section_of
from warmup_jax.fields import Boundaries, Positive, at_least, checked

# From the rate at which it begins, its length, and the updates from one moment that it names to the next.
Curve: typing.TypeAlias = typing.Callable[[float, int, int], wj.Schedule]

_ENDLESS = int(1e9)  # MMEngine's INF


class Part(typing.NamedTuple):
    """A scheduler: the updates from which and to which it works, and what it makes of a rate."""

    kind: str
    begin: int
    end: int
    curve: typing.Callable[[float], wj.Schedule]
    multiplies: bool  # it ends at the rate that it is given, or falls to 0: its value is a factor on that rate


@checked
def mmengine(
    *,
    param_scheduler: typing.Any = None,
    optim_wrapper: Section | None = None,
    train_cfg: Section | None = None,
    steps_per_epoch: Annotated[int, at_least(1)] | None = None,
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of an MMEngine config.

    Read are one scheduler, or a warmup (`LinearLR` or `ConstantLR`) and a scheduler that begins behind it, or that
    begins with it and multiplies it: `CosineAnnealingLR`, `PolyLR`, `MultiStepLR`, `StepLR` or `ExponentialLR`. What is
    given by epoch holds its value for an epoch, unless `convert_to_iter_based`.

    `LinearLR` and `PolyLR` of n steps arrive in the last of them, `step / (n - 1)`. Behind its `end` a cosine stays at
    its end; MMEngine stays at the value of the last step before it.

    Args:
        param_scheduler: the list of schedulers, or one.
        optim_wrapper: the table with the `lr` in its `optimizer`.
        train_cfg: the table with `max_epochs` or `max_iters`, the end of a scheduler that has none.
        steps_per_epoch: the updates of an epoch, where something is given by epoch.
        **others: the rest of the config, and the variables of a file of Python.

    Returns:
        A schedule.

    Example:
        >>> schedulers = [
        ...     {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": 500},
        ...     {"type": "MultiStepLR", "begin": 0, "end": 12, "by_epoch": True, "milestones": [8, 11], "gamma": 0.1},
        ... ]
        >>> rate = mmengine(param_scheduler=schedulers, optim_wrapper={"optimizer": {"lr": 0.02}}, steps_per_epoch=100)
        >>> f"{rate(0):.0e} {rate(499):.0e} {rate(799):.0e} {rate(800):.0e}"
        '2e-05 2e-02 2e-02 2e-03'

    Source: open-mmlab/mmengine, mmengine/optim/scheduler/param_scheduler.py.
    """
    if param_scheduler is None or optim_wrapper is None:
        missing = "param_scheduler" if param_scheduler is None else "optim_wrapper"
        why = "the schedule is made of it"
        if "_base_" in others:
            why = "`_base_` is not followed; hand in the whole config, as `tools/misc/print_config.py` prints it"
        raise ValueError(f"`mmengine({missing}=...)` must be given: {why}.")
    wrapper = section_of("mmengine(optim_wrapper=...)", optim_wrapper, "`optimizer`")
    optimizer = section_of(
        "mmengine(optim_wrapper=...)", wrapper.get("optimizer", {}), "`optimizer`, a table with `lr`"
    )
    lr = needed("mmengine(optim_wrapper=...)", optimizer.get("lr"), "the `lr` of its `optimizer` is multiplied")
    run = section_of("mmengine(train_cfg=...)", train_cfg or {}, "`max_epochs` or `max_iters`")
    listed = param_scheduler if _checks.is_sequence(param_scheduler) else [param_scheduler]
    return _together(lr, [_part(each, run, steps_per_epoch) for each in listed])


def _together(lr: float, parts: list[Part]) -> wj.Schedule:
    """One part, or a warmup and a part."""
    if len(parts) == 1 and parts[0].begin == 0:
        return parts[0].curve(lr)
    if len(parts) == 2 and parts[0].kind in ("LinearLR", "ConstantLR") and parts[0].begin == 0 and parts[0].multiplies:
        warmup, main = parts
        if main.begin >= warmup.end:
            gap = main.begin - warmup.end
            return wj.join(warmup.curve(lr), *([wj.Constant(lr, gap)] if gap else []), main.curve(lr))
        if main.begin == 0 and main.multiplies:
            return warmup.curve(lr) * main.curve(1.0)
    kinds = ", ".join(f"{part.kind} from {part.begin} to {part.end}" for part in parts)
    raise ValueError(
        "`mmengine(param_scheduler=...)` is read where it is one scheduler, or a warmup to the whole rate (LinearLR or "
        f"ConstantLR) and a scheduler from its end on, or one from 0 on that has no `eta_min`; got {kinds or 'none'}."
    )


def _part(scheduler: typing.Any, run: Section, steps_per_epoch: int | None) -> Part:
    """A scheduler with its times in updates."""
    settings = section_of("mmengine(param_scheduler=...)", scheduler, "`type`")
    kind = settings.pop("type", None)
    make = known_type("mmengine(param_scheduler=...)", kind, _MAKERS)
    by_epoch, smooth = settings.pop("by_epoch", True), settings.pop("convert_to_iter_based", False)
    settings.pop("verbose", None)
    span = {key: settings.pop(key) for key in ("begin", "end") if key in settings}
    begin, end = scheduler_span(**span, run=run.get("max_epochs" if by_epoch else "max_iters"))
    unit = needed("mmengine(steps_per_epoch=...)", steps_per_epoch, f"{kind} is by epoch") if by_epoch else 1
    made, multiplies = make(**settings)
    stairs = unit > 1 and not smooth and kind in ("LinearLR", "CosineAnnealingLR", "PolyLR")

    def in_updates(lr: float) -> wj.Schedule:
        if stairs:
            return wj.Staircase(wj.Stretch(made(lr, end - begin, 1), unit), unit)
        return made(lr, (end - begin) * unit, 1 if smooth and kind == "ExponentialLR" else unit)

    return Part(str(kind), begin * unit, end * unit, in_updates, multiplies)


@checked
def scheduler_span(*, begin: int = 0, end: int = _ENDLESS, run: int | None = None) -> tuple[int, int]:
    """From where to where a scheduler works."""
    end = end if run is None else min(end, run)
    if end <= begin:
        raise ValueError(f"`mmengine(param_scheduler=...)` must have an `end` above `begin`; got {end} and {begin}.")
    return begin, end


@checked
def LinearLR(*, start_factor: Share = 1 / 3, end_factor: Share = 1.0) -> tuple[Curve, bool]:
    """A straight line from a share of the rate to another."""
    return (lambda lr, steps, unit: _early(wj.Linear, lr * start_factor, lr * end_factor, steps)), end_factor == 1


@checked
def ConstantLR(*, factor: Share = 1 / 3) -> tuple[Curve, bool]:
    """A share of the rate, and in its last step all of it."""
    return (lambda lr, steps, unit: wj.join(wj.Constant(lr * factor, steps - unit), wj.Constant(lr, unit))), True


@checked
def CosineAnnealingLR(*, T_max: Annotated[int, at_least(1)], eta_min: float = 0.0) -> tuple[Curve, bool]:
    """Half a cosine of `T_max` steps."""

    def curve(lr: float, steps: int, unit: int) -> wj.Schedule:
        length = T_max * unit
        if steps > length and steps < _ENDLESS // 2:
            raise ValueError(
                f"`CosineAnnealingLR(T_max=...)` must reach to its `end`; got {T_max!r}: it would rise again."
            )
        whole = wj.Cosine(lr, eta_min, length)
        return wj.Truncate(whole, steps) if steps < length else whole

    return curve, eta_min == 0


@checked
def PolyLR(*, power: Positive = 1.0, eta_min: float = 0.0) -> tuple[Curve, bool]:
    """A power of what is left."""
    shape = functools.partial(wj.Polynomial, power=power)
    return (lambda lr, steps, unit: _early(shape, lr, eta_min, steps)), eta_min == 0


@checked
def MultiStepLR(*, milestones: Boundaries, gamma: float = 0.1) -> tuple[Curve, bool]:
    """A factor at each milestone."""

    def curve(lr: float, steps: int, unit: int) -> wj.Schedule:
        return wj.multi_step(peak=lr, boundaries=[int(step) * unit for step in milestones], factor=gamma)

    return curve, True


@checked
def StepLR(*, step_size: Annotated[int, at_least(1)], gamma: Positive = 0.1) -> tuple[Curve, bool]:
    """A factor every so many steps."""
    return (lambda lr, steps, unit: wj.step_decay(peak=lr, every=step_size * unit, factor=gamma)), True


@checked
def ExponentialLR(*, gamma: Positive) -> tuple[Curve, bool]:
    """A factor at every step."""
    return (lambda lr, steps, unit: wj.Repeat(wj.Constant(lr, unit), scale=gamma)), True


_MAKERS = {
    make.__name__: make
    for make in (LinearLR, ConstantLR, CosineAnnealingLR, PolyLR, MultiStepLR, StepLR, ExponentialLR)
}


def _early(shape: typing.Callable[..., wj.Schedule], start: float, stop: float, steps: int) -> wj.Schedule:
    """`shape`, but at its end in the last of its steps."""
    return wj.join(shape(start, stop, steps - 1), wj.Constant(stop, 1))

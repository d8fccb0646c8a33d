"""What is wrong with a schedule over a run, told before a step of it is paid for: `lint`."""

import collections.abc
import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks, fields
from warmup_jax._schedule import Schedule
from warmup_jax.lint import _lengths, _optimizer, _stages, _units, _values, _zeros  # noqa: F401  # each adds its rules
from warmup_jax.lint._case import Finding as Finding
from warmup_jax.lint._case import case_of, findings_of
from warmup_jax.lint._rule import RULES as RULES
from warmup_jax.lint._rule import Rule as Rule
from warmup_jax.report._curves import check_concrete, curve
from warmup_jax.report._measures import Curve
from warmup_jax.transform._search import scheduled_states
from warmup_jax.transform.reading import scheduled_state
from warmup_jax.units import Run

if typing.TYPE_CHECKING:
    from jax.typing import DTypeLike

READ = ("b2", "learning_rate", "weight_decay")  # the hyperparameters that a rule reads
_AS_SCHEDULE = fields.kind_of(Schedule) or fields.Kind()


def lint(
    schedule: Schedule,
    run: Run,
    optimizer: typing.Any = None,
    *,
    rate_dtype: "DTypeLike | None" = None,
    select: str | typing.Collection[str] | None = None,
    ignore: str | typing.Collection[str] = (),
) -> list[Finding]:
    """What looks wrong with a schedule over a run.

    A finding of severity "error" costs most of the run, a "warning" is rarely meant, an "info" may well be. Each rule
    is described in `RULES`, with reports of runs that it would have saved.

    Args:
        schedule: the learning rate.
        run: the run, whose `steps_per_epoch` and `accumulate` are used where they are known.
        optimizer: what is known of the optimizer: the state of one made with `scheduled`, by itself or within others,
            or a dict of hyperparameters as they are given to the factory, such as `{"b2": 0.999}`. Of those `b2`,
            `weight_decay` and `learning_rate` are read.
        rate_dtype: the dtype in which the rate is stored, such as `"bfloat16"`; without it no rule speaks of that.
        select: the codes of the rules to ask; all of them by default.
        ignore: the codes of rules not to ask.

    Returns:
        A list of `Finding`, errors first, then warnings, then infos, each in the order of their steps. Beyond 2**20
        steps the values come from as many evenly spaced steps and the neighbours of each boundary between stages.
        Where values are not finite, that is the only finding.

    Raises:
        TypeError: for what is no schedule of known numbers, no `Run`, no state and no dict, no float dtype.
        ValueError: for an unknown code, for an optimizer of which nothing is known that a rule reads.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax.lint import lint
        >>> schedule = wj.warmup_cosine(peak=3e-4, warmup=300, total=3900)
        >>> [(finding.severity, finding.code) for finding in lint(schedule, wj.Run(total=3900))]
        []
        >>> [(finding.severity, finding.code) for finding in lint(schedule, wj.Run(total=3900 * 8, accumulate=8))]
        [('error', 'ends-before-run'), ('warning', 'micro-steps-as-steps')]
        >>> lint(schedule, wj.Run(total=39))[0].fix
        "Train for more than 300 steps, or shorten the warmup: `warmup=run.steps('5%')` is 2."
    """
    check_concrete("lint", schedule)
    if not isinstance(run, Run):
        raise TypeError(f"`lint(run=...)` must be a `Run`; {_checks.came(run)}. Write `Run(total=...)`.")
    asked = _codes("select", RULES if select is None else select) - _codes("ignore", ignore)
    dtype, settings = None if rate_dtype is None else _dtype(rate_dtype), _settings(optimizer)
    floats = [float(leaf) for leaf in jax.tree.leaves(schedule) if np.ndim(leaf) == 0]
    case = case_of(schedule, run, lambda total: _precise(curve(schedule, total)), floats)
    decays = [each["weight_decay"] for each in settings if "weight_decay" in each]
    case = case._replace(
        settings=settings,
        rate_dtype=dtype,
        decays=[np.asarray(decay(case.steps), np.float64) for decay in decays],
    )
    return findings_of(case, [(code, rule.check) for code, rule in RULES.items() if code in asked])


def _precise(points: Curve) -> Curve:
    return Curve(points.steps, points.values.astype(np.float64))


def _codes(name: str, codes) -> set[str]:
    codes = [codes] if isinstance(codes, str) else list(codes)
    for code in codes:
        if code not in RULES:
            raise ValueError(
                f"`lint({name}=...)` has the unknown code {code!r}.{_checks.nearest(code, RULES)} The codes are "
                f"{', '.join(RULES)}."
            )
    return set(codes)


def _dtype(rate_dtype) -> np.dtype:
    try:
        dtype = jnp.dtype(rate_dtype)
    except TypeError:
        dtype = None
    if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"`lint(rate_dtype=...)` must be a float dtype, such as 'bfloat16'; {_checks.came(rate_dtype)}."
        )
    return dtype


def _settings(optimizer) -> list[dict[str, Schedule]]:
    """The hyperparameters of each optimizer, as schedules by name."""
    if optimizer is None:
        return []
    if scheduled_states(optimizer):
        found = scheduled_state(optimizer)
        states = found.values() if isinstance(found, dict) else [found]
        return [
            {name: schedule * state.factors[name] for name, schedule in state.schedules.items()} for state in states
        ]
    if isinstance(optimizer, collections.abc.Mapping):
        names = [name for name in READ if name in optimizer]
        known = {name: _AS_SCHEDULE.check(f"lint(optimizer={{{name!r}: ...}})", optimizer[name]) for name in names}
        b2 = getattr(known.get("b2"), "value", None)  # where it is one number
        if b2 is not None and not 0 <= float(b2) < 1:
            raise ValueError(f"`lint(optimizer={{'b2': ...}})` must be from 0 to below 1; got {optimizer['b2']!r}.")
        if not known:
            raise ValueError(
                "`lint(optimizer=...)` has no hyperparameter that a rule reads; they are "
                f"{', '.join(READ)}, got {', '.join(map(str, optimizer)) or 'none'}."
            )
        return [known]
    if callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None)):
        raise TypeError(
            "`lint(optimizer=...)` must be the state of an optimizer, in which its schedules are; got the optimizer. "
            "Pass `optimizer.init(params)`, or a dict such as `{'b2': 0.999}`."
        )
    raise TypeError(
        "`lint(optimizer=...)` must be the state of a `scheduled` optimizer or a dict of hyperparameters, such as "
        f"`{{'b2': 0.999}}`; got a {type(optimizer).__name__} without one."
    )

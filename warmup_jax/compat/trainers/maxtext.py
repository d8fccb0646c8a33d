"""MaxText."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat.trainers._settings import Share, refuse_rates
from warmup_jax.fields import at_least, checked

# Of attention, distillation, DiLoCo and the first compile.
_LET_PASS = {
    "use_batch_split_schedule",
    "use_splash_scheduler",
    "local_use_splash_scheduler",
    "enable_model_warmup",
    "diloco_outer_lr",
    "distill_alpha_schedule",
    "distill_beta_schedule",
    "distill_temperature_schedule",
}


@checked
def maxtext(
    *,
    learning_rate: float = 3e-5,
    steps: int = 150_001,
    learning_rate_schedule_steps: Annotated[int, at_least(-1)] = -1,
    warmup_steps_fraction: Share = 0.1,
    learning_rate_final_fraction: Share = 0.1,
    lr_schedule_type: typing.Literal["cosine", "wsd"] = "cosine",
    wsd_decay_steps_fraction: Share = 0.1,
    wsd_decay_style: typing.Literal["linear", "cosine"] = "linear",
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of a MaxText config, whose defaults are those of `base.yml`.

    A warmup from 0, then a cosine, or a stable phase and a decay, to `learning_rate_final_fraction` of the peak at the
    last update of the schedule; after that 0 until `steps`. Shares of the run are rounded down.

    Args:
        learning_rate: the peak.
        steps: the updates of the run.
        learning_rate_schedule_steps: those of the schedule; -1, the default, is all of them.
        warmup_steps_fraction: the share of them in the warmup.
        learning_rate_final_fraction: the share of the peak at the end.
        lr_schedule_type: the shape.
        wsd_decay_steps_fraction: with "wsd", the share of the updates in the decay.
        wsd_decay_style: with "wsd", the shape of the decay.
        **others: the rest of the config; what is about the rate must be one of the above.

    Returns:
        A schedule.

    Example:
        >>> maxtext(learning_rate=3e-4, steps=1_000, warmup_steps_fraction=0.1)(999)
        Array(3e-05, dtype=float32)

    Source: AI-Hypercomputer/maxtext, src/maxtext/utils/maxtext_utils.py, `create_learning_rate_schedule`.
    """
    refuse_rates(maxtext, others, _LET_PASS)
    total = steps if learning_rate_schedule_steps == -1 else learning_rate_schedule_steps
    phases: dict[str, typing.Any] = {
        "peak": learning_rate,
        "warmup": int(total * warmup_steps_fraction),
        "total": total,
        "stop": learning_rate * learning_rate_final_fraction,
        "last": "N-1",
    }
    if lr_schedule_type == "cosine":
        run = wj.warmup_cosine(**phases)
    else:
        shape = wj.Linear if wsd_decay_style == "linear" else wj.Cosine
        run = wj.wsd(**phases, cooldown=int(total * wsd_decay_steps_fraction), shape=shape)
    return wj.join(run, wj.Constant(0.0, steps - total)) if steps > total else run

"""Schedules of Keras read, and schedules handed to Keras."""

import typing
from typing import Annotated

import jax

from warmup_jax import Schedule
from warmup_jax.compat.keras.cosines import CosineDecay, CosineDecayRestarts
from warmup_jax.compat.keras.decays import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
from warmup_jax.compat.keras.objects import KERAS_NAME, keras_classes, read
from warmup_jax.fields import Kind, checked, kind_of

# A schedule, or what becomes one.
Like: typing.TypeAlias = Annotated[Schedule | typing.Callable[..., typing.Any] | float | jax.Array, kind_of(Schedule)]

_CLASSES: dict[str, typing.Callable[..., Schedule]] = {
    "ExponentialDecay": ExponentialDecay,
    "PiecewiseConstantDecay": PiecewiseConstantDecay,
    "PolynomialDecay": PolynomialDecay,
    "InverseTimeDecay": InverseTimeDecay,
    "CosineDecay": CosineDecay,
    "CosineDecayRestarts": CosineDecayRestarts,
}
_CLASS_NAME = typing.cast(Kind, kind_of(typing.Literal[tuple(_CLASSES)]))


@checked
def from_keras(schedule: typing.Any) -> Schedule:
    """The schedule that a schedule object of Keras, or its config, stands for.

    Args:
        schedule: an object of `keras.optimizers.schedules`, or what `keras.optimizers.schedules.serialize` makes of it,
            `{"class_name": ..., "config": {...}}`. What `to_keras` made comes back as it was.

    Returns:
        One of the expressions of this module.

    Raises:
        TypeError: for something else.
        ValueError: for a class that is not of `keras.optimizers.schedules`, or an argument that this module refuses.

    Example:
        >>> from_keras({"class_name": "InverseTimeDecay",
        ...             "config": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 1.0}})
        InversePower(start=0.1, timescale=100.0, power=1.0, steps=None, limit=0.0)
    """
    name, config = _described(schedule)
    if name == KERAS_NAME:
        return read(config["schedule"])
    return _CLASSES[_CLASS_NAME.check("the class of from_keras(schedule)", name)](**config)


def _described(schedule: typing.Any) -> tuple[typing.Any, dict[str, typing.Any]]:
    """The name of the class, and the arguments, of a schedule object of Keras or of its config."""
    if isinstance(schedule, dict) and isinstance(schedule.get("config"), dict) and "class_name" in schedule:
        return schedule["class_name"], schedule["config"]
    if hasattr(schedule, "get_config") and not isinstance(schedule, type):
        return type(schedule).__name__, getattr(schedule, "get_config")()
    raise TypeError(
        "`from_keras(schedule)` must be a schedule object of Keras or a dict with its `class_name` and `config`; got "
        f"{schedule!r} ({type(schedule).__name__})."
    )


@checked
def to_keras(schedule: Like) -> typing.Any:
    """A schedule as Keras takes it: a `keras.optimizers.schedules.LearningRateSchedule` for Keras 3 on JAX.

    It goes into `keras.optimizers.Adam(to_keras(schedule))`, is compiled into the train step, and is saved with the
    model as the text of its `repr`. To load the model: `keras.saving.load_model(path, custom_objects=keras_objects())`.

    With `gradient_accumulation_steps=k` Keras asks a schedule at the micro-batch: hand in
    `Staircase(Stretch(schedule, k), every=k)`.

    Args:
        schedule: a schedule, or a callable or number, which is lifted with `as_schedule`; a callable cannot be saved.

    Returns:
        An object with `get_config` and `from_config`, whose call at a step, of Keras or a plain integer, is the rate.

    Raises:
        ModuleNotFoundError: without Keras.
        RuntimeError: for another backend than JAX.

    Example:
        `model.compile(keras.optimizers.Adam(to_keras(wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000))), "mse")`
    """
    return keras_classes()[0](schedule)

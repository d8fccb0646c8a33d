"""What Keras 3 must find as classes of its own, and the text that a saved model holds."""

import functools
import importlib
import typing

from warmup_jax import Schedule, text

KERAS_NAME = "WarmupJaxSchedule"  # in saved models


def keras_objects() -> dict[str, type[typing.Any]]:
    """What `keras.saving.load_model(path, custom_objects=...)` needs to load a model with a schedule of `to_keras`.

    Returns:
        A dict from the name in a saved model to the class.

    Raises:
        ModuleNotFoundError: without Keras.
        RuntimeError: for another backend than JAX.

    Example:
        `model = keras.saving.load_model("model.keras", custom_objects=keras_objects())`
    """
    return {f"warmup_jax>{KERAS_NAME}": keras_classes()[0]}


def lr_history() -> typing.Any:
    """A Keras callback that records the rate under `lr` in the history of `fit`, once per epoch.

    It is the rate of the last update of the epoch. `optimizer.learning_rate` is by then that of the next one, and so,
    for a schedule per epoch, that of the next epoch. It reads plain rates as well as schedules.

    Returns:
        A `keras.callbacks.Callback`.

    Raises:
        ModuleNotFoundError: without Keras.
        RuntimeError: for another backend than JAX.

    Example:
        `history = model.fit(x, y, epochs=20, callbacks=[lr_history()]).history["lr"]`
    """
    return keras_classes()[1]()


@functools.cache
def keras_classes() -> tuple[type[typing.Any], type[typing.Any]]:
    """The schedule and the callback, as classes of the Keras at hand."""
    keras: typing.Any = importlib.import_module("keras")
    if keras.backend.backend() != "jax":
        raise RuntimeError(
            f"schedules run in Keras 3 on the JAX backend; this one runs on {keras.backend.backend()!r}. Set the "
            "environment variable KERAS_BACKEND to jax before Keras is imported."
        )

    @keras.saving.register_keras_serializable(package="warmup_jax", name=KERAS_NAME)
    class WarmupJaxSchedule(keras.optimizers.schedules.LearningRateSchedule):
        """A schedule of warmup_jax, as Keras asks for it."""

        def __init__(self, schedule: Schedule):
            self.schedule = schedule

        def __call__(self, step):
            # Keras hands over its own variable.
            return self.schedule(step.value if isinstance(step, keras.Variable) else step)

        def get_config(self):
            return {"schedule": write(self.schedule)}

        @classmethod
        def from_config(cls, config):
            return cls(read(config["schedule"]))

    class LearningRateHistory(keras.callbacks.Callback):
        """Records the rate of the last update of each epoch."""

        def on_epoch_end(self, epoch, logs=None):
            if logs is not None:
                logs["lr"] = float(_applied_rate(self.model.optimizer))

    def _applied_rate(optimizer):
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of a loss scaler
        rate = optimizer._learning_rate
        if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            return optimizer.learning_rate
        # With gradient accumulation Keras asks the schedule at the micro-batch, and counts updates.
        micro_batches = optimizer.gradient_accumulation_steps or 1
        return rate(max(int(optimizer.iterations) * micro_batches - 1, 0))

    return WarmupJaxSchedule, LearningRateHistory


def write(schedule: Schedule) -> str:
    """The text that `read` reads back."""
    try:
        text.to_dict(schedule)  # it refuses what does not read back
    except ValueError as error:
        raise ValueError(f"only a schedule of numbers and known names can be saved. {error}") from error
    return repr(schedule)


def read(saved: str) -> Schedule:
    """The schedule that prints as `saved`."""
    try:
        return text.parse(saved)
    except (ValueError, TypeError) as error:
        raise ValueError(f"a saved schedule must read back; this one does not. {error}") from error

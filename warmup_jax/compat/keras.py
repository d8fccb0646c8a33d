"""The schedules of `keras.optimizers.schedules` (Keras 3.15.1) under their own names, as expressions of this library.

`from_keras` reads a schedule object of Keras, or its config; `to_keras` hands a schedule to a Keras optimizer. Keras is
imported only there. What differs from Keras on purpose, everywhere:

- a whole number as a first rate is a rate like any other; Keras then computes in whole numbers, so that
  `CosineDecay(0, 1000, warmup_target=0.1, warmup_steps=1000)`, the example of its own text, is 0 at every step;
- the value is within a few float32 ulp of the formula at every step up to 2**31 - 1. Keras counts steps in float32;
  compiled on JAX it multiplies by a rounded reciprocal, and is a step late at the stairs of some lengths;
- rates and lengths that make no sense are errors in words.

`name`, a label of Keras's operations, is accepted and not used. A length may be a whole float such as `1e4`.
"""

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, Shift, Staircase, Sum, join_for, multiply_lengths
from warmup_jax.compat._cycles import decay_every, repeat
from warmup_jax.compat._keras_objects import KERAS_NAME, keras_classes, read
from warmup_jax.compat._keras_objects import keras_objects as keras_objects
from warmup_jax.compat._names import call, choose
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Constant, Cosine, InversePower, Linear, PiecewiseConstant, Polynomial, lift


def ExponentialDecay(
    initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"
) -> Schedule:
    """`keras.optimizers.schedules.ExponentialDecay`: a constant factor per `decay_steps`.

    `initial_learning_rate * decay_rate**(step / decay_steps)`, which is
    `Repeat(Geometric(initial_learning_rate, initial_learning_rate * decay_rate, decay_steps), scale=decay_rate)`

    Args:
        initial_learning_rate: the rate at step 0; not 0.
        decay_steps: in so many steps the rate changes by the factor `decay_rate`, 1 to 2**31 - 1.
        decay_rate: above 0.
        staircase: whether the rate is held for `decay_steps` at a time: then `Repeat(Constant(...), ...)`.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. `decay_rate` is held in float32, so
        that the rate after n factors is n times as far, relatively, from `decay_rate**n`.

    Example:
        >>> ExponentialDecay(0.1, decay_steps=1_000, decay_rate=0.5)
        Repeat(schedule=Geometric(start=0.1, stop=0.05, steps=1000), times=None, stretch=1, scale=0.5)
    """
    caller = "ExponentialDecay"
    [start] = _checks.reals(caller, initial_learning_rate=initial_learning_rate)
    steps = _length(f"{caller}(decay_steps=...)", decay_steps)
    return decay_every(caller, start, steps, _checks.positive(f"{caller}(decay_rate=...)", decay_rate), staircase)


def PiecewiseConstantDecay(boundaries, values, name="PiecewiseConstant") -> Schedule:
    """`keras.optimizers.schedules.PiecewiseConstantDecay`: a table, in which a boundary still has the old value.

    `values[k]`, where k is the number of boundaries that are below `step`:
    `PiecewiseConstant([boundary + 1 for boundary in boundaries], values)`

    Args:
        boundaries: steps in rising order, none twice, from 0 to 2**31 - 2. Keras adds values up where they fall.
        values: finite numbers, one more than boundaries.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> PiecewiseConstantDecay([100, 110], [1.0, 0.5, 0.1])
        PiecewiseConstant(boundaries=(101, 111), values=(1.0, 0.5, 0.1), steps=None)
    """
    caller = "PiecewiseConstantDecay"
    table = _checks.boundary_table(f"{caller}(boundaries=...)", boundaries)
    rates = _checks.real_table(f"{caller}(values=...)", values)
    if len(rates) != len(table) + 1:
        raise ValueError(
            f"`{caller}(values=...)` must have one value more than `boundaries`; got {len(rates)} values for "
            f"{len(table)} boundaries."
        )
    return PiecewiseConstant([step + 1 for step in table], rates) if len(table) else Constant(rates[0])


def PolynomialDecay(
    initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False, name="PolynomialDecay"
) -> Schedule:
    """`keras.optimizers.schedules.PolynomialDecay`: a power of the share that is left.

    `end_learning_rate + (initial_learning_rate - end_learning_rate) * (1 - step / n)**power`, where n is `decay_steps`:
    `Polynomial(initial_learning_rate, end_learning_rate, decay_steps, power)`

    With `cycle`, n is the first multiple of `decay_steps` that is not below `step`: the rate reaches the end at each
    multiple, and falls from `1 / (k + 1)**power` of the height in the cycle after the k-th.

    Compiled on JAX, Keras's own is NaN from the end on for many lengths where `power` is not whole; this one is not.

    Args:
        initial_learning_rate: the rate at step 0, any finite number.
        decay_steps: the length, 1 to 2**31 - 1 steps.
        end_learning_rate: the rate at the end, any finite number.
        power: the exponent, above 0.
        cycle: whether the decay begins again, without end.
        name: not used.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> PolynomialDecay(0.1, decay_steps=10_000, end_learning_rate=0.01, power=0.5)
        Polynomial(start=0.1, stop=0.01, steps=10000, power=0.5)
    """
    caller = "PolynomialDecay"
    start, stop = _checks.reals(
        caller, initial_learning_rate=initial_learning_rate, end_learning_rate=end_learning_rate
    )
    _checks.apart(caller, initial_learning_rate=start, end_learning_rate=stop)
    steps = _length(f"{caller}(decay_steps=...)", decay_steps)
    power = _checks.positive(f"{caller}(power=...)", power)
    if not isinstance(cycle, bool):
        raise TypeError(f"`{caller}(cycle=...)` must be True or False; {_checks.came(cycle)}.")
    if not cycle:
        return Polynomial(start, stop, steps, power)
    # From step 1 on, so that each cycle ends on its last step: (left / steps)**power / cycle**power.
    left = join_for(caller, Shift(Polynomial(start - stop, 0.0, steps, power), -1), Constant(0.0, 1))
    lower = Staircase(InversePower(1.0, steps, power), every=steps)
    return join_for(caller, Constant(start, 1), Sum(stop, Repeat(left) * lower))


def InverseTimeDecay(
    initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"
) -> Schedule:
    """`keras.optimizers.schedules.InverseTimeDecay`: the inverse of time.

    `initial_learning_rate / (1 + decay_rate * step / decay_steps)`, which is
    `InversePower(initial_learning_rate, timescale=decay_steps / decay_rate, power=1)`

    Args:
        initial_learning_rate: the rate at step 0, any finite number.
        decay_steps: the unit of time, 1 to 2**31 - 1 steps.
        decay_rate: how fast it falls, above 0 and at most `1000 * decay_steps`.
        staircase: whether the rate is held for `decay_steps` at a time, in a `Staircase`.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.5)
        InversePower(start=0.1, timescale=2.0, power=1.0, steps=None)
    """
    caller = "InverseTimeDecay"
    [start] = _checks.reals(caller, initial_learning_rate=initial_learning_rate)
    steps = _length(f"{caller}(decay_steps=...)", decay_steps)
    rate = _checks.positive(f"{caller}(decay_rate=...)", decay_rate)
    if not isinstance(staircase, bool):
        raise TypeError(f"`{caller}(staircase=...)` must be True or False; {_checks.came(staircase)}.")
    timescale = _checks.positive(f"{caller}(decay_steps=...) / decay_rate", steps / rate, at_least=1e-3)
    decay = InversePower(start, timescale, 1.0)
    return Staircase(decay, every=steps) if staircase else decay


def CosineDecay(
    initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
) -> Schedule:
    """`keras.optimizers.schedules.CosineDecay`: half a cosine, after a straight line if there is a target.

    `join(Linear(initial_learning_rate, warmup_target, warmup_steps), Cosine(warmup_target, alpha * warmup_target,
    decay_steps))`; without a target `Cosine(initial_learning_rate, alpha * initial_learning_rate, decay_steps)`

    Args:
        initial_learning_rate: the rate at step 0, any finite number.
        decay_steps: the length of the cosine, without the warmup, 1 to 2**31 - 1 steps.
        alpha: the last rate as a share of the peak, not a rate; any finite number.
        name: not used.
        warmup_target: the peak; `None`, the default, is no warmup.
        warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps. It needs a `warmup_target`, without which Keras
            drops it without a word.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineDecay(0.0, decay_steps=900, warmup_target=1e-3, warmup_steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    caller = "CosineDecay"
    start, alpha = _checks.reals(caller, initial_learning_rate=initial_learning_rate, alpha=alpha)
    steps = _length(f"{caller}(decay_steps=...)", decay_steps)
    warmup = _length(f"{caller}(warmup_steps=...)", warmup_steps, at_least=0)
    if warmup_target is None:
        if isinstance(warmup, int) and warmup:
            raise ValueError(
                f"`{caller}(warmup_steps=...)` needs a `warmup_target`, the rate to warm up to; got {warmup} steps and "
                "no target, where Keras leaves the warmup out. Give the target, or 0 steps."
            )
        return Cosine(start, alpha * start, steps)
    peak = _checks.real(f"{caller}(warmup_target=...)", warmup_target)
    _checks.apart(caller, initial_learning_rate=start, warmup_target=peak)
    return join_for(caller, Linear(start, peak, warmup), Cosine(peak, alpha * peak, steps))


def CosineDecayRestarts(
    initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"
) -> Schedule:
    """`keras.optimizers.schedules.CosineDecayRestarts`: half a cosine again and again.

    In cycle k, which lasts `first_decay_steps * t_mul**k` steps, from `initial_learning_rate * ((1 - alpha) * m_mul**k
    + alpha)` to `alpha * initial_learning_rate`:
    `Sum(alpha * rate, Repeat(Cosine((1 - alpha) * rate, 0, first_decay_steps), stretch=t_mul, scale=m_mul))`

    Args:
        initial_learning_rate: the rate at step 0, any finite number.
        first_decay_steps: the length of the first cycle, 1 to 2**31 - 1 steps.
        t_mul: each cycle lasts so many times as long as the one before, 1 or more, a Python number. Where it is not
            whole, `Cycles` takes the place of `Repeat`.
        m_mul: each cycle is so many times as high as the one before, above 0.
        alpha: the lowest rate as a share of `initial_learning_rate`, any finite number.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. A cycle begins exactly at its
        boundary; Keras takes a logarithm in float32 and is in the wrong cycle at some.

    Example:
        >>> CosineDecayRestarts(0.1, first_decay_steps=1_000)
        Repeat(schedule=Cosine(start=0.1, stop=0.0, steps=1000), times=None, stretch=2, scale=1.0)
    """
    caller = "CosineDecayRestarts"
    rate, alpha = _checks.reals(caller, initial_learning_rate=initial_learning_rate, alpha=alpha)
    first = _length(f"{caller}(first_decay_steps=...)", first_decay_steps)
    scale = _checks.positive(f"{caller}(m_mul=...)", m_mul)
    if _decimal(f"{caller}(t_mul=...)", t_mul) < 1:
        raise ValueError(
            f"`{caller}(t_mul=...)` must be 1 or more, or the cycles come to nothing after a while; got {t_mul!r}."
        )
    if isinstance(scale, float) and scale == 1:
        return repeat(caller, "t_mul", Cosine(rate, alpha * rate, first), None, t_mul, scale)
    cycles = repeat(caller, "t_mul", Cosine((1 - alpha) * rate, 0.0, first), None, t_mul, scale)
    return cycles if isinstance(alpha, float) and alpha == 0 else Sum(alpha * rate, cycles)


def CosineAnnealingWarmUpLR(initial_lr, warmup_epochs, max_epochs, steps_per_epoch, min_lr=0) -> Schedule:
    """The callback of that name in Keras tutorials: a line up and half a cosine down, set once per epoch.

    `Staircase(join(Linear(min_lr, initial_lr, warmup), Cosine(initial_lr, min_lr, total - warmup)), steps_per_epoch)`,
    where `warmup = warmup_epochs * steps_per_epoch` and `total = max_epochs * steps_per_epoch`

    The first epoch runs at `min_lr`. Past `max_epochs` the rate stays at `min_lr`, where the callback climbs again;
    without an epoch after the warmup, where it divides by 0, it stays at `initial_lr`.

    Args:
        initial_lr: the peak, any finite number.
        warmup_epochs: the length of the warmup in epochs, 0 to `max_epochs`.
        max_epochs: the length of the whole run in epochs.
        steps_per_epoch: the updates of an epoch, 1 or more. The callback takes it and does not use it.
        min_lr: the rate of the first epoch, and of the end, any finite number.

    Returns:
        A schedule of `max_epochs * steps_per_epoch` steps: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineAnnealingWarmUpLR(1.0, warmup_epochs=5, max_epochs=20, steps_per_epoch=9)
        Staircase(schedule=Join(Linear(start=0.0, stop=1.0, steps=45), Cosine(start=1.0, stop=0.0, steps=135)), every=9)
    """
    caller = "CosineAnnealingWarmUpLR"
    peak, low = _checks.reals(caller, initial_lr=initial_lr, min_lr=min_lr)
    _checks.apart(caller, initial_lr=peak, min_lr=low)
    warmup, total = _checks.lengths(caller, warmup_epochs=warmup_epochs, max_epochs=max_epochs)
    _checks.within(caller, "warmup_epochs", warmup, "max_epochs", total)
    every = _checks.length(f"{caller}(steps_per_epoch=...)", steps_per_epoch, at_least=1)
    rise = _checks.length(f"{caller}(warmup_epochs=...) * steps_per_epoch", multiply_lengths(warmup, every))
    fall = _checks.length(f"{caller}(max_epochs=...) * steps_per_epoch", multiply_lengths(total - warmup, every))
    return Staircase(join_for(caller, Linear(low, peak, rise), Cosine(peak, low, fall)), every)


def _length(name: str, value, at_least: int = 1) -> _checks.Steps:
    """A length, which in Keras is often a whole float."""
    whole = isinstance(value, float) and value.is_integer()
    return _checks.length(name, int(value) if whole else value, at_least=at_least)


_CLASSES = {
    function.__name__: function
    for function in (
        ExponentialDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        InverseTimeDecay,
        CosineDecay,
        CosineDecayRestarts,
    )
}


def from_keras(schedule) -> Schedule:
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
        InversePower(start=0.1, timescale=100.0, power=1.0, steps=None)
    """
    if isinstance(schedule, dict) and isinstance(schedule.get("config"), dict) and "class_name" in schedule:
        name, config = schedule["class_name"], schedule["config"]
    elif hasattr(schedule, "get_config") and not isinstance(schedule, type):
        name, config = type(schedule).__name__, getattr(schedule, "get_config")()
    else:
        raise TypeError(
            "`from_keras(schedule)` must be a schedule object of Keras or a dict with its `class_name` and `config`; "
            f"{_checks.came(schedule)}."
        )
    if name == KERAS_NAME:
        return read(config["schedule"])
    return call("from_keras(schedule)", choose("the class of from_keras(schedule)", name, _CLASSES), config)


def to_keras(schedule):
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
    schedule = lift("to_keras(schedule)", schedule)
    return keras_classes()[0](schedule)


def lr_history():
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

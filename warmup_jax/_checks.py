"""Argument checks, and the wording of every error.

Only static facts are checked: the values of Python and NumPy numbers, and the dtype and shape of
arrays and tracers. Nothing here waits for a device.
"""

import difflib
import typing

import chex
import jax
import jax.numpy as jnp
import numpy as np

# A number of a schedule, and a length: Python numbers, arrays or tracers.
Real: typing.TypeAlias = float | jax.Array
Steps: typing.TypeAlias = int | jax.Array

_ASK_RUN = (
    "Epochs and shares of a run become steps with `warmup_jax.Run`, as in `run.steps('3 epochs')` or "
    "`run.steps('10%')`."
)

# The longest length, and the last step, that the int32 counter of an optimizer can reach.
MAX_STEPS = 2**31 - 1


def float_dtype() -> np.dtype:
    """float32, or float64 under `jax_enable_x64`: the dtype of every schedule's value."""
    return jnp.result_type(float)


def is_array(value) -> typing.TypeGuard[jax.Array]:
    """True for device arrays and tracers: numbers that must not be read while tracing."""
    return isinstance(value, jax.Array)


def came(value) -> str:
    """What the user handed in, as the end of an error sentence."""
    if is_array(value):
        return f"got {value.dtype}[{','.join(map(str, value.shape))}]"
    return f"got {value!r} ({type(value).__name__})"


def nearest(value, known) -> str:
    """The end of an error sentence, such as "Did you mean 'cosine'?"; nothing where no known name is near."""
    near = difflib.get_close_matches(value, list(known), n=1) if isinstance(value, str) else []
    return f" Did you mean {near[0]!r}?" if near else ""


def _as_number(name: str, value, wanted: str) -> int | float | jax.Array:
    """`value` as a Python number or a scalar array; anything else is a `TypeError`."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (jax.Array, np.ndarray)):
        if value.ndim:
            raise TypeError(
                f"`{name}` must be {wanted}, a scalar; got an array of shape {value.shape}. For many "
                "schedules at once build it under `jax.vmap`, one number at a time."
            )
        if jnp.issubdtype(value.dtype, jnp.integer) or jnp.issubdtype(value.dtype, jnp.floating):
            return typing.cast(jax.Array, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise TypeError(f"`{name}` must be {wanted}; {came(value)}.")


def real(name: str, value) -> Real:
    """A finite real number: a Python float, or a floating scalar array."""
    value = _as_number(name, value, "a number")
    if isinstance(value, jax.Array):
        return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float_dtype())
    limit = float(jnp.finfo(float_dtype()).max)
    if not -limit <= value <= limit:  # also catches NaN
        raise ValueError(
            f"`{name}` must be finite and fit {np.dtype(float_dtype()).name} (at most {limit:.7g} in "
            f"magnitude); got {value!r}."
        )
    return float(value) + 0.0  # -0.0 becomes 0.0: equal schedules have equal bits


def length(name: str, value, *, at_least: int = 0) -> Steps:
    """A whole number of steps from `at_least` to 2**31 - 1: a Python int, or an integer scalar array."""
    if isinstance(value, str):
        raise TypeError(f"`{name}` must be a whole number of steps; {came(value)}. {_ASK_RUN}")
    value = _as_number(name, value, "a whole number of steps")
    if isinstance(value, float) or (is_array(value) and not jnp.issubdtype(value.dtype, jnp.integer)):
        raise TypeError(f"`{name}` must be a whole number of steps; {came(value)}. {_ASK_RUN}")
    if is_array(value):
        # One dtype, so that lengths add under strict promotion; never less than a Python number may be.
        return jnp.maximum(step_to_int32(value), at_least)
    if value < at_least:
        raise ValueError(f"`{name}` must be a whole number of steps, {at_least} or more; got {value}.")
    if value > MAX_STEPS:
        raise ValueError(
            f"`{name}` must be at most {MAX_STEPS} (2**31 - 1) steps; got {value}. Count optimizer "
            "updates, not examples or tokens."
        )
    return int(value)


def count(name: str, value, *, at_least: int = 0) -> Steps:
    """A whole number that counts something else than steps, from `at_least` to 2**31 - 1."""
    value = _as_number(name, value, "a whole number")
    if isinstance(value, float) or (is_array(value) and not jnp.issubdtype(value.dtype, jnp.integer)):
        raise TypeError(f"`{name}` must be a whole number; {came(value)}.")
    if is_array(value):
        return jnp.maximum(step_to_int32(value), at_least)
    if value < at_least:
        raise ValueError(f"`{name}` must be a whole number, {at_least} or more; got {value}.")
    if value > MAX_STEPS:
        raise ValueError(f"`{name}` must be at most {MAX_STEPS} (2**31 - 1); got {value}.")
    return int(value)


def apart(caller: str, **ends) -> None:
    """The difference of two numbers must be finite; tracers pass."""
    (first, a), (second, b) = ends.items()
    largest = float(jnp.finfo(float_dtype()).max)
    if isinstance(a, float) and isinstance(b, float) and abs(b - a) > largest:
        raise ValueError(
            f"`{caller}({first}=..., {second}=...)` must be at most {largest:.3g} apart; got {a!r} and {b!r}. Bring "
            "the ends closer together."
        )


def positive(name: str, value, *, at_least: float = 0.0) -> Real:
    """A finite real number above 0, also as float32, or of at least `at_least`."""
    value = real(name, value)
    smallest = at_least or float(jnp.finfo(float_dtype()).smallest_normal)
    if isinstance(value, float) and value < smallest:
        raise ValueError(f"`{name}` must be {f'at least {at_least:g}' if at_least else 'above 0'}; got {value!r}.")
    return value


def _as_table(name: str, values, wanted: str):
    """A list, a tuple or a one-dimensional array; a list that holds arrays becomes an array."""
    if isinstance(values, (jax.Array, np.ndarray)) and values.ndim == 1:
        return values if is_array(values) else values.tolist()
    if not isinstance(values, (list, tuple, range)):
        raise TypeError(f"`{name}` must be {wanted}, as a list, a tuple or a one-dimensional array; {came(values)}.")
    return list(values)


def real_table(name: str, values):
    """At least one finite number, as one read-only array."""
    values = _as_table(name, values, "numbers")
    if is_array(values):
        if not (jnp.issubdtype(values.dtype, jnp.floating) or jnp.issubdtype(values.dtype, jnp.integer)):
            raise TypeError(f"`{name}` must be numbers; {came(values)}.")
        return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float_dtype())
    numbers = [real(f"{name}[{k}]", value) for k, value in enumerate(values)]
    if any(map(is_array, numbers)):
        return jnp.stack([jnp.asarray(number, float_dtype()) for number in numbers])
    return _read_only(np.array(numbers, float_dtype()))


def boundary_table(name: str, values):
    """Steps in rising order, none twice, as one read-only int32 array."""
    values = _as_table(name, values, "whole steps in rising order")
    if is_array(values):
        if not jnp.issubdtype(values.dtype, jnp.integer):
            raise TypeError(f"`{name}` must be whole steps in rising order; {came(values)}.")
        return values
    steps = [length(f"{name}[{k}]", value) for k, value in enumerate(values)]
    if any(map(is_array, steps)):
        return jnp.stack([jnp.asarray(step, jnp.int32) for step in steps])
    for k, (before, after) in enumerate(zip(steps, steps[1:], strict=False)):
        if not before < after:
            raise ValueError(
                f"`{name}` must be steps in rising order, none twice; got {after} after {before} at position {k + 1}. "
                "Give the moments of the changes, not the lengths between them."
            )
    return _read_only(np.array(steps, np.int32))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def lengths(caller: str, **values) -> list[Steps]:
    """`length` for several arguments of the function `caller`."""
    return [length(f"{caller}({name}=...)", value) for name, value in values.items()]


def reals(caller: str, **values) -> list[Real]:
    """`real` for several arguments of the function `caller`."""
    return [real(f"{caller}({name}=...)", value) for name, value in values.items()]


def within(caller: str, part: str, part_steps, whole: str, whole_steps) -> None:
    """`part` must not be longer than `whole`; tracers pass."""
    if isinstance(part_steps, int) and isinstance(whole_steps, int) and part_steps > whole_steps:
        raise ValueError(
            f"`{caller}({part}=...)` must be at most `{whole}`, which includes it; got "
            f"{part}={part_steps}, {whole}={whole_steps}. Shorten `{part}` or raise `{whole}`."
        )


def as_step(step):
    """`step` as something that fits int32 without wrapping: a Python int, or an integer array.

    Python ints and 64-bit NumPy integers beyond int32 clamp here, on the host, because JAX would wrap
    them when it makes them int32.
    """
    if not is_array(step) and hasattr(step, "__jax_array__"):  # a flax.nnx.Variable, such as `nnx.Optimizer.step`
        step = step.__jax_array__()
    if isinstance(step, int) and not isinstance(step, bool):
        return min(max(step, -MAX_STEPS), MAX_STEPS)
    if isinstance(step, (jax.Array, np.ndarray, np.generic)) and jnp.issubdtype(step.dtype, jnp.integer):
        if is_array(step):
            return step
        return (np.clip(step, 0, MAX_STEPS) if step.dtype.itemsize >= 4 else step).astype(np.int32)
    why = "Keep the step in int32: a float counter stops counting, bfloat16 at 256 and float32 at 16777216."
    raise TypeError(
        f"`schedule(step)` needs an integer step, a Python int or an integer array; {came(step)}."
        + (f" {why}" if isinstance(step, float) or hasattr(step, "dtype") else "")
    )


def as_value(name: str, value, like: jax.Array) -> jax.Array:
    """What `name` returned, as a strongly typed array of the shape of `like`; anything else is an error."""
    dtype = np.dtype(bool) if value is None else jnp.result_type(value)
    if not (jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)):
        raise TypeError(f"{name} must return a real number for a step; {came(value)}.")
    value = jnp.asarray(value)
    chex.assert_shape(value, jnp.shape(like), custom_message=f"{name} must return one number for each step.")
    value = jax.lax.convert_element_type(value, float_dtype())  # also drops a weak type
    chex.assert_type(value, float_dtype())
    return value


def step_to_int32(step: jax.Array) -> jax.Array:
    """An integer array of any dtype as int32; what does not fit clamps instead of wrapping."""
    if step.dtype in (jnp.uint32, jnp.uint64, jnp.int64):
        lowest = 0 if jnp.issubdtype(step.dtype, jnp.unsignedinteger) else -MAX_STEPS
        step = jnp.clip(step, lowest, MAX_STEPS)
    return step.astype(jnp.int32)


def add_lengths(first: Steps, second: Steps) -> Steps:
    """`first + second`, but at most 2**31 - 1 for arrays, where an int32 sum would wrap."""
    if isinstance(first, int) and isinstance(second, int):
        return first + second
    return first + jnp.minimum(second, MAX_STEPS - first)

"""What the checks of arguments, steps and values share: dtypes, limits, and the ends of error sentences."""

import collections.abc
import contextlib
import difflib
import re
import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _words

# The longest length, and the last step, that the int32 counter of an optimizer can reach.
MAX_STEPS = 2**31 - 1


def float_dtype() -> np.dtype:
    """float32, or float64 under `jax_enable_x64`: the dtype of every schedule's value."""
    return jnp.result_type(float)


def largest_float() -> float:
    """The largest number of that dtype."""
    return _LARGEST[getattr(jax.config, "jax_enable_x64")]


_LARGEST = {False: float(np.finfo(np.float32).max), True: float(np.finfo(np.float64).max)}


def is_array(value) -> typing.TypeGuard[jax.Array]:
    """True for device arrays and tracers: numbers that must not be read while tracing."""
    return isinstance(value, jax.Array)


def is_mapping(value) -> typing.TypeGuard[typing.Mapping[typing.Any, typing.Any]]:
    """True for a dict of any kind, also for a `ml_collections.ConfigDict`, which is no `Mapping`."""
    return hasattr(type(value), "items") and hasattr(type(value), "__getitem__")


def is_sequence(value) -> typing.TypeGuard[typing.Sequence[typing.Any]]:
    """True for a list of values of any kind, such as OmegaConf's; a text is none."""
    return isinstance(value, collections.abc.Sequence) and not isinstance(value, (str, bytes, bytearray))


def came(value) -> str:
    """What the user handed in, as the end of an error sentence."""
    if is_array(value):
        return f"got {value.dtype}[{','.join(map(str, value.shape))}]"
    return f"got {_words.value(value, 160)} ({type(value).__name__})"


def nearest(value, known) -> str:
    """The end of an error sentence, such as "Did you mean 'cosine'?"; nothing where no known name is near."""
    near = difflib.get_close_matches(value, list(known), n=1) if isinstance(value, str) else []
    return f" Did you mean {near[0]!r}?" if near else ""


@contextlib.contextmanager
def in_formula_of(cls: type) -> typing.Iterator[None]:
    """Add to an error of JAX, once, what a formula must not do: the innermost schedule is where it happens."""
    try:
        yield
    except jax.errors.JAXTypeError as error:
        if not any(note.startswith("In `") for note in getattr(error, "__notes__", ())):
            error.add_note(
                f"In `{cls.__name__}.evaluate` every number is traced: use `jax.numpy` in place of `math` and NumPy, "
                "and `jnp.where` in place of `if`."
            )
        raise


_NUMBER_WITH_EXPONENT = re.compile(r"([+-]?[0-9]{1,40})(\.[0-9]{0,40})?[eE]([+-]?)([0-9]{1,4})")


def number_in_yaml(value) -> str:
    """The end of an error sentence about a text such as "3e-4", which a file of YAML may have meant as a number."""
    found = _NUMBER_WITH_EXPONENT.fullmatch(value) if isinstance(value, str) else None
    if not found or (found[2] and found[3]):
        return ""
    meant = f"{found[1]}{found[2] or '.0'}e{found[3] or '+'}{found[4]}"
    return f" PyYAML, which reads YAML 1.1, makes a text of {value}: write {meant} there."


def as_step(step, name: str = "schedule(step)"):
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
        f"`{name}` needs an integer step, a Python int or an integer array; {came(step)}."
        + (f" {why}" if isinstance(step, float) or hasattr(step, "dtype") else "")
    )


def as_value(name: str, value, like: jax.Array) -> jax.Array:
    """What `name` returned, as a strongly typed array of the shape of `like`; anything else is an error."""
    is_array_like = isinstance(value, jax.Array | np.ndarray | np.generic | int | float)
    dtype = jnp.result_type(value) if is_array_like else np.dtype(bool)
    if not (jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)):
        raise TypeError(f"{name} must return a real number for a step; {came(value)}.")
    import chex  # only now: importing it takes a fifth of the time that importing Optax takes

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


def add_lengths(first: int | jax.Array, second: int | jax.Array) -> int | jax.Array:
    """`first + second`, but at most 2**31 - 1 for arrays, where an int32 sum would wrap."""
    if isinstance(first, int) and isinstance(second, int):
        return first + second
    return first + jnp.minimum(second, MAX_STEPS - first)


def multiply_lengths(first: int | jax.Array, second: int | jax.Array) -> int | jax.Array:
    """`first * second`, but at most 2**31 - 1 for arrays, where an int32 product would wrap."""
    if isinstance(first, int) and isinstance(second, int):
        return first * second
    first, second = jnp.asarray(first), jnp.asarray(second)
    return jnp.where(second > MAX_STEPS // jnp.maximum(first, 1), jnp.where(first == 0, 0, MAX_STEPS), first * second)

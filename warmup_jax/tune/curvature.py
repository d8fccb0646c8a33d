"""How high a rate may be at given parameters: by the curvature of the loss, and by the loss after one step."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax.fields import Count, Known, Positive, at_least, between

Params = typing.TypeVar("Params")
Loss: typing.TypeAlias = typing.Callable[[Params], jax.Array]
_Tolerance: typing.TypeAlias = Annotated[Known, between(1e-6, 1.0)]
_Product: typing.TypeAlias = typing.Callable[[typing.Any], typing.Any]  # of a symmetric matrix with a vector
_ROUNDING = 8  # times the machine precision, as a share of the loss: what a sum over a batch may be wrong by


class _Vector(typing.NamedTuple):
    """A vector of length 1 in the shape of the parameters, and its product with a matrix."""

    vector: typing.Any
    product: typing.Any

    @property
    def value(self) -> jax.Array:
        """The eigenvalue that fits the vector best."""
        return _dot(self.vector, self.product)

    @property
    def size(self) -> jax.Array:
        """The length of the product: at most the largest size of an eigenvalue."""
        return jnp.sqrt(_dot(self.product, self.product))

    def is_eigenvector(self, error: jax.Array) -> jax.Array:
        """Whether the product differs from `value * vector` by at most this length."""
        rest = jax.tree.map(lambda p, v: p - self.value.astype(v.dtype) * v, self.product, self.vector)
        return _dot(rest, rest) <= jnp.square(error)


@checked
def sharpness(
    loss: Loss[Params],
    params: Params,
    *,
    key: jax.Array | None = None,
    iterations: Annotated[Count, at_least(1)] = 100,
    tolerance: _Tolerance = 1e-3,
) -> jax.Array:
    """The sharpness of a loss: the largest eigenvalue of its Hessian at some parameters.

    Gradient descent is stable at rates below `2 / sharpness`, where that is above 0.

    It is the largest with its sign: of -9, 1 and 2 it is 2. Power iteration on products of the Hessian with a vector
    finds the eigenvalue that is largest in size. Where that is below 0, or not found yet, the Hessian is shifted so far
    that none of its eigenvalues is below 0, and a second iteration finds the largest. A product costs about as much as
    two gradients.

    Args:
        loss: a function of the parameters that can be differentiated twice, such as
            `lambda params: loss_of(params, batch)`.
        params: the parameters, a pytree of floats.
        key: the key of the random vector with which the iteration begins; by default `jax.random.key(0)`.
        iterations: the most products for each of the two iterations.
        tolerance: how far the product with a vector of length 1 may be from a multiple of it at the end, as a share of
            the eigenvalue that is largest in size.

    Returns:
        A scalar array of float32, float64 under x64. It can be compiled, and vectorized over parameters. After too few
        iterations it is too low.

    Raises:
        TypeError: for parameters that are no floats.

    Example:
        >>> import jax.numpy as jnp
        >>> from warmup_jax import tune
        >>> def loss(params):
        ...     return 3.0 * params["w"] ** 2 - 5.0 * params["b"] ** 2
        >>> round(float(tune.sharpness(loss, {"w": jnp.array(1.0), "b": jnp.array(2.0)})), 3)
        6.0

    Source: Cohen et al. 2021, https://arxiv.org/abs/2103.00065, for what it says about the rate.
    """
    params = _floats("sharpness", params)
    _, product = jax.linearize(jax.grad(loss), params)
    start = _random_like(params, jax.random.key(0) if key is None else key)
    first = _iterated(product, start, iterations, tolerance, jnp.zeros((), _checks.float_dtype()))
    is_largest = (first.value > 0) & first.is_eigenvector(tolerance * first.value)
    shift = jnp.where(is_largest, 0.0, first.size)
    begin = jax.tree.map(lambda one, other: jnp.where(first.value > 0, one, other), first.vector, start)

    def shifted(vector: typing.Any) -> typing.Any:
        return jax.tree.map(lambda p, v: p + shift.astype(v.dtype) * v, product(vector), vector)

    return _iterated(shifted, begin, iterations, tolerance, shift).value - shift


@checked
def first_rate(
    loss: Loss[Params],
    params: Params,
    updates: Params | None = None,
    *,
    start: Positive = 1e-6,
    tolerance: _Tolerance = 0.01,
) -> jax.Array:
    """The lowest rate at which one step raises the loss, where a warmup may begin.

    The rate is doubled from `start` until the loss after a step is above that before, and the last factor of 2 is
    bisected. Where `start` already raises it, it is halved first. This takes some 30 evaluations of the loss.

    A linear warmup of W steps to `peak` that begins at this rate is `W * rate / peak` steps shorter than from 0. On a
    quadratic loss, SGD's is 2 over the curvature along the gradient, which is `2 / sharpness` or more.

    Args:
        loss: a function of the parameters, such as `lambda params: loss_of(params, batch)`.
        params: the parameters, a pytree of floats.
        updates: what a step at rate 1 adds to the parameters, as the `update` of `optax.adam(1.0)` returns it; by
            default the negative gradient.
        start: the rate that is tried first, a low one.
        tolerance: by which share the result may be too high.

    Returns:
        A scalar array of float32, float64 under x64; infinite where no step raises the loss, and near 0 where every one
        does. It can be compiled, and vectorized over parameters.

    Raises:
        TypeError: for parameters that are no floats.
        ValueError: for updates of other shapes.

    Example:
        >>> import jax.numpy as jnp
        >>> from warmup_jax import tune
        >>> def loss(params):
        ...     return 2.0 * params**2  # a curvature of 4
        >>> rate = float(tune.first_rate(loss, jnp.array(3.0)))
        >>> f"{rate:.2f}"
        '0.50'
        >>> peak, steps = 2.0, 100  # of a warmup from 0
        >>> round(steps * (1 - rate / peak))  # of one that begins at the rate
        75

    Source: Kalra & Barkeshli 2024, https://arxiv.org/abs/2406.09405.
    """
    params = _floats("first_rate", params)
    if updates is None:
        updates = jax.tree.map(jnp.negative, jax.grad(loss)(params))
    if _shapes(updates) != _shapes(params):
        raise ValueError(
            "`first_rate(updates=...)` must have the structure and the shapes of `params`, as the `update` of an "
            "optimizer returns them."
        )
    before = jnp.asarray(loss(params))
    limit = before + _ROUNDING * jnp.finfo(before.dtype).eps * jnp.abs(before)

    def raises(rate: jax.Array) -> jax.Array:
        moved = jax.tree.map(lambda p, u: p + (rate.astype(u.dtype) * u).astype(p.dtype), params, updates)
        return ~(loss(moved) <= limit)  # also where it is not a number

    def halved(ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        middle = jnp.sqrt(ends[0]) * jnp.sqrt(ends[1])
        above = raises(middle)
        return jnp.where(above, ends[0], middle), jnp.where(above, middle, ends[1])

    first = jnp.asarray(start, _checks.float_dtype())
    low = jax.lax.while_loop(lambda rate: raises(rate) & (rate > 0), lambda rate: rate / 2, first)
    high = jax.lax.while_loop(
        lambda rate: ~raises(rate) & (0 < rate) & (rate < jnp.inf), lambda rate: 2 * rate, 2 * low
    )
    ends = jnp.where((low > 0) & (high < jnp.inf), high / 2, high), high
    return jax.lax.while_loop(lambda ends: ends[1] > ends[0] * (1 + tolerance), halved, ends)[1]


def _iterated(
    product: _Product, vector: typing.Any, iterations: int | jax.Array, tolerance: float, shift: jax.Array
) -> _Vector:
    """Power iteration from a vector of length 1; the tolerance is a share of the eigenvalue, or of a larger shift."""

    def goes_on(state: tuple[_Vector, jax.Array]) -> jax.Array:
        found, done = state
        return (done < iterations) & ~found.is_eigenvector(tolerance * jnp.maximum(jnp.abs(found.value), shift))

    def step(state: tuple[_Vector, jax.Array]) -> tuple[_Vector, jax.Array]:
        found, done = state
        vector = jax.tree.map(lambda p: p / found.size.astype(p.dtype), found.product)
        return _Vector(vector, product(vector)), done + 1

    return jax.lax.while_loop(goes_on, step, (_Vector(vector, product(vector)), jnp.int32(1)))[0]


def _dot(first: typing.Any, second: typing.Any) -> jax.Array:
    dtype = _checks.float_dtype()
    products = jax.tree.map(lambda a, b: jnp.vdot(a.astype(dtype), b.astype(dtype)), first, second)
    return sum(jax.tree.leaves(products), jnp.zeros((), dtype))


def _random_like(params: typing.Any, key: jax.Array) -> typing.Any:
    """A random vector of length 1 in the shape of the parameters."""
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    normal = [jax.random.normal(key, leaf.shape, leaf.dtype) for key, leaf in zip(keys, leaves, strict=True)]
    vector = jax.tree.unflatten(structure, normal)
    size = jnp.sqrt(_dot(vector, vector))
    return jax.tree.map(lambda leaf: leaf / size.astype(leaf.dtype), vector)


def _shapes(tree: typing.Any) -> tuple[typing.Any, list[tuple[int, ...]]]:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [jnp.shape(leaf) for leaf in leaves]


def _floats(caller: str, params: Params) -> Params:
    """The parameters as arrays, each of which must hold floats."""
    leaves = jax.tree.leaves(params)
    wrong = [leaf for leaf in leaves if not jnp.issubdtype(getattr(leaf, "dtype", type(leaf)), jnp.floating)]
    if wrong or not leaves:
        came = _checks.came(wrong[0]) if wrong else "it has no leaves"
        raise TypeError(
            f"`{caller}(params=...)` must be a pytree of floats; {came}. Leave other leaves to `loss` itself."
        )
    return jax.tree.map(jnp.asarray, params)

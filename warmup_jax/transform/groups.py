"""Other schedules for other parts of the model."""

import collections.abc
import fnmatch
import typing

import jax
import jax.numpy as jnp
import optax
import optax.transforms

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import Like, Schedule
from warmup_jax.fields import Positive
from warmup_jax.stages import as_schedule
from warmup_jax.transform._factories import check_optimizer
from warmup_jax.transform._trees import is_wrapped, key_text, plain


def grouped(
    optimizers: collections.abc.Mapping[str, optax.GradientTransformation],
    patterns: collections.abc.Mapping[str, str | collections.abc.Collection[str] | None],
) -> optax.GradientTransformationExtraArgs:
    """An optimizer for each group of parameters, the groups told by the names of the parameters.

    A parameter is named by its path in the tree, as in `"decoder/layer_0/kernel"`. A pattern is that
    name, in which `*` stands for any text, `/` included, `?` for one character and `[01]` for one of
    these. Underneath it is `optax.partition`.

    Args:
        optimizers: by the name of the group, any Optax optimizer.
        patterns: by the same names, a pattern or several; `None` for the one group that takes all
            parameters that no pattern matches.

    Returns:
        An `optax.GradientTransformationExtraArgs`. `learning_rate(state)` gives the rate of each group by
        its name, `reschedule` takes a dict of the same form.

    Raises:
        TypeError: for something else than dicts of optimizers and of text.
        ValueError: if the names differ; and on `init`, for a parameter that no group matches or that
            two do, and for a group without parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import grouped, learning_rate, scheduled
        >>> params = {"head": {"kernel": jnp.ones(2)}, "body": {"kernel": jnp.ones(2)}}
        >>> optimizer = grouped(
        ...     {"new": scheduled(optax.sgd)(wj.Constant(0.5)), "old": scheduled(optax.sgd)(wj.Constant(0.25))},
        ...     {"new": "head/*", "old": None},
        ... )
        >>> learning_rate(optimizer.init(params))
        {'new': Array(0.5, dtype=float32), 'old': Array(0.25, dtype=float32)}
    """
    for name, value in {"optimizers": optimizers, "patterns": patterns}.items():
        if not _checks.is_mapping(value):
            raise TypeError(f"`grouped({name}=...)` must be a dict by the names of the groups; {_checks.came(value)}.")
    for name, optimizer in optimizers.items():
        check_optimizer(f"grouped(optimizers={{{name!r}: ...}})", optimizer)
    if set(optimizers) != set(patterns):
        raise ValueError(
            "`grouped(optimizers, patterns)` must have the same names in both; got "
            f"{', '.join(map(repr, optimizers))} and {', '.join(map(repr, patterns))}."
        )
    known = {name: _as_patterns(name, pattern) for name, pattern in patterns.items()}
    rest = [name for name, pattern in known.items() if pattern is None]
    if len(rest) > 1:
        raise ValueError(
            "`grouped(patterns=...)` must be `None` for one group at most, which takes the rest; got "
            f"{', '.join(map(repr, rest))}."
        )

    def group_of(path: tuple[typing.Any, ...], _: object) -> str:
        parameter = _parameter_name(path)
        matching = [name for name in known if _matches(parameter, known[name])] or rest
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise ValueError(
                f"`grouped(patterns=...)`: the parameter {parameter!r} is matched by {len(matching)} groups: "
                f"{', '.join(map(repr, matching))}. Make their patterns disjoint."
            )
        raise ValueError(
            f"`grouped(patterns=...)`: no group matches the parameter {parameter!r}; the groups are "
            f"{', '.join(f'{name!r}: {pattern!r}' for name, pattern in patterns.items())}. Add a pattern, or give one "
            "group `None` to take the rest."
        )

    def groups_of(params: optax.Params) -> typing.Any:
        return jax.tree_util.tree_map_with_path(group_of, params, is_leaf=_is_variable)

    by_group: dict[collections.abc.Hashable, optax.GradientTransformation] = {**optimizers}
    inner = optax.with_extra_args_support(optax.transforms.partition(by_group, groups_of))

    def init(params: optax.Params) -> typing.Any:
        paths = jax.tree_util.tree_flatten_with_path(params, is_leaf=_is_variable)[0]
        idle = set(known) - set(jax.tree.leaves(groups_of(params)))
        if idle and paths:  # what Optax puts in the place of parameters has none
            raise ValueError(
                f"`grouped(patterns=...)`: the group {min(idle)!r} matches no parameter; they are "
                f"{', '.join(repr(_parameter_name(path)) for path, _ in paths[:20])}"
                f"{', ...' if len(paths) > 20 else ''}."
            )
        return inner.init(params)

    return optax.GradientTransformationExtraArgs(init, inner.update)


@checked
def layer_decay(schedule: Like, layers: collections.abc.Sequence[str], factor: Positive) -> dict[str, Schedule]:
    """A schedule for each layer, lower the further it is from the output.

    `schedule * factor**(len(layers) - 1 - position)`

    Args:
        schedule: that of the last layer.
        layers: their names, from the input to the output.
        factor: from one layer to the one before it, above 0; 0.65 to 0.9 are usual.

    Returns:
        A dict of schedules by the name of the layer.

    Raises:
        ValueError: for layers that are no list of different names, or a factor of 0 or less.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import grouped, layer_decay, learning_rate, scheduled
        >>> params = {name: {"kernel": jnp.ones(2)} for name in ("embed", "block", "head")}
        >>> rates = layer_decay(wj.Constant(1.0), ["embed", "block", "head"], factor=0.5)
        >>> optimizer = grouped(
        ...     {layer: scheduled(optax.adamw)(rate) for layer, rate in rates.items()},
        ...     {layer: f"{layer}/*" for layer in rates},
        ... )
        >>> learning_rate(optimizer.init(params))["embed"]
        Array(0.25, dtype=float32)

    Source: Howard & Ruder 2018, section 3.2 (https://arxiv.org/abs/1801.06146); Clark et al. 2020, appendix A
    (https://arxiv.org/abs/2003.10555).
    """
    if (
        isinstance(layers, str)
        or not isinstance(layers, collections.abc.Sequence)
        or not layers
        or len(set(layers)) < len(layers)
    ):
        raise ValueError(
            "`layer_decay(layers=...)` must be the names of the layers, each once, from the input to the output; "
            f"got {layers!r}."
        )
    last = len(layers) - 1
    return {name: as_schedule(schedule) * factor ** (last - position) for position, name in enumerate(layers)}


def _parameter_name(path: tuple[typing.Any, ...]) -> str:
    """As in `"head/kernel"`."""
    return "/".join(map(key_text, path))


def _is_variable(node: typing.Any) -> bool:
    """True for what holds one array in nnx, of any release: a parameter is named by its own path, not by the attribute
    in which nnx keeps the array.
    """
    return is_wrapped(node) or any(cls.__module__.startswith("flax.nnx.variable") for cls in type(node).__mro__)


def _as_patterns(name: str, pattern: object) -> list[str] | None:
    if pattern is None:
        return None
    patterns = [pattern] if isinstance(pattern, str) else pattern
    if (
        not (isinstance(patterns, set) or _checks.is_sequence(patterns))
        or not patterns
        or not all(isinstance(one, str) for one in patterns)
    ):
        raise TypeError(f"`grouped(patterns=...)` must have text for {name!r}; {_checks.came(pattern)}.")
    return list(patterns)


def _matches(parameter: str, patterns: list[str] | None) -> bool:
    return patterns is not None and any(fnmatch.fnmatchcase(parameter, pattern) for pattern in patterns)


def scale_layers(
    factors: jax.typing.ArrayLike, patterns: str | typing.Collection[str] = "*"
) -> optax.GradientTransformation:
    """Multiply the updates of layers that are stacked in one array, each layer by its own factor.

    `update[k] * factors[k]` along the leading axis: what `layer_decay` is for layers with parameters of their own, for
    scanned blocks. It comes last in a chain, behind the optimizer.

    Args:
        factors: a number for each layer, one-dimensional.
        patterns: the names of the stacked parameters, as for `grouped`; all others stay as they are.

    Returns:
        An `optax.GradientTransformation` without a state.

    Raises:
        ValueError: for factors that are not one-dimensional, and on `update` for a parameter whose leading axis is not
            as long.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import scale_layers, scheduled
        >>> params = {"blocks": {"kernel": jnp.ones((3, 2))}, "head": jnp.ones(2)}
        >>> optimizer = optax.chain(scheduled(optax.sgd)(wj.Constant(1.0)), scale_layers([0.25, 0.5, 1.0], "blocks/*"))
        >>> updates, _ = optimizer.update(params, optimizer.init(params), params)
        >>> updates["blocks"]["kernel"][:, 0]
        Array([-0.25, -0.5 , -1.  ], dtype=float32)

    Source: as `layer_decay`.
    """
    known, named = jnp.asarray(factors), _as_patterns("scale_layers", patterns)
    if known.ndim != 1:
        raise ValueError(f"`scale_layers(factors=...)` must be one-dimensional; {_checks.came(known)}.")

    def scaled(path: tuple[typing.Any, ...], update: typing.Any) -> typing.Any:
        if not _matches(_parameter_name(path), named):
            return update
        array = jnp.asarray(plain(update))
        if array.ndim == 0 or array.shape[0] != known.size:
            raise ValueError(
                f"`scale_layers(factors=...)` has {known.size} factors, but {_parameter_name(path)!r} has the shape "
                f"{array.shape}: its leading axis must be the layers."
            )
        made = array * known.astype(array.dtype).reshape(-1, *[1] * (array.ndim - 1))
        return type(update)(made) if is_wrapped(update) else made

    def update(updates: optax.Updates, params: optax.Params | None = None) -> typing.Any:
        return jax.tree_util.tree_map_with_path(scaled, updates, is_leaf=_is_variable)

    return optax.stateless(update)

"""The formulas of a schedule as JavaScript: its value, its lengths, and what must hold between its numbers."""

import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import fields
from warmup_jax._schedule import Schedule
from warmup_jax.studio import _javascript
from warmup_jax.studio._page_nodes import nodes_of

_RISING = type(fields.kind_of(fields.Boundaries))


class Formulas(typing.NamedTuple):
    """JavaScript functions of the numbers of a schedule.

    Args:
        value: the value at a step.
        lengths: the length of each node, 0 where it has none.
        holds: whether each condition holds.
        words: what each condition demands, as a sentence.
    """

    value: str
    lengths: str
    holds: str
    words: list[str]


def formulas_of(schedule: Schedule) -> Formulas:
    """The formulas of a schedule of known numbers."""
    leaves, structure = jax.tree.flatten(schedule)
    numbers = [
        np.asarray(leaf, np.int32 if np.asarray(leaf).dtype.kind in "iu" else jnp.result_type(float)) for leaf in leaves
    ]
    words: list[str] = []

    def value(numbers: list[jax.Array], step: list[jax.Array]) -> list[jax.Array]:
        return [jax.tree.unflatten(structure, numbers)(step[0])]

    def lengths(numbers: list[jax.Array], _: list[jax.Array]) -> list[jax.Array]:
        nodes = nodes_of(jax.tree.unflatten(structure, numbers))
        return [jnp.asarray(0 if node.steps is None else node.steps).astype(jnp.int32) for node in nodes]

    def holds(numbers: list[jax.Array], _: list[jax.Array]) -> list[jax.Array]:
        found = [each for node in nodes_of(jax.tree.unflatten(structure, numbers)) for each in _conditions(node)]
        words[:] = [sentence for _, sentence in found]
        return [jnp.asarray(each, bool) for each, _ in found]

    try:
        return Formulas(
            _javascript.translate(value, numbers, [np.int32(0)]),
            _javascript.translate(lengths, numbers, []),
            _javascript.translate(holds, numbers, []),
            words,
        )
    except NotImplementedError as error:
        raise ValueError(
            f"`to_html(schedule)` cannot show this schedule: its formula uses {error}, which has no translation to "
            f"JavaScript. Draw it with `warmup_jax.plot.plot`; got {schedule!r}."
        ) from None


def _conditions(node: Schedule) -> typing.Iterator[tuple[typing.Any, str]]:
    """What must hold between the numbers of a node, each with its words."""
    name = type(node).__name__
    for field, kind in fields.kinds_of(type(node)).items():
        table = getattr(node, field)
        if isinstance(kind, _RISING) and table is not None:
            yield (table[1:] > table[:-1]).all(), f"`{name}({field}=...)` must be {kind.words}."
    for holds, arguments, words, mend, _ in node.conditions():
        asked = ", ".join(f"{each}=..." for each in arguments) or "..."
        yield holds, f"`{name}({asked})` must be {words}. {mend}"

"""Names and messages as they are shown: short, and with nothing in them that a terminal would obey."""

from warmup_jax._words import cut as cut
from warmup_jax._words import message as message
from warmup_jax._words import name as name
from warmup_jax._words import printable as printable
from warmup_jax._words import value as value

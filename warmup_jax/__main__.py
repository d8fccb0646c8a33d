"""`python -m warmup_jax`: the `warmup-jax` command."""

from warmup_jax.cli import console

console()

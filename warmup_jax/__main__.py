"""`python -m warmup_jax`: the `warmup-jax` command."""

import sys

from warmup_jax.cli import main

sys.exit(main())

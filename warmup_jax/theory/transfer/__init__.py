"""Which peak, from the size of a model, the tokens of a run and its batch: laws that others fitted to their own runs.

Each is a fit, not a theorem, for the optimizer that it names, and holds in a range: outside of it a function warns, in
words that its result carries too. All count a batch in tokens: `tokens_per_step` of a `Run`.

The laws are straight lines in logarithms, and the best rate is not: from 22M to 707M parameters and 5B to 100B tokens
it bends upwards (https://arxiv.org/abs/2606.29158). So the further away, the less a law is worth; more tokens are the
safer direction than more parameters. A sweep around the peak that a law gives is what decides: `tune.sweep`.
"""

from warmup_jax.theory.transfer.comparing import Comparison as Comparison
from warmup_jax.theory.transfer.comparing import compare as compare
from warmup_jax.theory.transfer.laws import Hyperparameters as Hyperparameters
from warmup_jax.theory.transfer.laws import marin as marin
from warmup_jax.theory.transfer.laws import marin_adam as marin_adam
from warmup_jax.theory.transfer.laws import porian as porian
from warmup_jax.theory.transfer.laws import step_law as step_law
from warmup_jax.theory.transfer.moving import Reference as Reference
from warmup_jax.theory.transfer.moving import WrongPeak as WrongPeak
from warmup_jax.theory.transfer.moving import horizon as horizon
from warmup_jax.theory.transfer.moving import nanochat as nanochat
from warmup_jax.theory.transfer.moving import wrong_peak as wrong_peak
from warmup_jax.theory.transfer.suggesting import Suggestion as Suggestion
from warmup_jax.theory.transfer.suggesting import suggest as suggest

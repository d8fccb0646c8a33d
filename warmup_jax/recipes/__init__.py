"""Names for well-known combinations. Each is one expression over the stages and combinators."""

from warmup_jax.recipes.averages import ema_warmup as ema_warmup
from warmup_jax.recipes.cycles import cosine_restarts as cosine_restarts
from warmup_jax.recipes.cycles import cyclic as cyclic
from warmup_jax.recipes.cycles import multi_step as multi_step
from warmup_jax.recipes.cycles import one_cycle as one_cycle
from warmup_jax.recipes.cycles import one_cycle_momentum as one_cycle_momentum
from warmup_jax.recipes.cycles import step_decay as step_decay
from warmup_jax.recipes.derived import noam as noam
from warmup_jax.recipes.derived import untuned_exponential as untuned_exponential
from warmup_jax.recipes.derived import untuned_linear as untuned_linear
from warmup_jax.recipes.phases import infinite_cosine as infinite_cosine
from warmup_jax.recipes.phases import one_minus_sqrt as one_minus_sqrt
from warmup_jax.recipes.phases import polynomial_from_start as polynomial_from_start
from warmup_jax.recipes.phases import power_law as power_law
from warmup_jax.recipes.phases import wsd as wsd
from warmup_jax.recipes.warmups import linear_to_zero as linear_to_zero
from warmup_jax.recipes.warmups import warmup_constant as warmup_constant
from warmup_jax.recipes.warmups import warmup_cosine as warmup_cosine
from warmup_jax.recipes.warmups import warmup_exponential as warmup_exponential
from warmup_jax.recipes.warmups import warmup_inverse_sqrt as warmup_inverse_sqrt
from warmup_jax.recipes.warmups import warmup_linear as warmup_linear
from warmup_jax.recipes.warmups import warmup_polynomial as warmup_polynomial
from warmup_jax.recipes.warmups import warmup_rex as warmup_rex

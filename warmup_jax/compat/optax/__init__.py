"""The schedules of `optax.schedules` (Optax 0.2.8): their names and arguments, as expressions of this library.

The rates are Optax's at every step, but for its float32 rounding (its cosine over a million steps is exactly 0 for the
last 77). On purpose it differs in this:

- lengths and moments are whole numbers of at least 0; a negative one is an error, where Optax holds the first value;
- a decay of no steps, as where the warmup is as long as the run, ends where it begins; Optax refuses it;
- what Optax drops without a word, such as a boundary too many, is an error;
- a result is always float32, of the shape of the step.

A state of `optax.adamw(schedule)` goes on with a schedule of this library in it by `transform.adopt`.
"""

from warmup_jax.compat.optax.curves import constant_schedule as constant_schedule
from warmup_jax.compat.optax.curves import cosine_decay_schedule as cosine_decay_schedule
from warmup_jax.compat.optax.curves import exponential_decay as exponential_decay
from warmup_jax.compat.optax.curves import linear_schedule as linear_schedule
from warmup_jax.compat.optax.curves import polynomial_schedule as polynomial_schedule
from warmup_jax.compat.optax.joining import join_schedules as join_schedules
from warmup_jax.compat.optax.onecycle import cosine_onecycle_schedule as cosine_onecycle_schedule
from warmup_jax.compat.optax.onecycle import linear_onecycle_schedule as linear_onecycle_schedule
from warmup_jax.compat.optax.tables import piecewise_constant_schedule as piecewise_constant_schedule
from warmup_jax.compat.optax.tables import piecewise_interpolate_schedule as piecewise_interpolate_schedule
from warmup_jax.compat.optax.warmups import sgdr_schedule as sgdr_schedule
from warmup_jax.compat.optax.warmups import warmup_constant_schedule as warmup_constant_schedule
from warmup_jax.compat.optax.warmups import warmup_cosine_decay_schedule as warmup_cosine_decay_schedule
from warmup_jax.compat.optax.warmups import warmup_exponential_decay_schedule as warmup_exponential_decay_schedule

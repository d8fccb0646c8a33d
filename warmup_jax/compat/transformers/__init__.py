"""The schedules of Hugging Face Transformers 5.23.0, under their own names and with their own arguments.

Each function takes the arguments of `transformers.get_...` without `optimizer`, and by keyword `base_lr`, the rate of
the optimizer, which theirs multiply. `last_epoch=k` gives the schedule from step `k + 1` on, as it does there. What
comes back is an expression of this library: print it to see the native form.

What differs, for all of them: past `num_training_steps` the end is held, where `cosine` of Transformers rises again;
lengths are whole numbers, not negative, and a warmup longer than the run is an error; where the warmup fills the whole
run, the peak is held after it, where Transformers goes to the end of the decay. They agree at every step of the run,
0 to `num_training_steps - 1`, and at `num_training_steps` itself unless the warmup fills the run; but with hard
restarts the rounding of Transformers counts some first steps of a cycle to the cycle before, at 0.
"""

from warmup_jax.compat.transformers.choosing import get_reduce_on_plateau_schedule as get_reduce_on_plateau_schedule
from warmup_jax.compat.transformers.choosing import get_scheduler as get_scheduler
from warmup_jax.compat.transformers.cosines import get_cosine_schedule_with_warmup as get_cosine_schedule_with_warmup
from warmup_jax.compat.transformers.cosines import (
    get_cosine_with_hard_restarts_schedule_with_warmup as get_cosine_with_hard_restarts_schedule_with_warmup,
)
from warmup_jax.compat.transformers.cosines import (
    get_cosine_with_min_lr_schedule_with_warmup as get_cosine_with_min_lr_schedule_with_warmup,
)
from warmup_jax.compat.transformers.cosines import (
    get_cosine_with_min_lr_schedule_with_warmup_lr_rate as get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
)
from warmup_jax.compat.transformers.greedy import GreedyLR as GreedyLR
from warmup_jax.compat.transformers.greedy import get_greedy_schedule as get_greedy_schedule
from warmup_jax.compat.transformers.lambdas import schedule_of_lambda as schedule_of_lambda
from warmup_jax.compat.transformers.phases import get_wsd_schedule as get_wsd_schedule
from warmup_jax.compat.transformers.powers import get_constant_schedule as get_constant_schedule
from warmup_jax.compat.transformers.powers import get_constant_schedule_with_warmup as get_constant_schedule_with_warmup
from warmup_jax.compat.transformers.powers import get_inverse_sqrt_schedule as get_inverse_sqrt_schedule
from warmup_jax.compat.transformers.powers import get_linear_schedule_with_warmup as get_linear_schedule_with_warmup
from warmup_jax.compat.transformers.powers import (
    get_polynomial_decay_schedule_with_warmup as get_polynomial_decay_schedule_with_warmup,
)
from warmup_jax.compat.transformers.trainer import from_trainer_args as from_trainer_args

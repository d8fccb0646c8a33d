"""Optax: schedules that live in the optimizer state, where they can be read and changed."""

from warmup_jax.transform.changing import rescale as rescale
from warmup_jax.transform.changing import reschedule as reschedule
from warmup_jax.transform.greedy_rates import GreedyState as GreedyState
from warmup_jax.transform.greedy_rates import greedy as greedy
from warmup_jax.transform.groups import grouped as grouped
from warmup_jax.transform.groups import layer_decay as layer_decay
from warmup_jax.transform.groups import scale_layers as scale_layers
from warmup_jax.transform.loss_gap import LossGapState as LossGapState
from warmup_jax.transform.loss_gap import loss_gap_warmup as loss_gap_warmup
from warmup_jax.transform.plateau import PlateauState as PlateauState
from warmup_jax.transform.plateau import reduce_on_plateau as reduce_on_plateau
from warmup_jax.transform.reading import hyperparameters as hyperparameters
from warmup_jax.transform.reading import learning_rate as learning_rate
from warmup_jax.transform.reading import log_dict as log_dict
from warmup_jax.transform.reading import scheduled_state as scheduled_state
from warmup_jax.transform.resuming import adopt as adopt
from warmup_jax.transform.resuming import resume as resume
from warmup_jax.transform.state import ScheduledState as ScheduledState
from warmup_jax.transform.state import scheduled as scheduled

"""What a schedule is worth before a step is paid for, and what it equals.

Some of this is a theorem for plain SGD, some a habit of those who train large models: each function says what it is,
its range and its source. Known numbers are calculated with in float64 on the host; traced ones, where a function takes
them, in the dtype of the schedule, so that a result can be differentiated with respect to the numbers of the schedule.
"""

from warmup_jax.theory import transfer as transfer
from warmup_jax.theory.averages import MergeWeights as MergeWeights
from warmup_jax.theory.averages import UpdateWeights as UpdateWeights
from warmup_jax.theory.averages import merge_weights as merge_weights
from warmup_jax.theory.averages import merged_schedule as merged_schedule
from warmup_jax.theory.averages import update_weights as update_weights
from warmup_jax.theory.batches import Seesaw as Seesaw
from warmup_jax.theory.batches import seesaw as seesaw
from warmup_jax.theory.bounds import BestScale as BestScale
from warmup_jax.theory.bounds import Bound as Bound
from warmup_jax.theory.bounds import best_scale as best_scale
from warmup_jax.theory.bounds import bound as bound
from warmup_jax.theory.laws import AnnealingLaw as AnnealingLaw
from warmup_jax.theory.laws import LossLaw as LossLaw
from warmup_jax.theory.laws import MultiPowerLaw as MultiPowerLaw
from warmup_jax.theory.laws import fit_annealing_law as fit_annealing_law
from warmup_jax.theory.laws import fit_multi_power_law as fit_multi_power_law
from warmup_jax.theory.optimizing import Optimized as Optimized
from warmup_jax.theory.optimizing import optimize as optimize
from warmup_jax.theory.optimizing import optimize_falling as optimize_falling
from warmup_jax.theory.refining import refined as refined
from warmup_jax.theory.regressions import linear_regression_loss as linear_regression_loss
from warmup_jax.theory.scores import Score as Score
from warmup_jax.theory.scores import Scores as Scores
from warmup_jax.theory.scores import score as score
from warmup_jax.theory.warmups import effective_warmup as effective_warmup

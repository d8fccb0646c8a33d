"""The schedulers of PyTorch 2.13.0, under their own names and with their own arguments, and live ones in and out.

Each function takes the arguments of the class of that name in `torch.optim.lr_scheduler` without `optimizer`, and by
keyword `base_lr`, the rate of the optimizer, where the scheduler multiplies it. `last_epoch=k` gives the schedule from
step `k + 1` on: what a scheduler that resumes with it is documented to do. A list with one entry per parameter group is
one call per group here.

`step` is the number of `scheduler.step()` calls so far. PyTorch calls it an epoch and most programs step once per
epoch: for that, wrap the result in `Staircase(Stretch(schedule, n), n)` with the n steps of an epoch.

`from_torch` reads a scheduler object, `to_torch` makes one.
"""

from warmup_jax.compat._plateau import ReduceLROnPlateau as ReduceLROnPlateau
from warmup_jax.compat.pytorch.combining import ChainedScheduler as ChainedScheduler
from warmup_jax.compat.pytorch.combining import SequentialLR as SequentialLR
from warmup_jax.compat.pytorch.curves import SWALR as SWALR
from warmup_jax.compat.pytorch.curves import ConstantLR as ConstantLR
from warmup_jax.compat.pytorch.curves import CosineAnnealingLR as CosineAnnealingLR
from warmup_jax.compat.pytorch.curves import CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts
from warmup_jax.compat.pytorch.curves import LinearLR as LinearLR
from warmup_jax.compat.pytorch.curves import PolynomialLR as PolynomialLR
from warmup_jax.compat.pytorch.cyclic import CyclicLR as CyclicLR
from warmup_jax.compat.pytorch.cyclic import CyclicLRMomentum as CyclicLRMomentum
from warmup_jax.compat.pytorch.driving import to_torch as to_torch
from warmup_jax.compat.pytorch.lambdas import LambdaLR as LambdaLR
from warmup_jax.compat.pytorch.lambdas import MultiplicativeLR as MultiplicativeLR
from warmup_jax.compat.pytorch.one_cycle import OneCycleLR as OneCycleLR
from warmup_jax.compat.pytorch.one_cycle import OneCycleLRMomentum as OneCycleLRMomentum
from warmup_jax.compat.pytorch.reading import from_torch as from_torch
from warmup_jax.compat.pytorch.stairs import ExponentialLR as ExponentialLR
from warmup_jax.compat.pytorch.stairs import MultiStepLR as MultiStepLR
from warmup_jax.compat.pytorch.stairs import StepLR as StepLR

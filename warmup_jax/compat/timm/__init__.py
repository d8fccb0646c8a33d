"""The schedulers of `timm.scheduler` (timm 1.0.31): their names and arguments, as expressions of this library.

A scheduler of timm changes the rate of an optimizer, its first argument; here `base_lr=` takes that place, and what
comes back is a schedule. The arguments that all of them have:

- `warmup_t`, `warmup_lr_init`: a straight line from `warmup_lr_init` to `base_lr` in so many epochs or updates;
- `warmup_prefix`: whether the curve begins after the warmup. Without it, the default of the cosine, tanh and poly
  schedulers, the curve has run on under the warmup, and the rate falls to it at once where the warmup ends;
- `t_in_epochs`: whether all lengths are epochs, as by default, or updates. With epochs `steps_per_epoch=` must say how
  many updates each has: the rate changes once per epoch (`steps_per_epoch=1` is a schedule of the epoch);
- `noise_range_t`: noise is not supported, and an error; `noise_pct`, `noise_std`, `noise_seed` and `initialize` are
  accepted and not used.

What differs from timm on purpose, everywhere: a cycle begins exactly at its boundary, where timm takes a logarithm in
floating point and is in the wrong cycle at some; a decimal such as 2.4 is read as it prints.
"""

from warmup_jax.compat.timm.cycles import CosineLRScheduler as CosineLRScheduler
from warmup_jax.compat.timm.cycles import PolyLRScheduler as PolyLRScheduler
from warmup_jax.compat.timm.cycles import TanhLRScheduler as TanhLRScheduler
from warmup_jax.compat.timm.phases import WSDLRScheduler as WSDLRScheduler
from warmup_jax.compat.timm.stairs import MultiStepLRScheduler as MultiStepLRScheduler
from warmup_jax.compat.timm.stairs import StepLRScheduler as StepLRScheduler

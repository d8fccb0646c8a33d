"""The warmups of pytorch-warmup 0.2.0, under their own names: factors for any schedule.

`warmup.dampening()` multiplies the rate of a scheduler that runs on under the warmup. Here that is a product:

>>> from warmup_jax.compat import pytorch, pytorch_warmup
>>> pytorch.CosineAnnealingLR(T_max=10_000, base_lr=1e-3) * pytorch_warmup.LinearWarmup(warmup_period=2_000)
Product(Cosine(start=0.001, stop=0.0, steps=10000), Shift(schedule=Linear(start=0.0, stop=1.0, steps=2000), by=-1))

Each takes the arguments of the class of that name without `optimizer`. `last_step=k` gives the factor from step
`k + 1` on. A list of periods, one per parameter group, is one call per group here.

On purpose it differs in this:

- the length of an untuned warmup stays a fraction where it is one; the classes cut it, to 1999 for 0.999;
- `RAdamWarmup` takes `beta2` from 0.8 on; the class takes any above 0.6.
"""

from warmup_jax.compat.pytorch_warmup.warmups import ExponentialWarmup as ExponentialWarmup
from warmup_jax.compat.pytorch_warmup.warmups import LinearWarmup as LinearWarmup
from warmup_jax.compat.pytorch_warmup.warmups import RAdamWarmup as RAdamWarmup
from warmup_jax.compat.pytorch_warmup.warmups import UntunedExponentialWarmup as UntunedExponentialWarmup
from warmup_jax.compat.pytorch_warmup.warmups import UntunedLinearWarmup as UntunedLinearWarmup

"""The schedules of `keras.optimizers.schedules` (Keras 3.15.1) under their own names, as expressions of this library.

`from_keras` reads a schedule object of Keras, or its config; `to_keras` hands a schedule to a Keras optimizer. Keras is
imported only there. What differs from Keras on purpose, everywhere:

- a whole number as a first rate is a rate like any other; Keras then computes in whole numbers, so that
  `CosineDecay(0, 1000, warmup_target=0.1, warmup_steps=1000)`, the example of its own text, is 0 at every step;
- the value is within a few float32 ulp of the formula at every step up to 2**31 - 1. Keras counts steps in float32;
  compiled on JAX it multiplies by a rounded reciprocal, and is a step late at the stairs of some lengths;
- rates and lengths that make no sense are errors in words.

`name`, a label of Keras's operations, is accepted and not used. A length may be a whole float such as `1e4`.
"""

from warmup_jax.compat.keras.converting import from_keras as from_keras
from warmup_jax.compat.keras.converting import to_keras as to_keras
from warmup_jax.compat.keras.cosines import CosineAnnealingWarmUpLR as CosineAnnealingWarmUpLR
from warmup_jax.compat.keras.cosines import CosineDecay as CosineDecay
from warmup_jax.compat.keras.cosines import CosineDecayRestarts as CosineDecayRestarts
from warmup_jax.compat.keras.decays import ExponentialDecay as ExponentialDecay
from warmup_jax.compat.keras.decays import InverseTimeDecay as InverseTimeDecay
from warmup_jax.compat.keras.decays import PiecewiseConstantDecay as PiecewiseConstantDecay
from warmup_jax.compat.keras.decays import PolynomialDecay as PolynomialDecay
from warmup_jax.compat.keras.objects import keras_objects as keras_objects
from warmup_jax.compat.keras.objects import lr_history as lr_history

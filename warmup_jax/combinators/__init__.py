"""Schedules made from schedules: what they do to time, what they do to values, and what makes them."""

from warmup_jax.combinators.blending import Blend as Blend
from warmup_jax.combinators.clocks import DataClock as DataClock
from warmup_jax.combinators.growing import Cycles as Cycles
from warmup_jax.combinators.joining import Join as Join
from warmup_jax.combinators.joining import join as join
from warmup_jax.combinators.makers import cooldown as cooldown
from warmup_jax.combinators.makers import extend as extend
from warmup_jax.combinators.makers import rewarm as rewarm
from warmup_jax.combinators.makers import warmup_into as warmup_into
from warmup_jax.combinators.pacing import KDecay as KDecay
from warmup_jax.combinators.repeating import Repeat as Repeat
from warmup_jax.combinators.time import Reverse as Reverse
from warmup_jax.combinators.time import Shift as Shift
from warmup_jax.combinators.time import Staircase as Staircase
from warmup_jax.combinators.time import Stretch as Stretch
from warmup_jax.combinators.time import Truncate as Truncate
from warmup_jax.combinators.values import Clip as Clip
from warmup_jax.combinators.values import Maximum as Maximum
from warmup_jax.combinators.values import Minimum as Minimum
from warmup_jax.combinators.values import Power as Power
from warmup_jax.combinators.values import Product as Product
from warmup_jax.combinators.values import Scale as Scale
from warmup_jax.combinators.values import Sum as Sum

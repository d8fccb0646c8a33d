"""What a schedule does over a run, before a step of it is paid for."""

from warmup_jax.report.curves import sample as sample
from warmup_jax.report.description import Description as Description
from warmup_jax.report.description import StageRow as StageRow
from warmup_jax.report.description import describe as describe
from warmup_jax.report.difference import Difference as Difference
from warmup_jax.report.difference import diff as diff
from warmup_jax.report.timeline import Span as Span
from warmup_jax.report.timeline import spans as spans

"""What a schedule does over a run, before a step of it is paid for."""

from warmup_jax.report.curves import EVERY_STEP as EVERY_STEP
from warmup_jax.report.curves import Curve as Curve
from warmup_jax.report.curves import check_concrete as check_concrete
from warmup_jax.report.curves import check_total as check_total
from warmup_jax.report.curves import curve as curve
from warmup_jax.report.curves import sample as sample
from warmup_jax.report.curves import total_of as total_of
from warmup_jax.report.curves import warmup_of as warmup_of
from warmup_jax.report.description import Description as Description
from warmup_jax.report.description import StageRow as StageRow
from warmup_jax.report.description import describe as describe
from warmup_jax.report.description import show_value as show_value
from warmup_jax.report.difference import Difference as Difference
from warmup_jax.report.difference import diff as diff
from warmup_jax.report.timeline import Span as Span
from warmup_jax.report.timeline import length_of as length_of
from warmup_jax.report.timeline import spans as spans

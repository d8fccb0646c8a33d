"""Schedules as text, as plain dicts, and as files.

What is read is a small grammar of known names and literals. It has a reader of its own and is never evaluated.
"""

from warmup_jax.text.data import from_dict as from_dict
from warmup_jax.text.data import to_dict as to_dict
from warmup_jax.text.files import load as load
from warmup_jax.text.files import load_run as load_run
from warmup_jax.text.files import save as save
from warmup_jax.text.parsing import parse as parse
from warmup_jax.text.parsing import parse_run as parse_run

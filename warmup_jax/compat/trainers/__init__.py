"""The schedules of trainers, from their configs as they are written there.

Each function takes the settings of one trainer by their own names, as a dict, `megatron(**vars(args))`; `from_config`
finds out whose they are. Settings that are not about the rate are let pass; those that are must be known, and are named
if they are not. What comes back is an expression of this library: print it to see the native form. The page
`colabs/trainers.md` has these and those of more trainers side by side with ours.
"""

from warmup_jax.compat.trainers.axolotl import axolotl as axolotl
from warmup_jax.compat.trainers.deepspeed import deepspeed as deepspeed
from warmup_jax.compat.trainers.fairseq import fairseq as fairseq
from warmup_jax.compat.trainers.maxtext import maxtext as maxtext
from warmup_jax.compat.trainers.megatron import megatron as megatron
from warmup_jax.compat.trainers.mmengine import mmengine as mmengine
from warmup_jax.compat.trainers.nanogpt import nanogpt as nanogpt
from warmup_jax.compat.trainers.reading import from_config as from_config
from warmup_jax.compat.trainers.reading import huggingface as huggingface
from warmup_jax.compat.trainers.torchtitan import torchtitan as torchtitan
from warmup_jax.compat.trainers.ultralytics import ultralytics as ultralytics

"""A config of any of the trainers."""

import typing

import warmup_jax as wj
from warmup_jax import _checks, _words
from warmup_jax.compat.trainers._settings import parameters_of, refuse_rates, total_of
from warmup_jax.compat.trainers.axolotl import axolotl
from warmup_jax.compat.trainers.deepspeed import deepspeed
from warmup_jax.compat.trainers.fairseq import fairseq
from warmup_jax.compat.trainers.maxtext import maxtext
from warmup_jax.compat.trainers.megatron import megatron
from warmup_jax.compat.trainers.mmengine import mmengine
from warmup_jax.compat.trainers.nanogpt import nanogpt
from warmup_jax.compat.trainers.torchtitan import torchtitan
from warmup_jax.compat.trainers.ultralytics import ultralytics
from warmup_jax.compat.transformers import from_trainer_args
from warmup_jax.fields import checked


def huggingface(
    *,
    learning_rate: typing.Any = None,
    lr_scheduler_type: typing.Any = None,
    lr_scheduler_kwargs: typing.Any = None,
    max_steps: typing.Any = None,
    warmup_steps: typing.Any = None,
    warmup_ratio: typing.Any = None,
    num_train_epochs: float = 3.0,
    total: int | None = None,
    steps_per_epoch: int | None = None,
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of the arguments of a Hugging Face `Trainer`: `compat.transformers.from_trainer_args`.

    Args:
        learning_rate: this and the next five as `from_trainer_args` has them.
        num_train_epochs: the epochs of the run, where `max_steps` does not tell its length.
        total: the updates of the run, likewise.
        steps_per_epoch: the updates of an epoch, likewise.
        **others: the rest; what is about the rate must be one of the above.

    Returns:
        A schedule.

    Example:
        >>> huggingface(lr_scheduler_type="cosine", max_steps=1_000, warmup_ratio=0.1)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Cosine(start=5e-05, stop=0.0, steps=900))
    """
    refuse_rates(huggingface, others)
    if max_steps in (None, -1):
        total = total_of("huggingface", total, num_train_epochs, steps_per_epoch)
    settings = {
        "learning_rate": learning_rate,
        "lr_scheduler_type": lr_scheduler_type,
        "lr_scheduler_kwargs": lr_scheduler_kwargs,
        "max_steps": max_steps,
        "warmup_steps": warmup_steps,
        "warmup_ratio": warmup_ratio,
    }
    return from_trainer_args({name: value for name, value in settings.items() if value is not None}, total)


READERS: dict[str, typing.Callable[..., wj.Schedule]] = {
    "huggingface": huggingface,
    "axolotl": axolotl,
    "deepspeed": deepspeed,
    "megatron": megatron,
    "maxtext": maxtext,
    "torchtitan": torchtitan,
    "nanogpt": nanogpt,
    "fairseq": fairseq,
    "mmengine": mmengine,
    "ultralytics": ultralytics,
}
# Settings that no reader reads, but that tell whose config it is.
_TELLING = {
    "huggingface": {"output_dir", "per_device_train_batch_size"},
    "axolotl": {"base_model", "micro_batch_size"},
    "mmengine": {"_base_", "default_hooks", "model_wrapper_cfg"},
    "maxtext": {"base_config", "base_output_directory", "per_device_batch_size"},
    "nanogpt": {"block_size", "gradient_accumulation_steps", "out_dir"},
    "ultralytics": {"cls", "dfl", "hsv_h"},
}
Trainer: typing.TypeAlias = typing.Literal[
    "huggingface", "axolotl", "deepspeed", "megatron", "maxtext", "torchtitan", "nanogpt", "fairseq", "mmengine",
    "ultralytics",
]  # fmt: skip


@checked
def from_config(
    settings: typing.Mapping[str, typing.Any],
    trainer: Trainer | None = None,
    *,
    total: int | None = None,
    steps_per_epoch: int | None = None,
) -> wj.Schedule:
    """The schedule of a trainer's config.

    Args:
        settings: the config as a dict, such as `yaml.safe_load` or `vars(args)` gives; what is None counts as left out,
            and "2e-5", which PyYAML takes for a text, as the number.
        trainer: whose config it is; by default the trainer that knows most of the settings by name.
        total: the updates of the run, for a trainer whose config may tell its epochs alone.
        steps_per_epoch: the updates of an epoch, likewise.

    Returns:
        A schedule: an expression of this library, which it prints as.

    Raises:
        ValueError: for a setting about the rate that is not read, and for a config of no trainer, or of several.

    Example:
        >>> from warmup_jax.compat import trainers
        >>> trainers.from_config({"learning_rate": 3e-4, "steps": 1_000, "lr_schedule_type": "cosine"})(100)
        Array(0.0003, dtype=float32)
    """
    if not _checks.is_mapping(settings):
        raise TypeError(f"`from_config(settings)` must be a dict of settings; {_checks.came(settings)}.")
    given = {str(key): _as_yaml_means(value) for key, value in settings.items() if value is not None}
    name = trainer or _whose(given)
    reader = READERS[name]
    facts = {"total": total, "steps_per_epoch": steps_per_epoch}
    for fact, value in facts.items():
        if value is None:
            continue
        if fact not in parameters_of(reader):
            raise ValueError(
                f"`from_config({fact}=...)` is not asked by {name}: its config tells its lengths. Leave it out."
            )
        given[fact] = value
    return reader(**given)


def _as_yaml_means(value: typing.Any) -> typing.Any:
    """A setting with the numbers that PyYAML, which reads YAML 1.1, leaves as texts: 2e-5 without a point."""
    if _checks.is_mapping(value):
        return {key: _as_yaml_means(each) for key, each in value.items()}
    return float(value) if _checks.number_in_yaml(value) else value


def _whose(settings: typing.Mapping[str, typing.Any]) -> str:
    """The trainer that knows most of the settings by name; of several the one that has all it needs."""

    def rank(name: str) -> tuple[int, bool]:
        known = parameters_of(READERS[name])
        given = settings.keys() & (set(known) | _TELLING.get(name, set()))
        return len(given), all(each in settings for each, needs in known.items() if needs)

    ranks = {name: rank(name) for name in READERS}
    best = [name for name, each in ranks.items() if each == max(ranks.values())]
    if len(best) == 1 and ranks[best[0]][0]:
        return best[0]
    several = bool(ranks[best[0]][0])
    may_be = f"may be a config of {' or '.join(best)}" if several else "is no config of a known trainer"
    keys = ", ".join(_words.value(key) for key in list(settings)[:6])
    raise ValueError(
        f"this {may_be}; it has {keys or 'no settings'}. Name the trainer, with `trainer=` or `--trainer`: "
        f"{', '.join(best if several else READERS)}."
    )

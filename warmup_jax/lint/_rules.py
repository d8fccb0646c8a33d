"""The rules by their codes, with what they are about and the reports behind them."""

import typing

from warmup_jax.lint import _lengths, _values
from warmup_jax.lint._case import Case, Problem


class Rule(typing.NamedTuple):
    """What a rule is about.

    Args:
        doc: one sentence.
        severities: how each severity is earned.
        sources: reports of runs that it would have saved, and papers, as addresses.
        check: the function that finds it.
    """

    doc: str
    severities: dict[str, str]
    sources: tuple[str, ...]
    check: typing.Callable[[Case], list[Problem]]


def _issues(*names: str) -> tuple[str, ...]:
    """`owner/repository#number` as addresses; GitHub leads from an issue to the pull request of that number."""
    return tuple(f"https://github.com/{name.replace('#', '/issues/')}" for name in names)


RULES: dict[str, Rule] = {
    "not-finite": Rule(
        "The rate is NaN or infinite at some step of the run.",
        {"error": "always; no other rule is asked then"},
        _issues("google-deepmind/optax#1403", "google-deepmind/optax#1791", "google-deepmind/optax#46"),
        _values.not_finite,
    ),
    "negative": Rule(
        "The rate is below 0, so that updates go uphill; or a known weight decay is.",
        {"error": "always"},
        _issues("google-research/vmoe#220"),
        _values.negative,
    ),
    "peak-not-reached": Rule(
        "The run ends before the schedule reaches its peak.",
        {"error": "the rate only rises until the run ends", "warning": "less than 99 % of the peak is reached"},
        _issues(
            "Oneflow-Inc/libai#37",
            "erfanzar/eformer#2",
            "pytorch/torchtitan#1284",
            "Tony-Y/pytorch_warmup#17",
            "salesforce/LAVIS#72",
        ),
        _lengths.peak_not_reached,
    ),
    "steps-as-epochs": Rule(
        "The schedule is as many times longer than the run as an epoch has steps: written in steps, asked per epoch.",
        {"warning": "the two ratios are within 5 %"},
        _issues(
            "Tony-Y/pytorch_warmup#14", "crowsonkb/k-diffusion#50", "microsoft/ClimaX#25", "hpcaitech/ColossalAI#31"
        ),
        _lengths.steps_as_epochs,
    ),
    "epochs-as-steps": Rule(
        "The schedule is as many times shorter than the run as an epoch has steps: written in epochs, asked per step.",
        {
            "warning": "the ratios are within 5 %, or the boundaries of a table are within its first 5 %, or a cycle "
            "is within 1 % of where it is seen, and the run has room for them as epochs"
        },
        _issues("salesforce/LAVIS#72", "vturrisi/solo-learn#264", "cszn/KAIR#101", "poets-ai/elegy#124"),
        _lengths.epochs_as_steps,
    ),
    "micro-steps-as-steps": Rule(
        "The schedule is as many times longer or shorter than the run as an update has micro-steps.",
        {"warning": "the two ratios are within 5 %"},
        _issues(
            "Lightning-AI/pytorch-lightning#1476",
            "huggingface/accelerate#963",
            "AI-Hypercomputer/maxtext#3452",
            "huggingface/diffusers#4387",
        ),
        _lengths.micro_steps_as_steps,
    ),
    "ends-before-run": Rule(
        "The schedule ends before the run, and its last value is held for more than 1 % of the run.",
        {"error": "that value is 0", "warning": "it is below the peak", "info": "it is the peak"},
        _issues(
            "areal-project/AReaL#1289",
            "huggingface/transformers#18070",
            "mosaicml/composer#1384",
            "facebookresearch/fairseq#2523",
        ),
        _lengths.ends_before_run,
    ),
    "ends-inside-decay": Rule(
        "The run ends before the decay does.",
        {"warning": "the rate would still fall by more than 1 % of the peak, in more than one step"},
        _issues("vllm-project/speculators#1104", "gaussalgo/adaptor#15", "huggingface/transformers#22580"),
        _lengths.ends_inside_decay,
    ),
    "restart-cut": Rule(
        "The run ends in the middle of a cycle of a `Repeat`.",
        {"warning": "the rate is more than 5 % of the peak above the end of the cycle"},
        _issues("marin-community/marin#3086", "bghira/SimpleTuner#96"),
        _lengths.restart_cut,
    ),
    "zero-first-update": Rule(
        "The first updates have rate 0.",
        {
            "error": "all updates have",
            "warning": "a whole epoch of more than one step, or more than 3 steps and 1 % of the run",
            "info": "fewer",
        },
        _issues(
            "google-research/bert#1293",
            "EleutherAI/gpt-neox#1373",
            "verl-project/verl#3674",
            "meta-pytorch/torchtune#2010",
            "karpathy/nanoGPT#443",
        ),
        _values.zero_first_update,
    ),
    "zero-tail": Rule(
        "The last updates have rate 0, although the schedule has not ended.",
        {"warning": "more than 3 steps and 1 % of the run"},
        _issues("areal-project/AReaL#1289", "EleutherAI/gpt-neox#1008"),
        _values.zero_tail,
    ),
    "jump": Rule(
        "The rate jumps where one stage of a `Join` ends and the next one begins.",
        {"warning": "by more than 10.5 % of the peak and twice the largest step within the two; not between constants"},
        _issues(
            "huggingface/transformers#4940",
            "huggingface/pytorch-image-models#1242",
            "facebookresearch/fairchem#1967",
            "lindermanlab/S5#11",
            "marin-community/marin#3086",
        ),
        _values.jump,
    ),
    "rise-after-decay": Rule(
        "The rate rises a little after it has fallen: at a boundary between stages, or at the end of a `Function`.",
        {"warning": "by more than 1 % of the peak, to less than 30 % of it or into a decay; `jump` has the larger"},
        _issues("google-deepmind/optax#905", "google-deepmind/optax#1032"),
        _values.rise_after_decay,
    ),
    "zero-length-stage": Rule(
        "A stage of a `Join` has length 0 and vanishes.",
        {"warning": "the rate would have changed in it", "info": "a stage that changes nothing, but for a warmup"},
        _issues(
            "pytorch/pytorch#185872", "huggingface/transformers#47285", "apple/axlearn#697", "pytorch/torchtitan#1010"
        ),
        _lengths.zero_length_stage,
    ),
    "flat-stage": Rule(
        "A curve goes from a number to the same number.",
        {"warning": "always"},
        ("https://github.com/huggingface/nanotron/blob/2411b02/src/nanotron/config/config.py",),
        _lengths.flat_stage,
    ),
    "vanishes": Rule(
        "The rate is below the smallest normal number of float32, 1.175e-38, where the curve is not at 0.",
        {"warning": "at more than 1 % of the steps"},
        _issues("tinygrad/tinygrad#4297"),
        _values.vanishes,
    ),
    "does-not-move": Rule(
        "The rate, stored as `rate_dtype` (such as bfloat16), stands still where the schedule moves.",
        {"warning": "at more than half of the steps at which it should move; only with `rate_dtype`"},
        _issues("pytorch/ao#4915", "google-deepmind/optax#1414", "google-deepmind/optax#1405"),
        _values.does_not_move,
    ),
    "short-warmup": Rule(
        "The warmup is shorter than the memory of Adam's second moment, 2 / (1 - b2) updates; only with a known b2.",
        {
            "warning": "shorter than a tenth of it, in a run of more than ten times it",
            "info": "shorter; a rule of thumb, of training from scratch without other measures",
        },
        ("https://arxiv.org/abs/1910.04209",),
        _values.short_warmup,
    ),
    "decay-and-rate-apart": Rule(
        "A weight decay with its own schedule ends its way at another time than the rate, or rises while that falls.",
        {"warning": "their ends are more than 5 % of the run apart", "info": "one rises by 10 % as the other falls"},
        _issues("google-deepmind/optax#1426"),
        _values.decay_and_rate_apart,
    ),
    "another-schedule": Rule(
        "The optimizer holds another learning-rate schedule than the one asked about.",
        {"warning": "none of its learning rates has the values of the schedule over the run"},
        _issues("google-deepmind/optax#424", "pytorch/pytorch#119168"),
        _values.another_schedule,
    ),
}

"""The rules of `lint`, each with a run that it would have saved, and what it says of that run."""

import typing

import jax.numpy as jnp
import optax

import warmup_jax as wj
from warmup_jax.lint import RULES, Rule, lint
from warmup_jax.transform import scheduled

# For each rule, what `lint` is called with.
EXAMPLES = {
    "steps-as-epochs": (
        "wj.Staircase(wj.Stretch(wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000), 100), 100), wj.Run(total=1_000)"
    ),
    "epochs-as-steps": (
        "wj.warmup_cosine(peak=1e-3, warmup=1, total=10), wj.Run(total='10 epochs', steps_per_epoch=100)"
    ),
    "micro-steps-as-steps": "wj.warmup_cosine(peak=1e-3, warmup=800, total=8_000), wj.Run(total=1_000, accumulate=8)",
    "ramp-bends-schedule": (
        "wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000), wj.Run(total=1_000, batch_size=[(0, 8), (2_000, 16)])"
    ),
    "peak-not-reached": "wj.warmup_cosine(peak=1e-3, warmup=2_000, total=9_000), wj.Run(total=1_000)",
    "ends-before-run": "wj.warmup_cosine(peak=1e-3, warmup=100, total=900), wj.Run(total=1_000)",
    "ends-inside-decay": "wj.warmup_linear(peak=1e-3, warmup=200, total=1_800), wj.Run(total=1_000)",
    "restart-cut": "wj.cosine_restarts(peak=1e-3, cycle=400, warmup=100), wj.Run(total=1_000)",
    "does-not-move": "wj.Cosine(1e-3, 9e-4, steps=1_000), wj.Run(total=1_000), rate_dtype='bfloat16'",
    "short-warmup": "wj.warmup_cosine(peak=1e-3, warmup=100, total=50_000), wj.Run(total=50_000), {'b2': 0.999}",
    "decay-and-rate-apart": (
        "wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000), wj.Run(total=1_000), "
        "{'weight_decay': wj.Linear(0.1, 0.0, steps=500)}"
    ),
    "another-schedule": (
        "wj.Cosine(1e-3, 0.0, steps=1_000), wj.Run(total=1_000), "
        "scheduled(optax.adamw)(wj.Cosine(5e-4, 0.0, steps=1_000)).init(jnp.ones(2))"
    ),
    "jump": "wj.join(wj.Linear(0.0, 1e-3, steps=100), wj.Cosine(8e-4, 0.0, steps=900)), wj.Run(total=1_000)",
    "rise-after-decay": (
        "wj.join(wj.Cosine(1e-3, 2e-4, steps=500), wj.Linear(2.5e-4, 0.0, steps=500)), wj.Run(total=1_000)"
    ),
    "zero-length-stage": "wj.warmup_cosine(peak=1e-3, warmup=1_000, total=1_000), wj.Run(total=1_000)",
    "flat-stage": "wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000, stop=1e-3), wj.Run(total=1_000)",
    "not-finite": "wj.Function(lambda step: jnp.where(step < 700, 1e-3, jnp.nan)), wj.Run(total=1_000)",
    "negative": "wj.warmup_linear(peak=1e-3, warmup=100, total=1_000, stop=-1e-3), wj.Run(total=1_000)",
    "vanishes": "wj.Constant(1e-40), wj.Run(total=1_000)",
    "zero-first-update": (
        "wj.Staircase(wj.warmup_cosine(peak=1e-3, warmup=300, total=1_000), every=100), "
        "wj.Run(total='10 epochs', steps_per_epoch=100)"
    ),
    "zero-tail": "wj.extend(wj.warmup_cosine(peak=1e-3, warmup=100, total=800), 200), wj.Run(total=1_000)",
}
_NAMES = {"jnp": jnp, "lint": lint, "optax": optax, "scheduled": scheduled, "wj": wj}
_ABOVE = """# Lint rules

`lint` looks at a schedule over a run before a step of it is paid for; on the command line it is `warmup-jax lint`,
which exits with 1 on errors and warnings. Each rule stands here with a mistake that was made, what `lint` says of it,
and reports of runs that it would have saved. `lint(schedule, run, select=..., ignore=...)` asks only some of them.
"""


def pages() -> dict[str, str]:
    return {"lint_rules.md": "\n".join([_ABOVE, *(section(code, rule) for code, rule in RULES.items())])}


def call(code: str) -> str:
    return f"lint({EXAMPLES[code]}, select={code!r})"


def report(code: str) -> str:
    """What `lint` says of the example of a rule."""
    return "\n".join(map(str, eval(call(code), dict[str, typing.Any](_NAMES))))


def section(code: str, rule: Rule) -> str:
    lines = [f"## {code}", "", rule.doc, "", *(f"- {level}: {how}." for level, how in rule.severities.items()), ""]
    lines += ["```pycon", f">>> print(*{call(code)})", report(code), "```", ""]
    sources = ", ".join(
        f"[{source.removeprefix('https://').removeprefix('github.com/')}]({source})" for source in rule.sources
    )
    return "\n".join([*lines, f"Reported in {sources}.", ""])

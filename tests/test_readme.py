"""The README does what it says: its Python runs and prints what stands beside it."""

import contextlib
import io
import pathlib
import re
import shlex

import numpy as np
import pytest

import warmup_jax as wj
from warmup_jax import cli
from warmup_jax.compat import keras, optax, pytorch, pytorch_warmup, timm, transformers

README = (pathlib.Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


@pytest.mark.default_promotion
def test_python_blocks_run_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), names)
        said = re.findall(r"^print\(.*\)  # (.*)$", block, re.M)
        assert len(said) == len(re.findall(r"^print\(", block, re.M)), "say beside every print what it prints"
        assert printed.getvalue().splitlines() == said
    assert "schedule" in names


def test_console_blocks_print_what_they_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("console")
    for transcript in block.removeprefix("$ ").split("\n$ "):
        command, *said = transcript.strip().splitlines()
        program, *arguments = shlex.split(command)
        assert program == "warmup-jax"
        cli.main(arguments)
        assert capsys.readouterr().out.splitlines() == said


def test_the_shape_of_the_readme():
    lines = README.splitlines()
    assert len(lines) < 300
    assert next(i for i, line in enumerate(lines, 1) if line.startswith("```python")) < 10
    commands = blocks("bash")
    assert len(commands) == 2 and all(command.count("\n") == 1 for command in commands)
    assert "pip install" in commands[0] and "warmup-jax train" in commands[0]
    assert "pip install" in commands[1] and "pytest" in commands[1]


LR, W, N, D = 0.5, 6, 60, 10  # the letters of the table
# Our expressions as the table has them, and what `compat`, which is held to the peers, makes of their calls.
MOVED = [
    (
        wj.join(wj.Linear(0.0, LR, W), wj.Stretch(wj.Repeat(wj.Cosine(LR, 0.0, N - W), 4), 1, 4)),
        transformers.get_cosine_with_hard_restarts_schedule_with_warmup(W, N, 4, base_lr=LR),
    ),
    (
        wj.warmup_polynomial(peak=LR, warmup=W, total=N, power=2, stop=1e-7),
        transformers.get_polynomial_decay_schedule_with_warmup(W, N, power=2, base_lr=LR),
    ),
    (wj.warmup_linear(peak=LR, warmup=W, total=N), transformers.get_linear_schedule_with_warmup(W, N, base_lr=LR)),
    (wj.warmup_cosine(peak=LR, warmup=W, total=N), transformers.get_cosine_schedule_with_warmup(W, N, base_lr=LR)),
    (wj.warmup_inverse_sqrt(peak=LR, warmup=W), transformers.get_inverse_sqrt_schedule(W, base_lr=LR)),
    (wj.warmup_constant(peak=LR, warmup=W), transformers.get_constant_schedule_with_warmup(W, base_lr=LR)),
    (
        wj.wsd(peak=LR, warmup=W, total=N, cooldown=D, shape=wj.Cosine),
        transformers.get_wsd_schedule(W, D, num_training_steps=N, base_lr=LR),
    ),
    (wj.step_decay(peak=LR, every=7, factor=0.5), pytorch.StepLR(7, 0.5, base_lr=LR)),
    (wj.multi_step(peak=LR, boundaries=[5, 9], factor=0.5), pytorch.MultiStepLR([5, 9], 0.5, base_lr=LR)),
    (wj.Repeat(wj.Constant(LR, 1), scale=0.9), pytorch.ExponentialLR(0.9, base_lr=LR)),
    (wj.Polynomial(LR, 0.0, 20, 2.0), pytorch.PolynomialLR(20, 2.0, base_lr=LR)),
    (wj.Cosine(LR, 0.1, 20), pytorch.CosineAnnealingLR(20, 0.1, base_lr=LR)),
    (wj.Repeat(wj.Cosine(LR, 0.1, 5), stretch=2), pytorch.CosineAnnealingWarmRestarts(5, 2, 0.1, base_lr=LR)),
    (wj.cyclic(start=0.1, peak=LR, rise=7, scale=0.5), pytorch.CyclicLR(0.1, LR, 7, mode="triangular2")),
    (wj.one_cycle(peak=LR, total=N), pytorch.OneCycleLR(LR, N)),
    (wj.untuned_linear(peak=1.0), pytorch_warmup.UntunedLinearWarmup()),
    (wj.Rectified(1.0), pytorch_warmup.RAdamWarmup()),
    (
        wj.join(wj.Linear(0.1, LR, W), wj.Cosine(LR, 0.2 * LR, N)),
        keras.CosineDecay(0.1, N, 0.2, warmup_target=LR, warmup_steps=W),
    ),
    (wj.Repeat(wj.Cosine(LR, 0.0, 5), stretch=2, scale=0.5), keras.CosineDecayRestarts(LR, 5, 2, 0.5)),
    (wj.Repeat(wj.Geometric(LR, LR * 0.5, 9), scale=0.5), keras.ExponentialDecay(LR, 9, 0.5)),
    (
        wj.Staircase(wj.join(wj.Linear(0.0, LR, 3 * 7), wj.Cosine(LR, 0.0, (8 - 3) * 7)), 7),
        keras.CosineAnnealingWarmUpLR(LR, 3, 8, 7),
    ),
    (
        wj.join(wj.Linear(0.0, LR, W), wj.Cosine(LR, 0.1, 20)),
        timm.CosineLRScheduler(20, lr_min=0.1, warmup_t=W, warmup_prefix=True, t_in_epochs=False, base_lr=LR),
    ),
    (
        wj.warmup_cosine(peak=LR, warmup=W, total=N, start=0.1, stop=0.2),
        optax.warmup_cosine_decay_schedule(0.1, LR, W, N, 0.2),
    ),
]


@pytest.mark.parametrize("ours, theirs", MOVED, ids=lambda schedule: repr(schedule)[:40])
def test_the_migration_table(ours, theirs):
    steps = np.arange(80)
    np.testing.assert_allclose(ours(steps), theirs(steps), rtol=1e-6, atol=1e-9)


def test_the_shelf_names_everything():
    from tests.test_public import PUBLIC

    for name in PUBLIC:
        assert f"`{name}" in README, f"{name} is not on the shelf"

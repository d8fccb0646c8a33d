"""`colabs/trainers.md`: each row against the formula of its source, and what `convert` makes of the configs in it."""

import functools
import inspect
import io
import math
import pathlib
import re

import numpy as np
import pytest

import warmup_jax as wj
from tests.trainers import FORMULAS, LONG, SHORT
from warmup_jax import cli, text
from warmup_jax.cli import _configs
from warmup_jax.compat import trainers
from warmup_jax.compat.trainers import reading

PAGE = (pathlib.Path(__file__).parent.parent / "colabs" / "trainers.md").read_text()
RUNS = {"short": SHORT, "long": LONG}


@functools.cache
def sections():
    """Of each trainer the text above its table, and the rows: the name of a schedule, theirs and ours."""
    found = {}
    for title, body in re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S):
        text, _, table = body.partition("|---|---|---|\n")
        rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
        found[title] = text, {name: (code(theirs), code(ours)) for name, theirs, ours in rows}
    return found


def code(cell):
    return "\n".join(line.strip().strip("`") for line in cell.split("<br>"))


ROWS = [(title, name) for title, (_, rows) in sections().items() for name in rows]
READ = {
    title: match[1] for title, (text, _) in sections().items() if (match := re.match(r"\s*`trainers\.(\w+)`", text))
}
named = pytest.mark.parametrize("title, name", ROWS, ids=lambda part: part.replace(" ", "-"))


def ours(title, name, run):
    return eval(sections()[title][1][name][1], {"wj": wj, "math": math, **vars(run)})


def theirs(title, name, run):
    """The config, with the numbers of a run in place of the letters."""
    letters = "|".join(vars(run))
    return re.sub(rf"\b({letters})\b", lambda match: repr(vars(run)[match[1]]), sections()[title][1][name][0])


def test_the_page_has_a_formula_for_each_row_and_a_row_for_each_formula():
    assert {title: list(rows) for title, (_, rows) in sections().items()} == {
        title: list(formulas) for title, formulas in FORMULAS.items()
    }
    assert len(ROWS) > 100 and list(READ.values()) == list(reading.READERS)
    assert all("Source:" in text for title, (text, _) in sections().items() if title != "Other schedules")


@named
def test_ours_is_the_formula_at_every_step(title, name):
    for run in RUNS.values():
        steps = np.minimum(np.arange(LONG.N), run.N - 1)  # of one length, so that both runs share a program
        wanted = FORMULAS[title][name](steps.astype(float), run)
        found = np.asarray(ours(title, name, run)(steps), dtype=float)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    "title, name", [row for row in ROWS if row[0] in READ], ids=lambda part: part.replace(" ", "-")
)
def test_a_config_is_read_as_ours(title, name, run):
    _, settings = _configs.read_config(theirs(title, name, run))
    facts = {"total": run.N, "steps_per_epoch": run.S}
    known = inspect.signature(reading.READERS[READ[title]]).parameters
    facts = {fact: value for fact, value in facts.items() if fact in known}
    found = trainers.from_config(settings, **facts)
    assert found == ours(title, name, run)
    assert found == trainers.from_config(settings, READ[title], **facts), "whose config it is was found out"


def test_the_page_about_trainers_runs(capsys):
    [block] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    exec(compile(block, "trainers.md", "exec"), {})
    assert capsys.readouterr().out == "True\n"


MEGATRON = r"""
#!/bin/bash
export CUDA_DEVICE_MAX_CONNECTIONS=1
TRAINING_ARGS=(
    --micro-batch-size 1
    --lr 6.0e-5
    --lr-decay-style cosine  # shape
    --min-lr 6.0e-6
    --lr-warmup-fraction .001 --weight-decay 0.1
    --lr-decay-iters 430000
    --bf16
)
torchrun ${DISTRIBUTED_ARGS[@]} pretrain_gpt.py ${TRAINING_ARGS[@]} \
    --override-opt_param-scheduler \
    --train-iters=500000
"""
NANO_GPT = """
# config for training GPT-2 (124M) down to very nice loss of ~2.85
wandb_log = True
wandb_run_name = 'gpt2-124M' + str(7)
gradient_accumulation_steps = 5 * 8

max_iters = 600_000
lr_decay_iters = max_iters
warmup_iters = max_iters // 300
eval_interval = len(data)
"""
MM = """
_base_ = ['../_base_/default_runtime.py']
max_epochs = 300
stage2_num_epochs = 20
base_lr = 0.004
train_pipeline = [dict(type='LoadImageFromFile', backend_args=backend_args)]
train_cfg = dict(max_epochs=max_epochs, val_interval=10)
optimizer = dict(type='AdamW', lr=base_lr, weight_decay=0.05)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=dict(max_norm=35, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0e-5, by_epoch=False, begin=0, end=1000),
    dict(
        # use cosine lr from 150 to 300 epoch
        type='CosineAnnealingLR',
        eta_min=base_lr * 0.05,
        begin=max_epochs // 2,
        end=max_epochs,
        T_max=max_epochs // 2,
        by_epoch=True,
        convert_to_iter_based=True),
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
"""
AXOLOTL = """
base_model: NousResearch/Llama-3.2-1B
datasets:
  - path: teknium/GPT4-LLM-Cleaned
    type: alpaca
micro_batch_size: 2
num_epochs: 1
optimizer: adamw_8bit
lr_scheduler: cosine
learning_rate: 0.0002
loraplus_lr_ratio: 16
warmup_ratio: 0.1
sequence_len: 2048
"""
YOLO = """
task: detect
epochs: 100
lr0: 0.01  # initial learning rate (SGD=1E-2, Adam=1E-3)
lrf: 0.01
momentum: 0.937
warmup_epochs: 3.0
warmup_momentum: 0.8
warmup_bias_lr: 0.0
cos_lr: False
"""
DEEPSPEED = """{
  "train_batch_size": 8, "fp16": {"enabled": true}, "zero_optimization": {"stage": 2},
  "optimizer": {"type": "AdamW", "params": {"lr": 3e-5}},
  "scheduler": {"type": "WarmupLR", "params": {"warmup_min_lr": 0, "warmup_max_lr": 3e-5, "warmup_num_steps": 500}}
}"""
TORCHTITAN = """
[job]
dump_folder = "./outputs"
[optimizer]
name = "AdamW"
lr = 3e-4
[lr_scheduler]
warmup_steps = 2  # lr scheduler warm up
decay_ratio = 0.8
[training]
steps = 10
"""


FAIRSEQ = """
common:
  fp16: true
optimization:
  max_update: 400000
  lr: [0.0005]
  stop_min_lr: 1e-9
optimizer:
  _name: adam
  adam_betas: (0.9,0.98)
lr_scheduler:
  _name: polynomial_decay
  warmup_updates: 32000
"""


def converted(capsys, *arguments):
    cli.main(["convert", *arguments])
    return text.parse(capsys.readouterr().out)


AS_WRITTEN = [
    ("a.sh", MEGATRON, [], wj.warmup_cosine(peak=6e-5, warmup=430, total=430_000, stop=6e-6)),
    ("a.py", NANO_GPT, [], wj.warmup_cosine(peak=6e-4, warmup=2_000, total=600_000, stop=6e-5, first="1/(W+1)")),
    ("a.yml", AXOLOTL, ["--total", "1200"], wj.warmup_cosine(peak=2e-4, warmup=120, total=1_200)),
    (
        "a.yaml",
        YOLO,
        ["--steps-per-epoch", "500"],
        wj.Staircase(wj.Linear(0.01, 1e-4, 50_000), 500) * wj.Linear(0.0, 1.0, 1_500),
    ),
    ("b.yaml", FAIRSEQ, [], wj.warmup_polynomial(peak=5e-4, warmup=32_000, total=400_000)),
    ("a.json", DEEPSPEED, [], wj.join(wj.Logarithmic(0.0, 3e-5, 499), wj.Constant(3e-5))),
    ("a.toml", TORCHTITAN, [], wj.wsd(peak=3e-4, warmup=2, total=10, cooldown=8, first="1/W")),
    (
        "a.config",
        MM,
        ["--steps-per-epoch", "100"],
        wj.join(
            wj.Linear(4e-8, 0.004, 999),
            wj.Constant(0.004, 1),
            wj.Constant(0.004, 14_000),
            wj.Cosine(0.004, 2e-4, 15_000),
        ),
    ),
]


@pytest.mark.parametrize("name, config, options, wanted", AS_WRITTEN, ids=[row[0] for row in AS_WRITTEN])
def test_a_config_as_it_is_written(name, config, options, wanted, tmp_path, monkeypatch, capsys):
    """From a file, as text and on standard input."""
    (tmp_path / name).write_text(config)
    for source in (str(tmp_path / name), config, "-"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(config.encode())))
        if name == "a.toml":  # a decay of the whole rest has no stable phase
            assert converted(capsys, source, *options) == wj.warmup_linear(peak=3e-4, warmup=2, total=10, first="1/W")
        else:
            assert converted(capsys, source, *options) == wanted


def test_flags_and_words(capsys):
    cosine = wj.warmup_cosine(peak=3e-4, warmup=20, total=200, stop="10%")
    flags = "--lr 3e-4 --min-lr 3e-5 --lr-decay-style cosine --train-iters 200 --lr-warmup-iters 20"
    for form in (flags, f"python pretrain_gpt.py {flags} --fp16", flags.replace(" 2", "=2"), flags.replace("_", "-")):
        assert converted(capsys, form) == cosine
    words = "python -m MaxText.train base.yml learning_rate=3e-4 steps=200 warmup_steps_fraction=0.1"
    assert converted(capsys, words) == wj.warmup_cosine(peak=3e-4, warmup=20, total=200, stop="10%", last="N-1")
    assert converted(capsys, "--learning_rate=3e-4 --lr_decay_iters=200 --decay_lr=False") == wj.Constant(3e-4)
    nested = "--training.steps 200 --optimizer.lr 3e-4 --lr_scheduler.warmup_steps 20"
    assert converted(capsys, nested) == wj.warmup_linear(peak=3e-4, warmup=20, total=200, first="1/W")


def test_a_config_becomes_a_file(capsys, tmp_path):
    cli.main(["convert", AXOLOTL, "--total", "1200", "--out", str(tmp_path / "schedule.yaml")])
    assert text.load(tmp_path / "schedule.yaml") == wj.warmup_cosine(peak=2e-4, warmup=120, total=1_200)


RISE = {"type": "LinearLR", "by_epoch": False, "begin": 0, "end": 5}
POLY = {"type": "PolyLR", "by_epoch": False, "begin": 0, "end": 9, "eta_min": 0.1}
ERRORS = [
    (
        {"param_scheduler": [RISE, POLY], "optim_wrapper": {"optimizer": {"lr": 1.0}}},
        "or one from 0 on that has no `eta_min`; got LinearLR from 0 to 5, PolyLR from 0 to 9.",
    ),
    (
        {"param_scheduler": {"type": "StepLR", "step_size": 3}, "optim_wrapper": {"optimizer": {"lr": 1.0}}},
        "`mmengine(steps_per_epoch=...)` must be given: StepLR is by epoch.",
    ),
    (
        {"param_scheduler": {"type": "OneCycleLR"}, "optim_wrapper": {"optimizer": {"lr": 1.0}}},
        "must have a `type` of LinearLR, ConstantLR, CosineAnnealingLR, PolyLR, MultiStepLR, StepLR, Expon",
    ),
    ({}, "this is no config of a known trainer; it has no settings. Name the trainer, with `train"),
    ({"learning_rate": 1.0}, "this may be a config of huggingface or axolotl or maxtext or nanogpt; it has 'learn"),
    (["--lr"], "`from_config(settings)` must be a dict of settings; got ['--lr'] (list)."),
    (
        {"base_model": "m", "learning_rate": 1.0, "max_steps": 9, "warmup_ratio": 0.1, "warmup_steps": 3},
        "`axolotl(warmup_ratio=...)` goes without `warmup_steps`, as in axolotl. Leave one out.",
    ),
    (
        {"lr": 1.0, "lr_decay_stile": "cosine", "train_iters": 9},
        "does not read the setting 'lr_decay_stile'. Did you mean 'lr_decay_style'?",
    ),
    (
        {"lr": 1.0, "lr_decay_style": "cosin"},
        "must be one of 'constant', 'linear', 'cosine', 'inverse-square-root', 'WSD';",
    ),
    ({"lr": "$LR", "lr_decay_style": "cosine"}, "`megatron(lr=...)` must be a number; got '$LR' (str)."),
    (
        {"lr": 1.0, "lr_decay_style": "cosine"},
        "`megatron(train_iters=...)` must be given: it is the length of the run.",
    ),
    ({"lr_decay_style": "cosine", "train_iters": 9}, "`megatron(...)` needs `lr=...`."),
    (
        {"lr": 1.0, "train_iters": 9, "rampup_batch_size": [8, 8, 9]},
        "while the batch grows, an update is another number",
    ),
    (
        {"lr": 1.0, "lr_decay_style": "WSD", "train_iters": 9},
        "`megatron(lr_wsd_decay_iters=...)` must be given: it is the length of the decay of WSD.",
    ),
    (
        {"scheduler": {"type": "WarmupLr"}},
        "`deepspeed(scheduler=...)` must have a `type` of WarmupLR, WarmupDecayLR, WarmupCosineLR, OneCycle, "
        "LRRangeTest; got 'WarmupLr'. Did you mean 'WarmupLR'?",
    ),
    (
        {"scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": "auto"}}},
        "the setting 'warmup_num_steps' of a scheduler is 'auto', which the Trainer of Hugging Face fills in",
    ),
    (
        {"scheduler": {"type": "WarmupLR", "params": {"warmup_steps": 5}}},
        "`WarmupLR(...)` takes warmup_min_lr, warmup_max_lr, warmup_num_steps, warmup_type and has no 'warmup_steps'.",
    ),
    (
        {"scheduler": {"type": "WarmupCosineLR", "params": {"total_num_steps": 5}}},
        "`deepspeed(optimizer=...)` must be given: the `lr` in its `params` is multiplied.",
    ),
    (
        {"scheduler": "cosine"},
        "`deepspeed(scheduler=...)` must be a table with `type` and `params`; got 'cosine' (str).",
    ),
    (
        {"learning_rate": 1.0, "lr_scheduler": "cosine", "num_epochs": 3},
        "`axolotl(total=...)` must be given: the config has no `max_steps`; or give `steps_per_epoch=...`",
    ),
    (
        {"lr_scheduler_type": "linear"},
        "`huggingface(total=...)` must be given: the config has no `max_steps`; or give `steps_per_epoch=...`",
    ),
    ({"learning_rate": 1.0, "lr_scheduler": "cosin", "max_steps": 3}, "got 'cosin' (str). Did you mean 'cosine'?"),
    (
        {"lr": [1.0, 0.5], "warmup_updates": 3},
        "`fairseq(lr=...)` must be one rate: one for each epoch is not read; got",
    ),
    (
        {"lr": 1.0, "lr_scheduler": "triangular", "warmup_updates": 3},
        "polynomial_decay, cosine, tri_stage; got 'tri",
    ),
    (
        {"optimizer": {"lr": 1.0}, "lr_scheduler": {"lr_min": 0.1}, "training": {"steps": 9}},
        "and has no 'lr_min'.",
    ),
    ({"lr0": 1.0, "lrf": 0.1, "epochs": 3}, "`ultralytics(...)` needs `steps_per_epoch=...`."),
    (
        {"learning_rate": 1.0, "steps": 9, "cosine_learning_rate_final_fraction": 0.1},
        "does not read the setting 'cosine_l",
    ),
    (
        {"lr_scheduler_type": "linear", "max_steps": 9, "learning_rat": 1.0},
        "'learning_rat'. Did you mean 'learning_rate'?",
    ),
]


@pytest.mark.parametrize("settings, message", ERRORS)
def test_what_is_not_read_is_named(settings, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        trainers.from_config(settings)
    assert message in str(caught.value)


def test_facts_are_asked_for_by_those_who_need_them():
    with pytest.raises(
        ValueError, match="`from_config.total=....` is not asked by nanogpt: its config tells its lengths"
    ):
        trainers.from_config({"lr_decay_iters": 9}, "nanogpt", total=9)
    with pytest.raises(ValueError, match="optimizer=....` is 'auto', with which Ultralytics takes a rate of its own"):
        trainers.ultralytics(steps_per_epoch=9, optimizer="auto")


def test_settings_that_are_none_are_left_out():
    arguments = {"lr": 1.0, "train_iters": 200, "lr_warmup_fraction": None, "lr_decay_iters": None, "min_lr": None}
    assert trainers.from_config(arguments) == wj.linear_to_zero(peak=1.0, warmup=0, total=200)


def test_a_share_of_a_megatron_run_that_is_not_whole():
    schedule = trainers.megatron(lr=1.0, min_lr=0.1, train_iters=999, lr_warmup_fraction=0.01)
    steps = np.arange(999)
    wanted = np.where(steps <= 9.99, steps / 9.99, 0.1 + 0.9 * (1 - (steps - 9.99) / (999 - 9.99)))
    np.testing.assert_allclose(schedule(steps), wanted, rtol=1e-6)
    samples = trainers.megatron(lr=1.0, train_samples=97_460_937, lr_warmup_fraction=0.01, global_batch_size=512)
    assert samples(95_000) == pytest.approx((97_460_937 - 95_000 * 512) / (97_460_937 * 0.99), rel=1e-6)


SHELL = r"""
GBS=${GBS:-256}
LR=1.0
OPTIONS=" \
    --lr $LR --lr-decay-style cosine \
    --train-samples 51200
"
torchrun pretrain_gpt.py ${OPTIONS} --global-batch-size ${GBS} --lr-warmup-samples 5120
"""


def test_variables_of_the_shell(capsys):
    assert converted(capsys, SHELL) == wj.Stretch(wj.warmup_cosine(peak=1.0, warmup=5_120, total=51_200), 1, 256)


def test_where_a_megatron_run_outlasts_its_decay():
    """The inverse square root holds its floor then, not the rate at which it was."""
    schedule = trainers.megatron(
        lr=1.0,
        min_lr=0.1,
        lr_decay_style="inverse-square-root",
        train_iters=300,
        lr_decay_iters=200,
        lr_warmup_iters=20,
    )
    assert [float(schedule(step)) for step in (200, 201, 299)] == pytest.approx([math.sqrt(0.1), 0.1, 0.1])


def test_a_call_is_still_a_call(capsys):
    assert converted(capsys, "scheduler = StepLR(optimizer, 5)", "--base-lr", "1") == wj.step_decay(
        peak=1.0, every=5, factor=0.1
    )
    for arguments, message in [
        (
            ["StepLR(optimizer, 5)", "--base-lr", "1", "--total", "5"],
            "this is a call and no config, for which --trainer",
        ),
        (["--lr 1 --train-iters 5", "--base-lr", "1"], "--base-lr is for calls: a config has its rate"),
    ]:
        with pytest.raises(SystemExit):
            cli.main(["convert", *arguments])
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "settings, name, updates",
    [
        (
            {"lr_scheduler_type": "linear", "num_train_epochs": 2.5, "max_steps": -1},
            "huggingface",
            250,
        ),
        ({"lr_scheduler_type": "linear", "output_dir": "x"}, "huggingface", 300),
        ({"learning_rate": 1e-3, "lr_scheduler": "linear", "num_epochs": 4, "warmup_steps": 0}, "axolotl", 400),
    ],
)
def test_epochs_become_updates_with_their_number(settings, name, updates):
    assert trainers.from_config(settings, trainer=name, steps_per_epoch=100).steps == updates


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 1e-3, "lr_decay_style": "cosine", "train_iters": 100, "decoupled_lr": 1e-2, "decoupled_min_lr": 1e-3},
        {"learning_rate": 1e-3, "lr_scheduler": "cosine", "max_steps": 100, "loraplus_lr_ratio": 16},
        {"lr": 1e-3, "lr_scheduler": "fixed", "warmup_updates": 5, "block_lr": 0.5},
    ],
)
def test_the_rate_of_another_group_is_a_warning(settings):
    with pytest.warns(UserWarning, match="about the rate of another group of parameters, and is not read"):
        trainers.from_config(settings)


def test_what_a_config_does_not_hold_is_said(tmp_path, capsys):
    (tmp_path / "computed.py").write_text("import torch\n\ndef config():\n    return 1\n")
    (tmp_path / "inherited.py").write_text("_base_ = ['schedule_1x.py']\n")
    for name, words in (
        ("computed.py", "this Python assigns no settings, and what its functions and classes compute is not run"),
        ("inherited.py", "`_base_` is not followed; hand in the whole config"),
    ):
        with pytest.raises(SystemExit):
            cli.main(["convert", str(tmp_path / name)])
        assert words in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["convert", "--lr-scheduler triangular --max-lr 0.1 --lr 0.1"])
    assert "`fairseq(lr_scheduler=...)` must be one of" in capsys.readouterr().err
    assert cli.main(["convert", "--lr 3e-4 --lr-decay-style cosine --train-iters 500 --decoupled-lr 5e-4"]) == 0
    assert capsys.readouterr().err.startswith("note: the setting 'decoupled_lr' is about the rate of another group")


def test_a_number_that_pyyaml_leaves_as_text_is_a_number():
    config = {"base_model": "m", "learning_rate": "2e-5", "lr_scheduler": "cosine", "max_steps": 1_500}
    config |= {"warmup_ratio": 0.03, "cosine_min_lr_ratio": "1E-1"}
    wanted = wj.warmup_cosine(peak=2e-5, warmup=45, total=1_500, stop="10%")
    assert trainers.from_config(config) == wanted
    with pytest.raises(
        ValueError, match=r"`axolotl\(total=...\)` must be `max_steps` where both are given; got 3000 and 1500"
    ):
        trainers.from_config(config, total=3_000)

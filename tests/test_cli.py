"""The `warmup-jax` command: what it prints, its exit status, its errors in one line, and what it loads.

`train` has its own tests, in `test_experiment.py` and `test_resume.py`, and those of `tune` are in `test_cli_tune.py`.
"""

import csv
import importlib
import importlib.metadata
import io
import json
import os
import subprocess
import sys

import pytest

import warmup_jax as wj
from tests.test_public import HEAVY
from warmup_jax import cli, text
from warmup_jax.cli._group import COMMANDS

COSINE = "warmup_cosine(peak=3e-4, warmup=500, total=10_000)"
UNITS = "warmup_cosine(peak=3e-4, warmup='3 epochs', total='100%')"
RUN = ["--total", "39 epochs", "--steps-per-epoch", "120"]


def printed(capsys, *arguments: str, status: int = 0) -> str:
    """What a command prints; nothing on stderr."""
    assert cli.main([*arguments]) == status
    shown = capsys.readouterr()
    assert not shown.err
    return shown.out


def standard_input(monkeypatch, words: str | bytes) -> None:
    """Let these words stand on standard input."""
    content = words if isinstance(words, bytes) else words.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def refused(capsys, message: str, *arguments: str) -> None:
    """One line on stderr with the message, exit status 2, and nothing printed."""
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments])
    shown = capsys.readouterr()
    assert stop.value.code == 2 and not shown.out and shown.err.count("\n") == 1
    assert shown.err.startswith(f"warmup-jax{' ' + arguments[0] if arguments[0] in COMMANDS else ''}: error: ")
    assert message in shown.err


# Help and completion.


def test_help(capsys):
    shown = printed(capsys, "--help")
    assert all(name in shown for name in COMMANDS) and "examples:" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command(command, capsys):
    shown = printed(capsys, command, "--help")
    assert "examples:" in shown and f"$ warmup-jax {command}" in shown.replace('eval "$(', "$ ")
    assert max(map(len, shown.splitlines())) <= 100


def test_the_help_of_train_is_in_parts(capsys):
    shown = printed(capsys, "train", "--help")
    assert all(words in shown for words in ("The schedule", "Saving and going on", "--per-epoch", "default: 39"))


def test_version(capsys):
    assert printed(capsys, "--version").strip() == importlib.metadata.version("warmup_jax")


@pytest.mark.parametrize("shell, words", [("bash", "complete -o nosort"), ("zsh", "#compdef"), ("fish", "function _w")])
def test_completion_scripts(shell, words, capsys):
    assert words in printed(capsys, "completion", shell)


def test_completion_completes():
    environment = os.environ | {
        "_WARMUP_JAX_COMPLETE": "bash_complete",
        "COMP_WORDS": "warmup-jax s",
        "COMP_CWORD": "1",
    }
    program = "from warmup_jax import cli; cli.console()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert not done.stderr
    names = ["show", "sample", "score", "studio", "suggest", "sweep"]
    assert done.stdout.split() == [f"plain,{name}" for name in names]


# What the commands print.


def test_show(capsys):
    assert printed(capsys, "show", UNITS, *RUN).splitlines() == [
        "Join(Linear(start=0.0, stop=0.0003, steps=360), Cosine(start=0.0003, stop=0.0, steps=4320))",
        "",
        "stage         steps  epochs  first value  last value  of the run     area",
        "Linear      0 - 359   0 - 3            0   0.0002992        7.7%  0.05385",
        "Cosine  360 - 4,679  3 - 39       0.0003   3.966e-11       92.3%   0.6482",
        "peak 0.0003 at step 360 of 4,680; effective warmup 360 steps (3 epochs), 7.7% of the run; area 0.702",
    ]


def test_units_without_a_total(capsys):
    """Only percent need it; else it follows from the schedule."""
    epochs = "warmup_cosine(peak=3e-4, warmup='3 epochs', total='39 epochs')"
    shown = printed(capsys, "show", epochs, *RUN)
    assert printed(capsys, "show", epochs, "--steps-per-epoch", "120") == shown
    refused(capsys, "'100%'", "show", "warmup_cosine(peak=3e-4, warmup=3, total='100%')", "--steps-per-epoch", "120")


def test_show_as_json(capsys):
    shown = json.loads(printed(capsys, "show", COSINE, "--json"))
    schedule = wj.warmup_cosine(peak=3e-4, warmup=500, total=10_000)
    assert text.parse(shown["text"]) == schedule and text.from_dict(shown["data"]) == schedule
    assert (shown["total"], shown["peak_step"], shown["warmup"]) == (10_000, 500, 500)
    assert [(stage["name"], stage["first"], stage["last"]) for stage in shown["stages"]] == [
        ("Linear", 0, 499),
        ("Cosine", 500, 9_999),
    ]


def test_schedules_come_from_files_and_standard_input(tmp_path, monkeypatch, capsys):
    schedule = wj.Linear(0.0, 0.5, steps=7)
    first_line = f"{schedule!r}"
    for suffix in (".json", ".yaml", ".toml", ".txt"):
        text.save(schedule, tmp_path / f"saved{suffix}")
        assert printed(capsys, "show", str(tmp_path / f"saved{suffix}")).splitlines()[0] == first_line
    for words in (repr(schedule), json.dumps(text.to_dict(schedule))):
        standard_input(monkeypatch, words)
        assert printed(capsys, "show", "-").splitlines()[0] == first_line


YAML = """\
# A recipe with its run.
version: 1
run: {total: 39 epochs, steps_per_epoch: 120}
schedule: {type: warmup_cosine, peak: 3e-4, warmup: 3 epochs, total: 100%}
"""
TOML = """\
version = 1
run = {total = "39 epochs", steps_per_epoch = 120}
schedule = {type = "warmup_cosine", peak = 3e-4, warmup = "3 epochs", total = "100%"}
"""


def test_a_file_brings_its_run(tmp_path, monkeypatch, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text(YAML)
    shown = printed(capsys, "show", str(path))
    assert "(3 epochs), 7.7% of the run" in shown
    for words in (YAML, TOML):
        standard_input(monkeypatch, words)
        assert printed(capsys, "show", "-") == shown
    # The options change the run that it is looked at in, not what its durations mean.
    longer = printed(capsys, "show", str(path), "--total", "78 epochs")
    assert "held    4,680 - 9,359  39 - 78" in longer and "(3 epochs), 3.8% of the run" in longer
    assert "(1.5 epochs), 7.7% of the run" in printed(capsys, "show", str(path), "--steps-per-epoch", "240")
    by_examples = ["--examples", "15_360".replace("_", ""), "--batch-size", "128"]
    assert printed(capsys, "show", str(path), *by_examples) == shown
    assert printed(capsys, "diff", str(path), UNITS) == "the same at each of 4,680 steps; safe to resume at any\n"


def test_what_show_prints_as_json_can_be_shown(monkeypatch, capsys):
    standard_input(monkeypatch, printed(capsys, "show", COSINE, "--json"))
    assert printed(capsys, "show", "-") == printed(capsys, "show", COSINE)


def test_lint(capsys):
    flat = "Linear(1e-3, 1e-3, 10_000)"
    assert printed(capsys, "lint", flat, status=1).startswith("warning: flat-stage at step 0: this `Linear` goes from")
    own = "(over 10,000 steps, the schedule's own length; --total LENGTH is another)\n"
    assert printed(capsys, "lint", COSINE) == f"no findings\n{own}"
    assert printed(capsys, "lint", flat, "--ignore", "flat-stage") == f"no findings\n{own}"
    assert printed(capsys, "lint", flat, "--total", "10_000", status=1).count("\n") == 1
    found = json.loads(printed(capsys, "lint", COSINE, "--total", "39", "--json", status=1))
    assert (found[0]["code"], found[0]["severity"], found[0]["step"]) == ("peak-not-reached", "error", 38)
    short = [
        "lint",
        "warmup_cosine(peak=3e-4, warmup=5, total=100_000)",
        "--select",
        "short-warmup,jump",
        "--b2",
        "0.999",
    ]
    assert "2,000" in printed(capsys, *short, status=1)
    apart = ["lint", COSINE, "--select", "decay-and-rate-apart", "--weight-decay"]
    assert "decay-and-rate-apart" in printed(capsys, *apart, "Cosine(0.1, 0.0, '20%')", "--total", "10000", status=1)
    assert printed(capsys, *apart, "0.1", "--total", "10000") == "no findings\n"
    rules = printed(capsys, "lint", "--rules")
    assert "peak-not-reached: " in rules and "https://github.com/" in rules


def test_plot(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "70")
    drawn = printed(capsys, "plot", COSINE)
    assert "peak 0.0003 at step 500 of 10,000" in drawn and "\x1b" not in drawn
    picture = tmp_path / "both.png"
    two = [COSINE, "Constant(1e-4)"]
    assert printed(capsys, "plot", *two, "--out", str(picture), "--log") == f"written to {picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    history = tmp_path / "history.csv"
    history.write_text("step,learning_rate\n0,0.1\n1,0.2\n")
    refused(capsys, "a history is drawn alone, and into a file", "plot", str(history))
    refused(capsys, "a history is drawn alone, and into a file", "plot", *[str(history)] * 2, "--out", str(picture))
    both = printed(capsys, "plot", COSINE, "Constant(1e-4)")
    assert f"\n{COSINE}\n" in both and "\nConstant(1e-4)\n" in both
    assert printed(capsys, "plot", str(history), "--out", str(picture)) == f"written to {picture}\n"


def test_score(capsys):
    linear = "Linear(1.0, 0.0, 1000)"
    shown = printed(capsys, "score", "Cosine(3.0, 0.0, 1000)", linear, "Constant(1.0)").splitlines()
    assert shown[:4] == [
        "schedule                  bound  above the best  best peak",
        "Linear(1.0, 0.0, 1000)  0.06343            0.0%     0.0315",
        "Cosine(3.0, 0.0, 1000)  0.06524            2.9%    0.03062",
        "Constant(1.0)           0.09211           45.2%    0.01086",
    ]
    assert shown[4].startswith("over 1,000 steps. ") and "a theorem for SGD on convex losses" in shown[4]
    found = json.loads(printed(capsys, "score", linear, "--total", "100", "--json"))
    assert found["total"] == 100 and found["schedules"][0]["name"] == linear
    refused(capsys, "Constant(1.0) is unbounded: add --total LENGTH", "score", "Constant(1.0)", linear)
    refused(capsys, "must be above 0 at some step", "score", "Constant(0.0)", "--total", "10")


def test_studio(tmp_path, capsys):
    page = tmp_path / "studio.html"
    assert printed(capsys, "studio", UNITS, *RUN, "--out", str(page)) == f"written to {page}\n"
    assert "<!doctype html>" in page.read_text().lower()


def test_diff(capsys):
    shown = printed(capsys, "diff", "Constant(1.0)", "join(Constant(1.0, 5), Linear(1.0, 0.0, 5))", "--total", "10")
    assert shown == (
        "the same before step 6, where 1e0 becomes 8e-1; most at step 9, where 1e0 becomes 2e-1; safe to resume up to "
        "step 6, not later\n"
    )
    same = ["diff", COSINE, "join(Linear(0.0, 3e-4, 500), Cosine(3e-4, 0.0, 9500))"]
    assert printed(capsys, *same) == "the same at each of 10,000 steps; safe to resume at any\n"
    late = ["diff", "Constant(1.0, 9)", "PiecewiseConstant([6], [1.0, 2.0])", "--total", "9", "--json", "--resume-at"]
    assert json.loads(printed(capsys, *late, "6"))["first"] == 6
    shown = json.loads(printed(capsys, *late, "7", status=1))
    assert shown["first_values"] == [1.0, 2.0] and shown["safe_to_resume"] is False
    late.remove("--json")
    assert printed(capsys, *late, "6").endswith("\nsafe to resume at step 6\n")


def test_sample(capsys):
    rows = list(csv.reader(io.StringIO(printed(capsys, "sample", "Linear(0.0, 1.0, 10)", "--every", "5"))))
    assert rows == [["step", "learning_rate"], ["0", "0.0"], ["5", "0.5"]]
    shown = json.loads(printed(capsys, "sample", "Constant(0.1)", "--total", "3", "--json"))
    assert shown == {"step": [0, 1, 2], "learning_rate": [0.1, 0.1, 0.1]}


# Calls of other libraries; the expected texts are those of the table in `colabs/moving.md`.


@pytest.mark.parametrize(
    "call, base_lr, expected",
    [
        (
            "get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=3 * 23, num_training_steps=39 * 23)",
            "6e-05",
            "Join(Linear(start=0.0, stop=6e-05, steps=69), Cosine(start=6e-05, stop=0.0, steps=828))",
        ),
        (
            'get_scheduler("linear", optimizer=self.optimizer, num_warmup_steps=10, num_training_steps=90 + 10)',
            "0.1",
            "Join(Linear(start=0.0, stop=0.1, steps=10), Linear(start=0.1, stop=0.0, steps=90))",
        ),
        (
            "torch.optim.lr_scheduler.SequentialLR(opt, [LinearLR(opt, 0.1, total_iters=5), "
            "CosineAnnealingLR(opt, T_max=20)], milestones=[5])",
            "0.1",
            "Join(Linear(start=0.01, stop=0.1, steps=5), Cosine(start=0.1, stop=0.0, steps=20))",
        ),
        (
            "keras.optimizers.schedules.CosineDecay(0.0, decay_steps=900, warmup_target=1e-3, warmup_steps=100)",
            None,
            "Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))",
        ),
        (
            "lr_scheduler = CosineAnnealingLR(torch.optim.SGD(model.parameters(), lr=0.1), T_max=200, verbose=True)",
            "0.1",
            "Cosine(start=0.1, stop=0.0, steps=200)",
        ),
        (
            "optax.warmup_cosine_decay_schedule(0.0, 1e-3, 100, 1_000, end_value=1e-5)",
            None,
            "Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=1e-05, steps=900))",
        ),
        (
            "optax.piecewise_constant_schedule(1.0, {10: 0.5, 20: -0.5 * -1})",
            None,
            "PiecewiseConstant(boundaries=(10, 20), values=(1.0, 0.5, 0.25), steps=None)",
        ),
    ],
)
def test_convert(call, base_lr, expected, capsys):
    options = [] if base_lr is None else ["--base-lr", base_lr]
    assert printed(capsys, "convert", call, *options) == f"{expected}\n"
    assert repr(text.from_dict(json.loads(printed(capsys, "convert", call, *options, "--json")))) == expected


def test_what_is_converted_can_be_read(capsys, tmp_path):
    """Also the classes that only `compat` has."""
    for call in ("cosine_decay_schedule(1.0, 100, exponent=2.0)", "CosineDecayRestarts(1.0, 100, t_mul=1.5)"):
        path = tmp_path / "converted.yaml"
        assert printed(capsys, "convert", call, "--out", str(path)) == f"written to {path}\n"
        assert "peak 1 at step 0 of 500" in printed(capsys, "show", str(path), "--total", "500")


def test_a_scheduler_that_is_stepped_once_per_epoch(capsys):
    call = ["convert", "StepLR(optimizer, step_size=3)", "--base-lr", "0.1", "--stepped-every", "20"]
    schedule = text.parse(printed(capsys, *call))
    assert [float(schedule(step)) for step in (0, 59, 60, 119, 120)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


# Errors.


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["shwo"], "No such command 'shwo'. Did you mean 'show'?"),
        (["show"], "Missing argument 'SCHEDULE'."),
        (["show", COSINE, "--totl", "5"], "No such option '--totl'"),
        (["show", "Cosin(1.0, 0.0, 9)"], "line 1, column 1: unknown schedule 'Cosin'. Did you mean 'Cosine'?"),
        (["show", "nothing"], "'nothing' is no schedule, such as 'Cosine(0.001, 0.0, 100)', and no file of one"),
        (["show", "missing.yaml"], "missing.yaml: No such file or directory"),
        (["show", "transformers.get_constant_schedule(optimizer)"], "is of another library; `warmup-jax convert`"),
        (["plot", COSINE, "--log"], "--log needs --out FILE: the plot of a terminal has no logarithmic axis"),
        (["plot", COSINE, "--out", "plot"], "--out must be a .png, .svg or .pdf file; got plot"),
        (["lint", COSINE, "--select", "jmp"], "`lint(select=...)` has the unknown code 'jmp'. Did you mean 'jump'?"),
        (["lint"], "Missing argument 'SCHEDULE'."),
        (["studio", COSINE, "--out", "page.png"], "--out must be an .html file; got page.png"),
        (["show", UNITS], "'3 epochs' is a part of a run, which must be known: give --total LENGTH and what the unit"),
        (["show", UNITS, "--total", "39 epochs"], "add --steps-per-epoch, or --examples with --batch-size"),
        (["show", "Constant(1.0)"], "Constant(1.0) is unbounded: add --total LENGTH, the length of the run"),
        (["show", "Constant(1.0)", "--total", "0.1"], "--total must be a number of 0 or more and a unit"),
        (["show", COSINE, "--accumulate", "0"], "Invalid value for '--accumulate': 0 is not in the range x>=1."),
        (["diff", COSINE, "Linear(0.0, 1.0)"], "line 1, column 1: `Linear(...)` needs `steps=...`."),
        (["convert", "StepLR(optimizer, 5)"], "StepLR multiplies the optimizer's rate: add --base-lr RATE"),
        (["convert", "StepLr(optimizer, 5)"], "'StepLr' is no schedule of another library; "),
        (["convert", "StepLR(optimizer, n)", "--base-lr", "1"], "put a number in place of `n`"),
        (["convert", "StepLR(optimizer, len(x))", "--base-lr", "1"], "library; put a number for `len(x)`."),
        (["convert", "StepLR(optimizer, 2**9999)", "--base-lr", "1"], "put a number in place of `2 ** 9999`"),
        (["convert", "StepLR(optimizer, 5, gama=1)", "--base-lr", "1"], "has no 'gama'. Did you mean 'gamma'?"),
        (["convert", "LambdaLR(optimizer, lambda t: 0.9**t)", "--base-lr", "1"], "a function cannot be written as"),
        (["convert", "StepLR(optimizer, 5"], "CALL is no Python expression: '(' was never closed"),
        (["convert", "'5'"], "CALL must be a call, such as StepLR(optimizer, 30); got "),
        (["convert", "ReduceLROnPlateau(optimizer)"], "no function of the step; warmup_jax.transform.reduce_on"),
        (["convert", "GreedyLR(optimizer)"], "no function of the step; warmup_jax.transform.greedy is its form here"),
        (["convert", f"{'(' * 500}1{')' * 500}"], "CALL is no Python expression: too many nested parentheses"),
        (["convert", "1 / 0"], "CALL is no number: division by zero"),
        (["convert", "exec('import os')"], "'exec' is no schedule of another library;"),
        (["completion", "tcsh"], "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of"),
    ],
)  # fmt: skip
def test_errors_are_one_line(arguments, message, capsys):
    refused(capsys, message, *arguments)


def test_without_a_command_the_help_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2 and "Commands" in capsys.readouterr().out


# What is loaded.


@pytest.mark.parametrize(
    "arguments, needs",
    [
        (["show", COSINE], set()),
        (["lint", COSINE], set()),
        (["diff", COSINE, COSINE], set()),
        (["sample", COSINE, "--every", "9999"], set()),
        (["convert", "StepLR(optimizer, 5)", "--base-lr", "0.1"], set()),
        (["plot", COSINE], set()),
        (["train", "--help"], set()),
        (["studio", COSINE, "--out", "{tmp}/studio.html"], set()),
        (["plot", COSINE, "--out", "{tmp}/plot.png"], {"matplotlib"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_uses(arguments, needs, tmp_path):
    program = (
        "import sys; from warmup_jax import cli; status = cli.main(sys.argv[1:]); "
        "print('loaded:', *{name.split('.')[0] for name in sys.modules}); sys.exit(status)"
    )
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    heavy = set(HEAVY) - {"chex"}  # which is loaded when a schedule is first traced
    assert set(done.stdout.split("loaded:")[1].split()) & heavy == needs


# Schedules of the user's own.

MINE = """
import warmup_jax as wj

class Squares(wj.Schedule):
    start: float
    steps: int

    def evaluate(self, time):
        return self.start * time.share(self.steps) ** 2
"""
ROOT = "{version: 1, schedule: {type: Squares, start: 0.5, steps: 100}}"


@pytest.mark.parametrize("module", ["{}/squares.py", "squares"])
def test_a_class_of_the_users_own_is_imported_first(module, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.delitem(sys.modules, "squares", raising=False)
    importlib.invalidate_caches()
    (tmp_path / "squares.py").write_text(MINE)
    (tmp_path / "s.yaml").write_text(ROOT)
    rows = list(csv.reader(io.StringIO(printed(capsys, "--import", module.format(tmp_path), "sample", "s.yaml"))))
    assert float(rows[51][1]) == pytest.approx(0.125)
    assert "no findings" in printed(capsys, "--import", module.format(tmp_path), "lint", "s.yaml", "--total", "101")


def test_imports_that_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "broken_by_its_user.py").write_text("1 / 0")
    refused(capsys, " A class of your own needs `warmup-jax --import FILE.py`, before the", "show", "Unknown(1)")
    refused(capsys, "It stands before the command.", "show", COSINE, "--import", "no.py")
    refused(capsys, "--import: there is no file no.py", "--import", "no.py", "show", COSINE)
    (tmp_path / "time.py").write_text("")
    refused(
        capsys,
        "time.py has the name of another module, time: rename it",
        "--import",
        f"{tmp_path}/time.py",
        "show",
        COSINE,
    )
    refused(capsys, "--import: there is no module 'no_such'", "--import", "no_such", "show", COSINE)
    with pytest.raises(SystemExit):
        cli.main(["--import", str(tmp_path / "broken_by_its_user.py"), "show", COSINE])
    shown = capsys.readouterr().err
    assert 'py", line 1' in shown and "raised ZeroDivisionError: division by zero" in shown.splitlines()[-1]

"""Every reader on input that means harm: work is bounded as a whole, nothing is shown raw, no crash.

For a long run of the fuzz: EXAMPLES=100000 pytest tests/test_hostile.py -k fuzz
"""

import contextlib
import inspect
import io
import os
import sys
import time

import pytest
import rich_click as click
from hypothesis import strategies as st

import warmup_jax as wj
from tests.test_text import FILES, KNOWN, RUN, VALID, edits, fuzz, mutated, texts, values
from warmup_jax import cli, studio, text
from warmup_jax.cli import _convert, _given, _peers
from warmup_jax.compat.trainers import reading

# Seconds of the processor; the machines that run the tests may be busy with others.
LONGEST = 2.0 if "EXAMPLES" in os.environ else 5.0


@contextlib.contextmanager
def bounded():
    """Either it reads, or it says in a few printable words what is wrong; never slow."""
    started = time.process_time()
    try:
        yield
    except (ValueError, TypeError, click.UsageError) as error:
        said = error.format_message() if isinstance(error, click.UsageError) else str(error)
        assert type(error) in (ValueError, TypeError, click.UsageError)
        assert said and len(said) < 1500 and all(map(str.isprintable, said.split("\n"))), said
    assert time.process_time() - started < LONGEST


def on_standard_input(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def read_standard_input(monkeypatch, content: bytes) -> _given.Given:
    on_standard_input(monkeypatch, content)
    return _given.read("-", {"total": "50"})


def as_json(schedule: str) -> str:
    return f'{{"version": 1, "run": {{"total": 10}}, "schedule": {schedule}}}'


# Work is bounded as a whole.

LONG_TEXTS = {
    "letters beyond ASCII on one line": "Join(" + "Linear(0, 1, 'ä'), " * 45_000 + "1)",
    "an accent in front": "# é\rJoin(" + "Constant(1, 5), " * 9_000 + "'é')",
    "letters of four bytes, many lines": "Join(" + "Constant(1, '\U0001f600'),\n" * 9_000 + "1)",
    "durations": "Join(" + "Constant(1, '10%')," * 9_000 + "Constant(1))",
    "an argument many times": "Linear(" + "start=0," * 40_000 + ")",
    "many arguments": "Linear(" + ",".join(f"é{k}=1" for k in range(40_000)) + ")",
    "a table": "PiecewiseLinear([" + ", ".join(f"({k}, 1)" for k in range(16_000)) + "])",
    "operators": "Maximum(" + "-Constant(1) / 2 + 1," * 2_400 + "1)",
    "deep in many places": "Maximum(" + ("Reverse(" * 40 + "Linear(0, 1, 5)" + ")" * 40 + ",") * 240 + "1)",
    "recipes": "Maximum(" + "wsd(peak=1, warmup=1, total=9, cooldown=1)," * 9_900 + "1)",
    "cycles": "Maximum(" + "Cycles(Linear(1, 0, 1), 1.0001, 500)," * 9_000 + "1)",
    "cycles that are asked": "Sum(" + "cooldown(Repeat(Cosine(1, 0, 9), 3), at=5, steps=4)," * 60 + "1)",
    "clocks in one another": "extend(" + "KDecay(" * 60 + "Linear(1, 0, 9)" + ", 1.5)" * 60 + ", 1)",
    "stages that are asked": "rewarm(Join(" + "Tanh(1, 0, 5), Rex(1, 0, 5)," * 3_000 + "1), at=4, steps=5, peak=1)",
    "a name": "é" * 900_000,
    "words after a number": "Constant(1 " + "k " * 400_000 + "epochs)",
}


@pytest.mark.parametrize("said", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_no_text_takes_long(said):
    with bounded():
        text.parse(said, RUN)


CALLS = '{"type": "Scale", "factor": 1, "schedule": '
LONG_FILES = {
    "a.json": [
        as_json('{"type": "Join", "stages": [' * 49 + ",".join("1" * 40_000) + "]}" * 49),
        as_json((CALLS * 90) + '{"type": "PiecewiseConstant", "boundaries": [' + "1," * 40_000 + "1]}" + "}" * 90),
        as_json('{"type": "Sum", "schedules": [' + "[" * 99 + "1," * 90_000 + "1" + "]" * 99 + "]}"),
        as_json('{"' + "\\u00e9" * 150_000 + '": 1, "type": "Linear"}'),
        as_json('{"type": "Constant", "value": 0.' + "0" * 900_000 + "1}"),
        as_json('{"type": "Constant", "value": 1, "steps": "1' + " " * 900_000 + 'x"}'),
        '{"version": 1, "schedule": ' * 30_000,
        "{" + ",".join(f'"{k % 40_000}": 1' for k in range(80_000)) + "}",
    ],
    "a.yaml": [
        "version: 1\nschedule: " + "a b " * 47_000,
        "version: 1\nschedule: >\n" + "  a\n" * 47_000,
        'version: 1\nschedule: "' + "\\x1b\n" * 38_000 + '"',
        "\n" * 199_000,
        "[" * 195 + "1, " * 9_500 + "]" * 195,
        "".join(" " * k + "a:\n" for k in range(600)),
        "%YAML 1.1\n---\nversion: " + "59:" * 60_000 + "59",
        "{" + ", ".join(f"k{k}: 1" for k in range(9_500)) + "}",
        "version: 0x" + "f" * 190_000,
    ],
    "a.toml": [
        "\n".join(f"[{'a.' * 100}k{k}]" for k in range(1_800)),
        "\n".join(f"{'a.' * 100}k{k} = 1" for k in range(1_800)),
        "version = [" + "[1], " * 79_000 + "]",
        "[[schedule]]\n" * 30_000,
        "version = 1" + "_1" * 190_000,
        "version = " + "{a = " * 79_000,
        'version = """' + "\\\n" * 190_000 + '"""',
    ],
    "a.txt": ["Join(" + "Constant(1, 'é')," * 40_000 + "1)"],
}


@pytest.mark.parametrize(
    "name, contents",
    [pytest.param(name, each, id=f"{name} {k}") for name in LONG_FILES for k, each in enumerate(LONG_FILES[name])],
)
def test_no_file_takes_long(name, contents, tmp_path, monkeypatch):
    (tmp_path / name).write_text(contents, encoding="utf-8")
    for read in (text.load, text.load_run):
        with bounded():
            read(tmp_path / name)
    with bounded(), _given.in_one_line():
        read_standard_input(monkeypatch, contents.encode())


def test_more_than_can_be_read_is_not_written(tmp_path):
    table = wj.PiecewiseLinear([(step, 1.0) for step in range(12_000)])
    text.save(table, tmp_path / "a.json")
    assert text.load(tmp_path / "a.json") == table
    with pytest.raises(ValueError, match="a .yaml file cannot hold this schedule: too long: at most 200_000 bytes"):
        text.save(table, tmp_path / "a.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# `convert`.


@pytest.mark.parametrize(
    "call",
    [
        " - ".join(["1"] * 1_700),
        "StepLR(opt, (" + "+" * 3_000 + "1))",
        "not " * 2_400 + "1",
        "f" + "(1)" * 2_000,
        "f" + "[1]" * 2_000,
        "x" + ".y" * 2_500,
        "StepLR(" * 150 + "1" + ")" * 150,
        "lambda: " * 1_000 + "1",
        " if 1 else ".join(["1"] * 800),
        " < ".join(["1"] * 2_000) + " and 1" * 200,
    ],
    ids=lambda call: call[:12],
)
def test_no_call_is_too_deep_for_convert(call, capsys):
    with pytest.raises(SystemExit):
        cli.main(["convert", "--base-lr", "0.1", "--", call])
    said = capsys.readouterr().err
    assert said.startswith("warmup-jax convert: error: ") and said.count("\n") == 1 and len(said) < 300


@pytest.mark.parametrize(
    "length, steps",
    [
        ("int(0.06 * 5_000)", 300),
        ("round(0.1 * 1000 + .4)", 100),
        ("math.ceil(50_000 / 128) * 3", 1173),
        ("max(1, 7 // 2)", 3),
        ("2 ** 9 - +2", 510),
    ],
)
def test_convert_works_lengths_out(length, steps):
    schedule = _convert._converted(f"CosineAnnealingLR(AdamW(net.parameters(), lr=1e-3), T_max={length})", 0.5)
    assert schedule == wj.Cosine(0.5, 0.0, steps)


@pytest.mark.parametrize(
    "call, said",
    [
        ("StepLR(opt, 9**9**9)", "put a number in place of `9 ** 9 ** 9`"),
        ("StepLR(opt, 10**99 * 10**99)", "put a number in place of `10 ** 99 * 10 ** 99`"),
        ("StepLR(opt, (-8)**0.5)", "put a number in place of `(-8) ** 0.5`"),
        ("StepLR(opt, int('5'))", "put a number in place of `int('5')`"),
        ("StepLR(opt, min(3))", "put a number in place of `min(3)`"),
        ("StepLR(opt, int(1e99 * 1e300))", "put a number in place of `1e+99 * 1e+300`"),
        (
            "torch.optim.Adam(net.parameters(), lr=3e-4)",
            "is an optimizer and no schedule; its rate stays, which is 'Con",
        ),
        ("optax.lion(optax.linear_schedule(1, 0, 5))", "convert the schedule alone that it is given"),
        ("1e-3 / 2", "0.0005 is a number and no schedule; a rate that stays is 'Constant(0.0005)'"),
        ("noam(d_model=5, warmup=3)", "noam is of this library; `warmup-jax show` reads it"),
        ("LinearLR(opt, total_iters=3 epochs)", "a length is a number of steps here: in place of `3 epochs`, write"),
        ("LinearLR(opt, total_iters=12.5%)", "in place of `12.5%`, write the number, or a product such as 5 * 120"),
        ("StepLR(opt, 3, gamma=.1, gamma=.2)", "'gamma' is given twice in `StepLR(...)`"),
        ("StepLR(opt, **settings)", "write the arguments in place of `**settings`"),
    ],
)
def test_what_convert_says(call, said):
    with pytest.raises(ValueError) as caught:
        _convert._converted(call, 0.1)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "said, wanted",
    [
        (
            "warmup_linear(peak=1, warmup=5 epochs, total=9)",
            "column 30: a length with a unit needs quotes: '5 epochs'.",
        ),
        ("warmup_linear(peak=1, warmup=2.5%, total=9)", "column 30: a length with a unit needs quotes: '2.5%'."),
        ("Constant(1, 2 B tokens)", "column 13: a length with a unit needs quotes: '2 B tokens'."),
        ("Constant(1, 10_000updates)", "column 13: a length with a unit needs quotes: '10_000updates'."),
        ("2.5e-4", "such as Constant(0.00025); got 0.00025 (float)."),
    ],
)
def test_lengths_and_rates_that_lack_something(said, wanted):
    with pytest.raises((ValueError, TypeError)) as caught:
        text.parse(said, RUN)
    assert wanted in str(caught.value)


# Standard input is read as a file is.

LINE = '{"version": 1, "schedule": {"type": "Linear", "start": 0.0, "stop": 1.0, "steps": 5}}'


class Endless(io.RawIOBase):
    """Standard input without an end; it counts what was asked of it."""

    asked = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.asked += len(buffer)
        assert self.asked < 3_000_000
        buffer[:] = b"a" * len(buffer)
        return len(buffer)


def test_standard_input_without_an_end(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    with pytest.raises(ValueError, match="standard input: too long: at most 1_000_000 bytes of this kind of file"):
        _given.read("-", {})


@pytest.mark.parametrize(
    "content, said",
    [
        (LINE[:-2].encode() + b', "steps": 6}}', "standard input: the key 'steps' stands twice in one object."),
        (
            b'{"data": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
            "standard input: ",
        ),
        (
            b'{"data": ' * 5_000 + b"1" + b"}" * 5_000,
            "standard input: ",
        ),
        (b"\xff\xfe{}", "standard input: this is not UTF-8 text; byte 0 is 0xff."),
        (
            b'{"version": 1e999999, "schedule": 1}',
            "standard input: version: must be 1, the only version known; got inf",
        ),
        (b'{"version": Infinity}', "standard input: a number must be finite; got Infinity."),
        (b"version: &a 1", "standard input: line 1, column 10: anchors (&, *) and tags (!) are not read."),
        (b"---\nversion: 2\nschedule: 1", "standard input: version: must be 1, the only version known; got 2 (int)."),
        (b"{version: 1}", "standard input: `schedule` is missing."),
        (b"'version' = 1\n'version' = 2", "standard input: Cannot overwrite a value"),
        (b"", "standard input: line 1, column 1: there is no text."),
        (b"\x1b[2J", "standard input: line 1, column 1: the character '\\x1b' has no meaning here."),
    ],
)
def test_what_is_refused_of_standard_input(content, said, monkeypatch):
    with pytest.raises((ValueError, TypeError)) as caught:
        read_standard_input(monkeypatch, content)
    assert said in str(caught.value)


YAML = "# one line\nversion: 1\nschedule: {type: Linear, start: 0.0, stop: 1.0, steps: 5}"


@pytest.mark.parametrize("content", [LINE, f'{{"text": "", "data": {LINE}}}', "Linear(0, 1, 5)", YAML])
def test_standard_input_with_a_byte_order_mark(content, monkeypatch):
    given = read_standard_input(monkeypatch, b"\xef\xbb\xbf" + content.encode())
    assert given.schedule == wj.Linear(0.0, 1.0, 5)


def test_standard_input_that_is_closed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit):
        cli.main(["show", "-"])
    assert capsys.readouterr().err == "warmup-jax show: error: standard input is closed\n"


# Nothing is shown raw, and messages are short.

EVIL = "\x1b]0;owned\x07\x1b[2J\udcff\u202e"


@pytest.mark.parametrize(
    "name, contents",
    [
        (f"{EVIL}.json", "{"),
        (f"{EVIL}.toml", "version = 1"),
        (f"{EVIL}.txt", "Constant('\\x1b[2J')"),
        ("a.yaml", '"\\x1b[2J\\0": 1\n"\\x1b[2J\\0": 2\n'),
        ("a.yaml", 'version: "\\x1b[2J"\nschedule: 1'),
        ("a.toml", '"\\u001b[2J\\u0000" = 1'),
        ("a.json", as_json('{"type": "Linear", "\\ud800\\u001b[2J\\u0000": 1}')),
        ("a.json", as_json('{"type": "\\ud800\\u001b[2J\\u0000"}')),
        ("a.json", '{"\\u001b": 1, "\\u001b": 1}'),
        ("a.json", f'{{"version": 1, "run": {{"total": "{"v" * 90_000}"}}, "schedule": 1}}'),
        ("a.json", as_json(f'{{"type": "Linear", "{"k" * 90_000}": 1}}')),
        ("a.txt", f"{'f' * 90_000}(1)"),
        ("a.txt", f"wsd(peak=1, warmup=1, total=9, cooldown=1, shape='{chr(27) * 9}')"),
        ("a.txt", f"Constant(1, '{'9' * 90_000} epochs')"),
    ],
    ids=repr,
)
def test_what_a_file_holds_is_shown_in_a_few_printable_words(name, contents, tmp_path):
    (tmp_path / name).write_text(contents, encoding="utf-8")
    with pytest.raises((ValueError, TypeError)) as caught:
        text.load(tmp_path / name, RUN)
    said = str(caught.value)
    assert len(said) < 1_200 and all(map(str.isprintable, said.split("\n")))


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", f"{EVIL}.json"],
        ["show", "x" * 200_000],
        ["show", f"{EVIL}(1)"],
        ["show", f"Constant({EVIL!r})"],
        ["show", "Constant(1.0)", "--total", "9" * 200_000],
        ["show", "Constant(1.0)", "--total", f"3 {EVIL}"],
        ["show", f"Constant(1.0) #{'x' * 90_000}"],
        ["lint", "Constant(1.0)", "--select", EVIL * 900],
        ["plot", "Constant(1.0, 5)", "--out", EVIL * 900],
        ["studio", "Constant(1.0, 5)", "--out", f"{EVIL}/a.html"],
        ["convert", EVIL * 300],
        ["convert", "x" * 9_000],
        ["convert", "StepLR(opt, " + "x" * 9_000 + "=1)"],
        [EVIL * 900],
    ],
    ids=lambda arguments: f"{arguments[0][:9]!a}",
)
def test_what_was_typed_is_shown_in_a_few_printable_words(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(arguments)
    said = capsys.readouterr().err
    assert "error: " in said and len(said) < 1_000 and said.count("\n") == 1 and said[:-1].isprintable()
    assert not list(tmp_path.iterdir())


def test_what_was_written_is_told_in_printable_words(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name = "a\x1b[2J\u202e"
    source = "Constant(0.1, 5)  # $\\frac{\x1b[2J$" + "x" * 9_000
    for arguments in (
        ["convert", "optax.constant_schedule(0.1)", "--out", f"{name}.json"],
        ["plot", "Constant(0.1, 5)", "--out", f"{name}.svg"],
        ["plot", source, "Constant(0.2)", "--out", f"{name}.png"],
        ["plot", source, "Constant(0.2)"],
        ["studio", "Constant(0.1, 5)", "--out", f"{name}.html"],
    ):
        assert cli.main(arguments) == 0
        shown = capsys.readouterr().out
        assert shown and all(map(str.isprintable, shown.split("\n"))) and max(map(len, shown.split("\n"))) < 300
    assert len(list(tmp_path.iterdir())) == 4


def test_long_names_in_a_legend_stay_apart(monkeypatch, tmp_path):
    from warmup_jax import plot

    drawn, paint = [], plot.plot

    def watched(schedules, *rest, **more):
        drawn.extend(schedules)
        return paint(schedules, *rest, **more)

    monkeypatch.setattr(plot, "plot", watched)
    long = [f"Join(Linear(0, 1, 100), Constant({value}, 5), Cosine(1, 0, 100), Constant(0, 9))" for value in (2, 3)]
    assert cli.main(["plot", *long, "--total", "300", "--out", str(tmp_path / "a.svg")]) == 0
    assert len(drawn) == 2 and drawn[0].startswith("1: Join(") and drawn[1].startswith("2: Join(")


def test_a_drawing_that_fails_leaves_no_file(monkeypatch, tmp_path, capsys):
    from matplotlib.figure import Figure

    def half(figure, to, **options):
        to.write(b"half")
        raise ValueError("the other half is missing")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(SystemExit):
        cli.main(["plot", "Constant(0.1, 5)", "--out", str(tmp_path / "a.png")])
    assert "the other half is missing" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_title_is_written_as_it_can_be(tmp_path):
    page = studio.to_html(wj.Linear(0.0, 1.0, 5), tmp_path / "a.html", title=f"<b>{EVIL}")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page
    assert "&lt;b&gt;\\x1b]0;owned\\x07\\x1b[2J\\udcff\\u202e" in page


@pytest.mark.parametrize(
    "given",
    ["x" * 200_000, ["x" * 900] * 900, [[[[1] * 99] * 99] * 99] * 99, 10**5_000, {EVIL: EVIL}, range(10**9)],
    ids=type,
)
def test_what_an_argument_was_is_shown_in_a_few_printable_words(given):
    with pytest.raises((TypeError, ValueError)) as caught:
        wj.Repeat(given, 3)
    said = str(caught.value)
    assert len(said) < 600 and said.isprintable()


# Fuzz.

FRAGMENTS = {
    **{suffix: [contents] for suffix, contents in FILES.items()},
    ".json": [
        FILES[".json"],
        LINE,
        as_json('{"type": "Join", "stages": [{"type": "Constant", "value": 1, "steps": "5%"}]}'),
    ],
    ".txt": VALID,
}


def grown(original: str, edits, share: float, length: int, size: int) -> str:
    """A text, changed in a few places, with a piece of it repeated up to a size."""
    original = mutated(original, edits)
    place = int(share * len(original))
    piece = original[place : place + length] or "("
    return original[:place] + piece * (size // len(piece)) + original[place:]


sizes = st.sampled_from([0, 0, 100, 3_000, 30_000, 190_000, 390_000, 990_000])
large = {
    suffix: st.builds(grown, st.sampled_from(fragments), edits, st.floats(0, 1), st.integers(1, 60), sizes)
    for suffix, fragments in FRAGMENTS.items()
}
PEERS = sorted(_peers.known_names())
CALLED = [
    *"( ) [ ] , = . * + - / // ** # ' { : } lambda not if else 0 1 2.5 -1 1e-3 1e999 10_000 2147483648".split(" "),
    *"optimizer, opt torch.optim. math. int( min( round( max( gamma= T_max= total_iters= milestones=[ None True".split(
        " "
    ),
    *["StepLR(opt, 5)", "5 epochs", "10%", "\x1b", "\udcff", "é", "\0", *PEERS, *KNOWN[:9]],
    *(f"{name}(" for name in PEERS),
]
calls = st.one_of(
    st.lists(st.sampled_from(CALLED), max_size=25).map("".join),
    st.builds(
        lambda name, rest: f"{name}({', '.join(rest)})", st.sampled_from(PEERS), st.lists(st.sampled_from(CALLED))
    ),
    st.builds(
        lambda name, rest: f"{name}({', '.join(map(repr, rest))})",
        st.sampled_from(PEERS),
        st.lists(
            st.one_of(st.integers(), st.floats(), st.integers(0, 9), st.just([1, 2]), st.text(max_size=3)), max_size=7
        ),
    ),
    st.builds(grown, st.sampled_from(CALLED), edits, st.floats(0, 1), st.integers(1, 9), st.integers(0, 9_900)),
)


@fuzz(large[".txt"])
def test_fuzz_large_text(said):
    with bounded():
        text.parse(said, RUN)


@pytest.mark.parametrize("suffix", FRAGMENTS)
def test_fuzz_large_files(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"

    @fuzz(large[suffix], 0.3)
    def read(contents):
        path.write_bytes(contents.encode("utf-8", "surrogatepass"))
        with bounded():
            text.load(path)
        with bounded():
            text.load_run(path)

    read()


@fuzz(st.one_of(*large.values(), texts, values.map(repr), st.binary(max_size=40)))
def test_fuzz_standard_input(content):
    content = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as monkeypatch, bounded(), _given.in_one_line():
        read_standard_input(monkeypatch, content)


@fuzz(calls)
def test_fuzz_convert(call):
    with bounded(), _given.in_one_line():
        _convert._converted(call, 0.1)


CONFIGS = [
    "--lr 3e-4 --min-lr 3e-5 --lr-decay-style WSD --train-iters 500 --lr-warmup-iters 20 --lr-wsd-decay-iters 40",
    "fairseq-train data --lr 5e-4 --lr-scheduler tri_stage --max-update 900 --phase-ratio '[0.1, 0.4, 0.5]'",
    "lr_scheduler: cosine\nlearning_rate: 0.0002\nmax_steps: 100\ncosine_min_lr_ratio: 0.1\nwarmup_ratio: 0.1\n",
    "lr_scheduler_type: polynomial\nlr_scheduler_kwargs: {power: 2.0}\nmax_steps: 100\nwarmup_steps: 10\n",
    "lr0: 0.01\nlrf: 0.01\nepochs: 3\nwarmup_epochs: 1.5\ncos_lr: true\noptimizer: SGD\n",
    '{"scheduler": {"type": "WarmupCosineLR", "params": {"total_num_steps": 90, "warmup_num_steps": 5}}, '
    '"optimizer": {"params": {"lr": 1}}}',
    "[optimizer]\nlr = 3e-4\n[lr_scheduler]\nwarmup_steps = 20\ndecay_ratio = 0.5\n[training]\nsteps = 90\n",
    "learning_rate = 6e-4\nmax_iters = 5 * 100\nlr_decay_iters = max_iters\nwarmup_iters = max_iters // 10 # a\n",
    "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02))\nparam_scheduler = [\n"
    " dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=5),\n"
    " dict(type='CosineAnnealingLR', T_max=7, by_epoch=True, begin=1, end=8, convert_to_iter_based=True)]\n",
]
FACTS = {"trainer": None, "total": 500, "steps_per_epoch": 5}


def converted(config: str) -> None:
    """With the facts that its trainer asks for, or with all of them."""
    for facts in (FACTS, FACTS | {"total": None}, FACTS | {"steps_per_epoch": None}, dict.fromkeys(FACTS)):
        with bounded(), _given.in_one_line():
            _convert._schedule_of(config, None, facts)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config[:12])
def test_these_configs_can_be_read(config):
    """The fuzz begins with them."""
    for facts in (FACTS | {"total": None}, FACTS | {"steps_per_epoch": None}, dict.fromkeys(FACTS)):
        with contextlib.suppress(ValueError, TypeError):
            assert isinstance(_convert._schedule_of(config, None, facts), wj.Schedule)
            return
    raise AssertionError("it cannot")


LONG_CONFIGS = {
    "sections": "[a]\n" * 200_000,
    "lines": "\n" * 900_000 + "lr = 1",
    "many settings": "{" + ",".join(f'"lrate_{k}": 1' for k in range(50_000)) + ', "lr0": 1}',
    "many flags": " ".join(f"--lr{k} 1" for k in range(9_000)),
    "a long flag": "--" + "a" * 90_000 + " 1 --lr 1",
    "dots": "--" + "a." * 40_000 + "b 1 --lr 1",
    "quotes": "--lr '" + "\\" * 90_000,
    "names in names": "a = [1, 1]\n" + "".join(f"a{k} = [a{k - 1}, a{k - 1}]\n" for k in range(1, 900)) + "lr0 = a899",
    "numbers of names": "a = 9\n" + "a = a * a\n" * 5_000 + "lr0 = a",
    "signs": "lr0 = " + "-" * 90_000 + "1",
    "calls": "lr0 = " + "f(" * 9_000,
    "dicts": "lr0 = " + "dict(a=" * 150 + "1" + ")" * 150,
    "sums": "lr0 = 1" + " + 1" * 20_000,
    "anchors": "lr0: &a [1, 1]\n" + "".join(f"x{k}: &b{k} [*a, *a]\n" for k in range(9)),
}


@pytest.mark.parametrize("config", LONG_CONFIGS.values(), ids=LONG_CONFIGS)
def test_no_config_takes_long(config):
    converted(config)


KEYS = sorted({name for reader in reading.READERS.values() for name in inspect.signature(reader).parameters})
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.just([1, 2]), st.just({}))
known = st.dictionaries(st.sampled_from(KEYS), st.one_of(odd, st.integers(0, 300), st.floats(0, 1)), max_size=8)


@fuzz(st.one_of(st.builds(mutated, st.sampled_from(CONFIGS), edits), texts, values.map(repr), calls))
def test_fuzz_configs(config):
    converted(config)


@fuzz(st.tuples(known, st.sampled_from([None, *reading.READERS]), st.one_of(st.none(), st.integers(1, 900))))
def test_fuzz_settings(given):
    settings, trainer, total = given
    with bounded():
        reading.from_config(settings, trainer, total=total)

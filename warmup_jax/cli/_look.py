"""The commands that look at schedules: show, plot, lint, diff, sample, score, studio."""

import os
import pathlib
import sys
import typing

import rich_click as click

from warmup_jax import _words
from warmup_jax.cli._given import SCHEDULE_HELP, as_json, examples, in_one_line, read, read_schedule, run_options, shown
from warmup_jax.cli._pictures import check_picture, save_picture

if typing.TYPE_CHECKING:
    import warmup_jax as wj

_json_option = click.option("--json", "for_machines", is_flag=True, help="Print JSON.")


@click.command(
    epilog=examples(
        'warmup-jax show "warmup_cosine(peak=3e-4, warmup=500, total=10_000)"',
        'warmup-jax show schedule.yaml --total "39 epochs" --steps-per-epoch 120',
        "warmup-jax show runs/mine/schedule.txt --json",
    ),
    help="Print what a schedule does over a run, stage by stage." + SCHEDULE_HELP,
)
@click.argument("schedule")
@run_options
@_json_option
@in_one_line()
def show(schedule: str, facts: dict[str, typing.Any], for_machines: bool) -> None:
    from warmup_jax import report, text

    given = read(schedule, facts)
    description = report.describe(given.schedule, given.run)
    if not for_machines:
        print(given.schedule, description, sep="\n\n")
        return
    numbers = {name: getattr(description, name) for name in ("total", "peak", "peak_step", "warmup", "area")}
    stages = [stage._asdict() for stage in description.stages]
    written = {"text": repr(given.schedule), "data": text.to_dict(given.schedule)}
    print(as_json(written | numbers | {"stages": stages}))


@click.command(
    epilog=examples(
        'warmup-jax plot "warmup_cosine(peak=3e-4, warmup=500, total=10_000)"',
        "warmup-jax plot schedule.yaml other.yaml --out both.png --log",
        "warmup-jax plot runs/mine/history.csv --out history.png",
    ),
    help="Draw schedules in the terminal, or into a file; of the history.csv of a run, the rates that it applied over "
    "those that were planned." + SCHEDULE_HELP,
)
@click.argument("schedules", nargs=-1, required=True, metavar="SCHEDULE...")
@click.option("--out", metavar="FILE", help="Draw into a .png, .svg or .pdf file.")
@click.option("--log", is_flag=True, help="A logarithmic axis of the rates.")
@run_options
@in_one_line()
def plot(schedules: tuple[str, ...], out: str | None, log: bool, facts: dict[str, typing.Any]) -> None:
    from warmup_jax import plot as plots

    check_picture(out)
    if log and out is None:
        raise ValueError("--log needs --out FILE: the plot of a terminal has no logarithmic axis")
    leading, *others = schedules
    if any(source.endswith(".csv") for source in schedules):
        if out is None or others:
            raise ValueError("a history is drawn alone, and into a file: plot history.csv --out FILE")
        axes = plots.plot_history(leading)
    else:
        first = read(leading, facts)
        given = {leading: first} | {source: read(source, facts, beside=first.run) for source in others}
        if out is None:
            for source, (schedule, run, _) in given.items():
                if len(given) > 1:
                    print(f"\n{shown(source)}")
                print(plots.terminal(schedule, run=run, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
            return
        total = max(each.run.total for each in given.values())
        labels = [label.replace("$", r"\$") for label in _labels(given)]  # dollars would begin a formula
        drawn = dict(zip(labels, (each.schedule for each in given.values()), strict=True))
        axes = plots.plot(drawn if len(drawn) > 1 else first.schedule, total, run=first.run, log=log)
    save_picture(axes, out)


def _labels(sources: typing.Iterable[str]) -> list[str]:
    """Short names of schedules, numbered where they would be the same."""
    names = [shown(source) for source in sources]
    return names if len(set(names)) == len(names) else [f"{k}: {name}" for k, name in enumerate(names, start=1)]


@click.command(
    epilog=examples(
        'warmup-jax lint schedule.yaml --total "39 epochs" --steps-per-epoch 120 --b2 0.999',
        "warmup-jax lint schedule.yaml --ignore zero-first-update,jump",
        "warmup-jax lint --rules",
    ),
    help="Find mistakes in a schedule before it is trained with. The exit status is 1 if there are warnings or errors."
    + SCHEDULE_HELP,
)
@click.argument("schedule", required=False)
@run_options
@click.option("--b2", type=float, metavar="B2", help="The optimizer's b2, for the length of the warmup.")
@click.option("--weight-decay", metavar="SCHEDULE", help="The weight decay, to be compared with the rate.")
@click.option("--rate-dtype", metavar="DTYPE", help="What the rate is stored as, such as bfloat16.")
@click.option("--select", metavar="CODES", help="Only these, with commas between.")
@click.option("--ignore", metavar="CODES", help="All but these.")
@click.option("--rules", is_flag=True, help="Print the rules and the reports behind them.")
@_json_option
@in_one_line()
def lint(
    schedule: str | None,
    facts: dict[str, typing.Any],
    b2: float | None,
    weight_decay: str | None,
    rate_dtype: str | None,
    select: str | None,
    ignore: str | None,
    rules: bool,
    for_machines: bool,
) -> int:
    from warmup_jax import lint as linter

    if rules:
        for code, rule in linter.RULES.items():
            print(f"{code}: {rule.doc}", *(f"{name}: {when}" for name, when in rule.severities.items()), sep="\n    ")
            print(*(f"    {source}" for source in rule.sources), sep="\n", end="\n\n")
        return 0
    if schedule is None:
        raise ValueError("Missing argument 'SCHEDULE'.")
    given = read(schedule, facts)
    optimizer: dict[str, typing.Any] = {} if b2 is None else {"b2": b2}
    if weight_decay is not None:
        optimizer["weight_decay"] = _number_or_schedule(weight_decay, given.run)
    codes = {"select": _codes(select), "ignore": _codes(ignore) or ()}
    found = linter.lint(given.schedule, given.run, optimizer or None, rate_dtype=rate_dtype, **codes)
    if for_machines:
        print(as_json([finding._asdict() for finding in found]))
    else:
        print(*(found or ["no findings"]), sep="\n")
        if given.is_own_length:
            print(f"(over {given.run.total:,} steps, the schedule's own length; --total LENGTH is another)")
    return int(any(finding.severity != "info" for finding in found))


def _number_or_schedule(source: str, run: "wj.Run") -> "float | wj.Schedule":
    try:
        return float(source)
    except ValueError:
        return read_schedule(source, run)


def _codes(text: str | None) -> list[str] | None:
    return None if text is None else [code.strip() for code in text.split(",")]


@click.command(
    epilog=examples(
        "warmup-jax diff old.yaml new.yaml --total 10_000",
        "warmup-jax diff runs/mine/schedule.txt new.yaml --resume-at 5000",
    ),
    help="Say where two schedules differ over a run, and whether a run can go on with the second one." + SCHEDULE_HELP,
)
@click.argument("first")
@click.argument("second")
@run_options
@click.option("--resume-at", type=click.IntRange(min=0), metavar="STEP", help="Exit status 1 if not safe at this step.")
@_json_option
@in_one_line()
def diff(first: str, second: str, facts: dict[str, typing.Any], resume_at: int | None, for_machines: bool) -> int:
    from warmup_jax import report

    one = read(first, facts)
    other = read(second, facts, beside=one.run)
    found = report.diff(one.schedule, other.schedule, max(one.run.total, other.run.total))
    safe = resume_at is None or found.safe_to_resume(resume_at)
    asked = {} if resume_at is None else {"safe_to_resume": safe}
    print(as_json(found._asdict() | asked) if for_machines else found)
    if resume_at is not None and not for_machines:
        print(f"{'safe' if safe else 'not safe'} to resume at step {resume_at:,}")
    return int(not safe)


@click.command(
    epilog=examples(
        'warmup-jax sample "wsd(peak=1e-3, warmup=100, total=1000, cooldown=200)" --every 50',
        "warmup-jax sample schedule.yaml > rates.csv",
    ),
    help="Print the rate at each step of a run, as CSV." + SCHEDULE_HELP,
)
@click.argument("schedule")
@run_options
@click.option("--every", type=click.IntRange(min=1), default=1, metavar="N", help="Only each Nth step.")
@_json_option
@in_one_line()
def sample(schedule: str, facts: dict[str, typing.Any], every: int, for_machines: bool) -> None:
    from warmup_jax import report

    given = read(schedule, facts)
    values = report.sample(given.schedule, given.run.total)[::every]
    steps = range(0, given.run.total, every)
    if for_machines:
        print(as_json({"step": list(steps), "learning_rate": [float(str(value)) for value in values]}))
        return
    print("step,learning_rate")
    for step, value in zip(steps, values, strict=True):
        print(f"{step},{value!s}")


@click.command(
    epilog=examples(
        'warmup-jax score "Cosine(1.0, 0.0, 10_000)" "wsd(peak=1.0, warmup=0, total=10_000, cooldown=2_000)"',
        "warmup-jax score old.yaml new.yaml --total 10_000",
    ),
    help="Put schedules in the order of a bound on the loss of SGD, each at its best peak. The last line says where "
    "this order can be trusted." + SCHEDULE_HELP,
)
@click.argument("schedules", nargs=-1, required=True, metavar="SCHEDULE...")
@run_options
@_json_option
@in_one_line()
def score(schedules: tuple[str, ...], facts: dict[str, typing.Any], for_machines: bool) -> None:
    from warmup_jax import theory

    first = read(schedules[0], facts)
    given = {schedules[0]: first} | {source: read(source, facts, beside=first.run) for source in schedules[1:]}
    named = dict(zip(_labels(given), (each.schedule for each in given.values()), strict=True))
    scores = theory.score(named, max(each.run.total for each in given.values()))
    rows = [row._asdict() for row in scores.rows]
    print(as_json({"total": scores.total, "schedules": rows}) if for_machines else scores)


@click.command(
    epilog=examples(
        'warmup-jax studio "warmup_cosine(peak=3e-4, warmup=500, total=10_000)" --open',
        "warmup-jax studio schedule.yaml --out studio.html",
    ),
    help="Write a page with a slider for every number of a schedule. It is one file and needs no network."
    + SCHEDULE_HELP,
)
@click.argument("schedule")
@run_options
@click.option("--out", metavar="FILE", default="studio.html", show_default=True, help="Where the page goes.")
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
@in_one_line()
def studio(schedule: str, facts: dict[str, typing.Any], out: str, open_it: bool) -> None:
    from warmup_jax import studio as pages

    if pathlib.Path(out).suffix not in (".html", ".htm"):
        raise ValueError(f"--out must be an .html file; got {shown(out)}")
    given = read(schedule, facts)
    pages.to_html(given.schedule, out, given.run)
    print(f"written to {_words.name(out)}")
    if open_it:
        click.launch(pathlib.Path(out).resolve().as_uri())

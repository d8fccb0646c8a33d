"""What differs from Optax, in figures, out of `tests/benchmarks/RESULTS.md`; and that page itself."""

import re
import typing

from colabs.generate.notebooks import ROOT

Row: typing.TypeAlias = dict[str, str]
_ABOVE = """# Differences to Optax, in figures

Out of [the results of the benchmarks](results.md), those of a schedule of Optax beside ours. A ratio below 1 of a time,
and "faster", are for us; where ours costs more, it stands here as well.
"""


def pages() -> dict[str, str]:
    results = (ROOT / "tests" / "benchmarks" / "RESULTS.md").read_text()
    return {
        "results.md": results.replace("# Results", "# Results of the benchmarks", 1),
        "differences.md": differences(results),
    }


def differences(results: str) -> str:
    costs = _rows(results, "tests.benchmarks.cost`")
    device = _rows(results, "tests.benchmarks.accelerator`")
    errors = _rows(results, "tests.benchmarks.accuracy`")
    costs = [row | {"Optax": row["the other"], "ratio": row["ratio"].partition(";")[0]} for row in costs]
    asked = [row for row in costs if "Optax" in row["beside"] and row["Optax"]]
    worst = [row for row in errors if row["Optax's worst"] not in ("", "-")]
    steps = [row for row in device if "step" in row["what"]]
    return "\n".join(
        [
            _ABOVE,
            "## Costs on a processor",
            "",
            *_table(asked, ["what", "ours", "Optax", "ratio"]),
            "## A train step on a GPU",
            "",
            *_table(steps, ["what", "which", "time"]),
            "## The largest error, in units in the last place of float32",
            "",
            *_table(worst, ["curve", "worst ulp", "Optax's worst"]),
        ]
    )


def _rows(results: str, command: str) -> list[Row]:
    """The first table behind the heading with a command. An empty cell at the beginning of a row, and of what is
    ours, is that of the row above."""
    section = results.partition(f"## `python -m {command}")[2].partition("\n## ")[0]
    lines = re.findall(r"^\|(.*)\|$", section, re.M)
    head, _, *body = [[cell.strip() for cell in line.split("|")] for line in lines]
    rows: list[Row] = []
    for cells in body:
        row = dict(zip(head, cells, strict=True))
        for column in {head[0], "ours"} & set(head):
            row[column] = row[column] or rows[-1][column]
        rows.append(row)
    return rows


def _table(rows: list[Row], columns: list[str]) -> list[str]:
    lines = [f"| {' | '.join(row[column] for column in columns)} |" for row in rows]
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines, ""]

"""The rates that the real peers give, recorded, and how ours are compared with them.

`tests/golden/<peer>.py` holds `PACKAGE`, the name of the peer's distribution, `CASES`, where both must agree,
optionally `DIFFERENT`, where they differ by name, and `rates(case)`, which asks the peer itself in float64. It
imports the peer inside functions only. `python -m tests.golden.record` writes `<peer>.json` from it.
"""

import importlib
import json
import pathlib
import typing

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parent


class Case(typing.NamedTuple):
    """A call of the peer's `function`, in data that JSON can hold, and the steps at which its rate is recorded."""

    function: str
    arguments: dict
    steps: list[int]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


class Agreement(typing.NamedTuple):
    """How near ours came: to the formula, in float32 ulp, and to the peer's own numbers, relatively."""

    ulp: float
    raw: float


AGREEMENTS: dict[tuple[str, str], Agreement] = {}


def recorded(peer: str, group: str = "cases") -> list[tuple[Case, list[float]]]:
    """The cases of one peer with the rates that it gave."""
    entries = json.loads((FOLDER / f"{peer}.json").read_text())[group]
    return [(Case(entry["function"], entry["arguments"], entry["steps"]), entry["rates"]) for entry in entries]


def parameters(peer: str) -> list:
    """`recorded` for `pytest.mark.parametrize`."""
    return [pytest.param(case, rates, id=str(case)) for case, rates in recorded(peer)]


def assert_recorded_as_written(peer: str) -> None:
    """The grid in the module must be the one in the file: whoever edits it must record it anew."""
    module = importlib.import_module(f"tests.golden.{peer}")
    for group, cases in (("cases", module.CASES), ("different", getattr(module, "DIFFERENT", []))):
        in_file = [case for case, _ in recorded(peer, group)]
        assert in_file == json.loads(json.dumps([case._asdict() for case in cases]), object_hook=_as_case), (
            f"tests/golden/{peer}.json is not from this grid; run `python -m tests.golden.record {peer}`"
        )


def _as_case(entry: dict):
    return Case(**entry) if entry.keys() == set(Case._fields) else entry


def ask(schedule, steps) -> np.ndarray:
    """Our rates. The steps are padded to a multiple of 64, so that few shapes compile."""
    padded = np.pad(np.asarray(steps, np.int32), (0, -len(steps) % 64), mode="edge")
    return np.asarray(schedule(padded), np.float64)[: len(steps)]


def stored(number) -> float:
    """A number as our expression stores it."""
    return float(np.float32(number))


def compare(
    peer: str, case: Case, rates: list[float], schedule, formula, *, max_ulp: float = 8, raw: float = 1e-6
) -> None:
    """Assert that `schedule` has the rates of the peer.

    Args:
        formula: `formula(arguments, steps, number)`, the peer's documented formula in float64, written independently.
            It passes every real number that our expression stores through `number`: `float` gives the peer's own
            rates, which must be the recorded ones, and `stored` what ours are held against.
        max_ulp: 8; 16 for exponentials and powers, for which below 1e-7 of the largest rate a relative 1e-5 holds.
        raw: how far our float32 may be from the recorded rates, relative to the rate or, where it is smaller, to a
            thousandth of the largest.
    """
    steps, peers = np.asarray(case.steps), np.asarray(rates)
    largest = np.max(np.abs(peers))
    exact = np.asarray(formula(case.arguments, steps, float), np.float64)
    np.testing.assert_allclose(peers, exact, rtol=0, atol=1e-12 * largest, err_msg=f"the formula is not {case}'s")
    ours, wanted = ask(schedule, steps), np.asarray(formula(case.arguments, steps, stored), np.float64)
    distance = np.abs(ours - wanted)
    ulp = _ulp_at(wanted)
    allowed = max_ulp * ulp
    if max_ulp > 8:
        small = np.abs(wanted) < 1e-7 * np.max(np.abs(wanted))
        allowed = np.where(small, np.maximum(1e-5 * np.abs(wanted), allowed), allowed)
    off = np.abs(ours - peers) / np.maximum(np.maximum(np.abs(peers), 1e-3 * largest), 1e-300)
    near = np.max((distance / ulp)[allowed == max_ulp * ulp], initial=0.0)
    before = AGREEMENTS.get((peer, case.function), Agreement(0.0, 0.0))
    AGREEMENTS[peer, case.function] = Agreement(max(before.ulp, near), max(before.raw, np.max(off)))
    worst = np.argmax(distance - allowed)
    assert np.all(distance <= allowed), (
        f"{case}: {distance[worst] / ulp[worst]:.1f} ulp from the formula at step {steps[worst]}: {ours[worst]!r}, "
        f"not {wanted[worst]!r}; {schedule!r}"
    )
    worst = np.argmax(off)
    assert np.all(off <= raw), (
        f"{case}: {off[worst]:.1e} from the peer at step {steps[worst]}: {ours[worst]!r}, not {peers[worst]!r}; "
        f"{schedule!r}"
    )


def _ulp_at(wanted: np.ndarray) -> np.ndarray:
    """One float32 ulp at each number; at the largest of them where they have both signs."""
    size = np.abs(wanted)
    if np.min(wanted) < 0 < np.max(wanted):
        size = np.full_like(size, np.max(size))
    # Float64 misses an exact 0 by about 1e-16 of the largest.
    size = np.maximum(np.maximum(size, 1e-14 * np.max(size)), np.finfo(np.float32).smallest_normal)
    return np.spacing(size.astype(np.float32)).astype(np.float64)


def ulps(ours, wanted) -> np.ndarray:
    """How far apart, in float32 ulp of `wanted`; of a number near its largest where it is as good as 0."""
    return np.abs(np.asarray(ours, np.float64) - np.asarray(wanted)) / _ulp_at(np.asarray(wanted))


def table(peer: str) -> str:
    """The worst agreement per function, for `pytest -s`."""
    lines = [f"{peer}: worst distance from the formula, in ulp, and from the peer, relatively"]
    for (name, function), agreement in AGREEMENTS.items():
        if name == peer:
            lines.append(f"  {function:40} {agreement.ulp:6.1f}  {agreement.raw:.1e}")
    return "\n".join(lines)

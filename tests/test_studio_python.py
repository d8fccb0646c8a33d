"""Python written as JavaScript: each function gives in a browser what it gives here."""

import bisect
import fractions
import itertools
import math
import typing

import numpy as np
import pytest

from tests.test_studio import browser, scripts  # noqa: F401  # fixtures
from warmup_jax.studio._python import PRIMITIVES, Program

pytestmark = pytest.mark.xdist_group("studio")  # one browser

LIMIT = 3


class Pair(typing.NamedTuple):
    first: float
    second: float = 2.5

    def total(self, more: float = 0):
        return self.first + self.second + more

    @property
    def double(self):
        return 2 * self.first


def helper(x, *, scale=2, by=1):
    return scale * x + by


def arithmetic(n, x):
    half = fractions.Fraction(1, 2)
    exact = fractions.Fraction(n, 7) + half * n - 3
    return [
        n // 7, n % 7, -n // 7, -n % 7, n / 8, -n, abs(-n), math.floor(exact), math.ceil(exact), float(exact),
        exact > n / 2,         exact == fractions.Fraction(n) * 9 / 14 - 3,
        0 < exact <= n, int(-exact), int(x), exact.numerator, exact.denominator,
        half + 0.25, bool(exact - exact), min(exact, half) < max(exact, half), n.numerator,
    ]  # fmt: skip


def text(n, x):
    half = fractions.Fraction(n, 2)
    return [
        f"{n:,}", f"{x:.4g}", f"{x:.1%}", f"{x:.3f}", f"{x:.6g}", f"{n:,.0f}", f"{n} {half} and {'x' * (n % 5)}",
        [0, 1] * (n % 3), f"{n / 3:.4g}",
        f"{float(half):.4g} `{n}`", ", ".join(str(k) for k in range(LIMIT)), "ab"[-1], "abc"[1:], f"{x:.0f}",
    ]  # fmt: skip


def truth(n, x):
    empty, nothing, some = [], None, [0]
    return [
        not empty, not some, empty or "other", some and "both", nothing is None, n is not None and n > 2,
        "yes" if fractions.Fraction(0) else "no", n in [1, 2, 3], "a" not in "bc", 0 or n, [] == [],
        [1, (2, 3)] == [1, (2, 3)],
        (1, 2) < (1, 3), (1, fractions.Fraction(1, 2)) < (1, 1), any([0, n]), all([]), n == 3 != x, bool(""), bool("0"),
    ]  # fmt: skip


def loops(n, x):
    found, total, switch = [], 0, [0, 0]
    for k, (a, b) in enumerate(zip(range(10), range(3, 13), strict=True)):
        if k % 2:
            continue
        elif k > 6:
            break
        else:
            found.append(a * b)
        switch[-1] += b
    while total < n:
        total += 3
    first, *rest = found
    squares = [k * k for k in range(5) if k != 2 for _ in range(2)]
    pairs = [pair for pair in itertools.pairwise(squares)]
    ordered = sorted(squares, key=lambda k: (-k % 4, k))
    counted = list(itertools.islice((k for k in itertools.count(2) if k % 3), 4))
    return [found, total, switch, first, rest, squares[1:-1], squares[-2], pairs[:2], ordered, counted,
            list(reversed(rest)),
            sum(k for k in rest), max([], default=7), max(n, 2), min((3, 1), (2, 9)), list(dict.fromkeys("abcab")),
            next(iter_of(n)), next((k for k in rest if k < 0), None), bisect.bisect_left([1, 2, 2, 3], 2),
            bisect.bisect_right([1, 2, 2, 3], 2), len(found)]  # fmt: skip


def iter_of(n):
    yield n
    yield from range(n)


def classes(n, x):
    one = Pair(n)
    first, second = one._replace(second=x)
    changed = Pair(second=4, first=n)

    def inner(y, more=2):
        return y * more + n

    return [
        one.total(), one.double, first, second, changed.total(1), list(Pair(1)), helper(n), helper(n, by=5),
        type(one).__name__,
        helper(by=2, scale=3, x=n), getattr(one, "third", "none"), hasattr(one, "second"), inner(n), inner(2, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("function", [arithmetic, text, truth, loops, classes], ids=lambda function: function.__name__)
@pytest.mark.parametrize(("n", "x"), [(3, 0.0625), (17, 1234.5), (1_234_567, 2.5), (8, 1e-7), (1, 0.00025)])
def test_a_function_gives_the_same(scripts, function, n, x):  # noqa: F811
    program = Program()
    name = program.name_of(function)
    made = scripts.evaluate(f"([n, x]) => {{ {program.source()}\nreturn {name}(n, x); }}", [n, x])
    assert made == plain(function(n, x))


def plain(value):
    """Without what JSON does not tell apart."""
    if isinstance(value, (list, tuple)):
        return list(map(plain, value))
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def places(v, w):
    return [v[1:-1], v[-3:], v[:2], v[0], v[-1], len(v)]


def elements(v, w):
    return [v + 2 * w, v - w, 1 - v, v * w, v / 4, abs(v), np.abs(w), np.floor(v)]


def truths(v, w):
    both = (v > 0) & (w > 0)
    either = (v > 1) | ~(w < 0)
    same = v[1:] == v[:-1]
    return [(v > w).sum(), (v <= 0.5).any(), (v >= -9).all(), both.mean(), either.sum(), same.any(), (v != w).all()]


def extremes(v, w):
    return [v.max(), w.min(), np.argmax(v), np.argmin(w), v.argmax(), np.sum(np.floor(v)), v.argmin()]


def differences(v, w):
    return [np.diff(v), np.diff(v, prepend=-1), np.maximum.accumulate(w)]


def positions(v, w):
    rising = np.sort(v)
    found = np.searchsorted(rising, [-0.5, 0.0, 2.0])
    finite = np.isfinite(v / np.floor(abs(w)))
    return [np.flatnonzero(v > 0.5), np.compress(v > 0, w), np.searchsorted(rising, 0.25), found, finite]


def new_ones(v, w):
    lines = [np.linspace(0, 77, 13), np.linspace(5, 1e9, 101)]
    return [np.arange(3, 9), *lines, np.sort(v), np.concatenate([v, w[:2]]), np.array([3, 1])]


ARRAYS = [places, elements, truths, extremes, differences, positions, new_ones]


@pytest.mark.parametrize("function", ARRAYS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("size", [4, 5, 300])
def test_arrays_are_those_of_numpy(scripts, function, size):  # noqa: F811
    program, draw = Program(), np.random.default_rng(size)
    name = program.name_of(function)
    v, w = (np.round(draw.normal(size=size), 1) + 0.0 for _ in range(2))
    shown = "(x) => x instanceof Vector ? [...x] : Array.isArray(x) ? x : Number(x)"
    run = f"([v, w]) => {{ {program.source()}\nreturn {name}(array_(v), array_(w)).map({shown}); }}"
    made = scripts.evaluate(run, [v.tolist(), w.tolist()])
    with np.errstate(all="ignore"):
        expected = function(v, w)
    for ours, theirs in zip(made, expected, strict=True):
        assert np.asarray(ours, float) == pytest.approx(np.asarray(theirs, float), rel=1e-15, abs=0.0)


def test_each_primitive_is_there(scripts):  # noqa: F811
    names = ", ".join(f"{name}: typeof {name}" for name in sorted(set(PRIMITIVES.values())))
    assert set(scripts.evaluate(f"() => ({{ {names} }})").values()) == {"function"}


# What cannot be translated.


def catches(x):
    try:
        return x
    except ValueError:
        return 0


def powers(x):
    return x**2


def unknown_name(x):
    return not_defined(x)  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


def shown_as_code(x):
    return f"{x!r}"


def by_keyword(x):
    return x.total(more=1)


def of_a_dict(x):
    return {x: 1}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (catches, "`Try`"),
        (powers, "`Pow`"),
        (unknown_name, "the unknown name `not_defined`"),
        (shown_as_code, "`FormattedValue`"),
        (by_keyword, "a keyword argument of a function that is not known by name"),
        (of_a_dict, "`Dict`"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_translated_is_named_with_its_line(function, words):
    program = Program()
    line = function.__code__.co_firstlineno + 1
    with pytest.raises(NotImplementedError) as error:
        program.name_of(function)
    assert str(error.value) == f"{words} in line {line} of `{function.__name__}`"
    assert program.source() == ""
    with pytest.raises(NotImplementedError, match="whose source is not at hand"):
        # Under a name of its own: from Python 3.13 on "<string>" is what `python -c` was given.
        exec(compile("def made(x): return x", "<made>", "exec"), made := {})
        program.name_of(made["made"])


def test_names_are_what_they_stand_for_at_the_moment(monkeypatch):
    before, after = Program(), Program()
    before.name_of(text)
    monkeypatch.setitem(globals(), "LIMIT", 77)
    after.name_of(text)
    assert "range_(3)" in before.source() and "range_(77)" in after.source()

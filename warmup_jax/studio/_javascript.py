"""A function that JAX can trace, as JavaScript source.

The page must show the library's own numbers. So its formulas are not written a second time: JAX traces the library's
(`jax.make_jaxpr`), and each primitive operation becomes one JavaScript expression that rounds as the primitive does:
`Math.fround` after each float32 operation, `|0` and `>>>0` for the wrapping integers. What cannot be translated is an
error that names the primitive.

A scalar is a JavaScript number or boolean, an array (a table, the boundaries of a `Repeat`) is a flat Array of them.
"""

import collections
import itertools
import json
import math
import re
import typing

import jax
import numpy as np
from jax.extend import core

# One expression for each primitive, `{0}`, `{1}` ... its operands; it is then rounded to the dtype of the result.
_MATH = "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp expm1 log log1p log2 sqrt cbrt floor ceil"
_FLOAT = {name: f"Math.{name}({{0}})" for name in _MATH.split()} | {
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "rem": "{0} % {1}",
    "pow": "power_({0}, {1})",
    "atan2": "Math.atan2({0}, {1})",
    "exp2": "Math.pow(2, {0})",
    "rsqrt": "1 / Math.sqrt({0})",
    "logistic": "1 / (1 + Math.exp(-{0}))",
    "square": "{0} * {0}",
}
_WHOLE = {
    "mul": "Math.imul({0}, {1})",
    "div": "divide_({0}, {1})",
    "rem": "remainder_({0}, {1})",
    "square": "Math.imul({0}, {0})",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "xor": "{0} ^ {1}",
    "not": "~{0}",
    "clz": "Math.clz32({0})",
    "shift_left": "({1} >>> 0 > 31 ? 0 : {0} << {1})",
    "shift_right_logical": "({1} >>> 0 > 31 ? 0 : {0} >>> {1})",
    "shift_right_arithmetic": "{0} >> Math.min({1} >>> 0, 31)",
}
_TRUTH = {"and": "{0} && {1}", "or": "{0} || {1}", "xor": "{0} !== {1}", "not": "!{0}"}
_NUMBER = {
    "add": "{0} + {1}",
    "add_any": "{0} + {1}",
    "sub": "{0} - {1}",
    "max": "Math.max({0}, {1})",
    "min": "Math.min({0}, {1})",
    "neg": "-{0}",
    "abs": "Math.abs({0})",
    "sign": "Math.sign({0})",
    "clamp": "within_({1}, {0}, {2})",
}
_COMPARE = {
    "eq": "{0} === {1}",
    "ne": "{0} !== {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "lt_to": "{0} < {1}",  # the total order, which differs for NaN alone
    "le_to": "{0} <= {1}",
    "is_finite": "Number.isFinite({0})",
}
_OPERATIONS = {"f": _NUMBER | _FLOAT, "i": _NUMBER | _WHOLE, "u": _NUMBER | _WHOLE, "b": _TRUTH}
_ROUNDED = {
    "float32": "f32_({})",
    "float64": "({})",
    "int8": "(({}) << 24 >> 24)",
    "int16": "(({}) << 16 >> 16)",
    "int32": "({} | 0)",
    "int64": "({})",  # under jax_enable_x64, for places in a table: exact up to 2**53
    "uint8": "(({}) & 255)",
    "uint16": "(({}) & 65535)",
    "uint32": "(({}) >>> 0)",
    "bool": "({})",
}
_SAME = {"stop_gradient", "optimization_barrier", "copy", "copy_p", "device_put"}
# These move elements and compute nothing: JAX itself says where each one goes.
_MOVES = "iota broadcast_in_dim reshape squeeze expand_dims slice concatenate pad transpose rev stack unstack".split()
_REDUCE = {"reduce_max": "max", "reduce_min": "min", "reduce_sum": "add", "reduce_prod": "mul"}
_REDUCE |= {"reduce_and": "and", "reduce_or": "or"}
_RUNNING = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}
_NAME = re.compile(r"\bv\d+\b")


def translate(function, slow: list, fast: list) -> str:
    """JavaScript source of `slow => fast => results`, from `function(slow, fast)`, which returns a list.

    Args:
        function: a function that JAX can trace.
        slow: example numbers or arrays; what depends on them alone is computed once for each change.
        fast: example numbers or arrays, such as the step.

    Returns:
        The source of one arrow function, which calls what `formula.js` defines. Arguments and results are Arrays.

    Raises:
        NotImplementedError: for a primitive or a dtype that has no translation here; the message names it.
        RuntimeError: for a release of JAX whose jaxprs have another form.
    """
    traced = jax.make_jaxpr(function)(slow, fast)
    try:
        return _written(traced, len(slow))
    except (AttributeError, KeyError, TypeError) as error:  # the form of a jaxpr may change with any release
        raise RuntimeError(
            f"`warmup_jax.studio` does not know how JAX {jax.__version__} describes what it traced ({error!r}). Use "
            "a release of JAX that this one of warmup_jax was tested with, or a newer warmup_jax."
        ) from error


def _written(traced, count: int) -> str:
    """The function of a jaxpr whose first `count` inputs are slow."""
    body = _Body(itertools.count())
    names = [body.new_name() for _ in traced.jaxpr.invars]
    results = body.inline(traced, names)
    lines = body.needed(results)
    given, moving = names[:count], set(names[count:])
    once, always = [], []
    for targets, code in lines:
        moves = not moving.isdisjoint(_NAME.findall(code))
        moving.update(targets if moves else ())
        (always if moves else once).append(_statement(targets, code))
    return (
        f"([{', '.join(given)}]) => {{\n{''.join(once)}"
        f"return ([{', '.join(names[count:])}]) => {{\n{''.join(always)}return [{', '.join(results)}];\n}};\n}}"
    )


def _statement(targets: list[str], code: str) -> str:
    target = targets[0] if len(targets) == 1 else f"[{', '.join(targets)}]"
    return f"const {target} = {code};\n"


class _Body:
    """The statements of one JavaScript function, in order: `(targets, code)`."""

    def __init__(self, counter):
        self.counter, self.lines = counter, []
        self.known = {}  # code -> the name of its value
        self.products = {}  # the name of a product that is used once -> its factors

    def new_name(self) -> str:
        return f"v{next(self.counter)}"

    def let(self, code: str) -> str:
        if code not in self.known:
            self.known[code] = self.new_name()
            self.lines.append(([self.known[code]], code))
        return self.known[code]

    def let_all(self, code: str, count: int) -> list[str]:
        names = [self.new_name() for _ in range(count)]
        self.lines.append((names, f"{code}[0]" if count == 1 else code))
        return names

    def needed(self, results: list[str]) -> list[tuple[list[str], str]]:
        """The statements that the results need."""
        wanted, kept = set(_NAME.findall(" ".join(results))), []
        for targets, code in reversed(self.lines):
            if not wanted.isdisjoint(targets):
                wanted.update(_NAME.findall(code))
                kept.append((targets, code))
        return kept[::-1]

    def inline(self, traced, inputs: list[str]) -> list[str]:
        """Write the statements of a jaxpr whose inputs have these names; the names of its results."""
        jaxpr = getattr(traced, "jaxpr", traced)
        names = dict(zip(jaxpr.invars, inputs, strict=True))
        names |= {
            variable: self.let(_constant(np.asarray(value)))
            for variable, value in zip(jaxpr.constvars, getattr(traced, "consts", ()), strict=True)
        }

        def read(atom: typing.Any) -> str:
            if not isinstance(atom, core.Literal):
                return names[atom]
            return _constant(np.asarray(atom.val, typing.cast(typing.Any, atom.aval).dtype))

        uses = collections.Counter(id(atom) for user in (*jaxpr.eqns, jaxpr) for atom in _read_by(user))
        for equation in jaxpr.eqns:
            results = self.equation(equation, [read(atom) for atom in equation.invars])
            if equation.primitive.name in ("mul", "square") and uses[id(equation.outvars[0])] == 1:
                self.products[results[0]] = f"{read(equation.invars[0])} * {read(equation.invars[-1])}"
            names.update(zip(equation.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def arrow(self, traced, fixed: list[str], count: int, result: str = "[{}]") -> str:
        """An arrow function of `count` arguments; the inputs before them are `fixed`."""
        body = _Body(self.counter)
        names = [body.new_name() for _ in range(count)]
        results = body.inline(traced, [*fixed, *names])
        statements = "".join(_statement(*line) for line in body.needed(results))
        return f"({', '.join(names)}) => {{\n{statements}return {result.format(', '.join(results))};\n}}"

    def equation(self, equation, operands: list[str]) -> list[str]:
        """Write one equation; the names of its results."""
        name, params = equation.primitive.name, equation.params
        if name in _SAME:
            return operands
        if name == "while":
            first, second = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
            carry = operands[second:]
            test = self.arrow(params["cond_jaxpr"], operands[:first], len(carry), "{}")
            step = self.arrow(params["body_jaxpr"], operands[first:second], len(carry))
            return self.let_all(f"loop_({test}, {step}, [{', '.join(carry)}])", len(carry))
        if name == "scan":
            return self.scan(equation, operands)
        if name == "cond":
            branches = ", ".join(self.arrow(branch, operands[1:], 0) for branch in params["branches"])
            index = f"within_(Number({operands[0]}), 0, {len(params['branches']) - 1})"
            return self.let_all(f"[{branches}][{index}]()", len(equation.outvars))
        if name == "call_hi_primitive":  # in newer releases of JAX: it expands to others
            shapes = [jax.ShapeDtypeStruct(atom.aval.shape, atom.aval.dtype) for atom in equation.invars]
            return self.inline(jax.make_jaxpr(params["_prim"].expand)(*shapes), operands)
        nested = [params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in params]
        if nested:
            return self.inline(nested[0], operands)
        if name in _MOVES:
            return self.move(equation, operands)
        if not operands:
            raise NotImplementedError(f"`{name}`")
        return [self.let(self.array(equation, operands) or self.elementwise(equation, operands))]

    def scan(self, equation, operands: list[str]) -> list[str]:
        params = equation.params
        if "ft_in" in params:  # in newer releases of JAX
            first, carried = (len(list(part)) for part in params["ft_in"].unpack()[:2])
        else:
            first, carried = params["num_consts"], params["num_carry"]
        second = first + carried
        if any(len(atom.aval.shape) > 1 for atom in (*equation.invars[second:], *equation.outvars)):
            raise NotImplementedError("`scan` over arrays of more than one dimension")
        body = self.arrow(params["jaxpr"], operands[:first], len(operands) - first)
        carry, arrays = ", ".join(operands[first:second]), ", ".join(operands[second:])
        reverse = json.dumps(params["reverse"])
        code = f"scan_({body}, [{carry}], [{arrays}], {params['length']}, {reverse})"
        return self.let_all(code, len(equation.outvars))

    def move(self, equation, operands: list[str]) -> list[str]:
        """Number all elements, let JAX move the numbers, and read off what went where."""
        elements, numbered = [], []
        for operand, atom in zip(operands, equation.invars, strict=True):
            shape, size = atom.aval.shape, math.prod(atom.aval.shape)
            numbered.append((len(elements) + np.arange(size, dtype=np.int32)).reshape(shape))
            elements += [f"{operand}[{k}]" for k in range(size)] if shape else [operand]
        moved = equation.primitive.bind(*map(jax.numpy.asarray, numbered), **equation.params)
        moved = moved if equation.primitive.multiple_results else [moved]
        if not operands:  # `iota`: the numbers themselves
            return [self.let(_constant(np.asarray(array))) for array in moved]
        return [
            self.let(f"[{', '.join(elements[k] for k in np.ravel(array))}]") if array.shape else elements[int(array)]
            for array in moved
        ]

    def array(self, equation, operands: list[str]) -> str | None:
        """An operation on a whole array; None where it is none."""
        name, params = equation.primitive.name, equation.params
        shape, given = equation.invars[0].aval.shape, equation.invars[0].aval.dtype
        if name in _REDUCE or name in ("argmax", "argmin"):
            if not params["axes"]:
                return operands[0]
            if len(params["axes"]) != len(shape):
                raise NotImplementedError(f"`{name}` over some of the axes")
            if name in _REDUCE and 0 in shape:
                return _constant(np.asarray(equation.primitive.bind(jax.numpy.zeros(shape, given), **params)))
            if name in _REDUCE:
                return f"{operands[0]}.reduce((a, b) => {_scalar(_REDUCE[name], equation, ['a', 'b'])})"
            return f"{'largest_' if name == 'argmax' else 'smallest_'}({operands[0]})"
        if name in ("dynamic_slice", *_RUNNING) and len(shape) != 1:
            raise NotImplementedError(f"`{name}` of more than one dimension")
        if name in _RUNNING:
            combine = f"(a, b) => {_scalar(_RUNNING[name], equation, ['a', 'b'])}"
            return f"running_({combine}, {operands[0]}, {json.dumps(params['reverse'])})"
        if name == "dot_general" and len(shape) == 1 and not equation.outvars[0].aval.shape:
            rounded = _ROUNDED[equation.outvars[0].aval.dtype.name].format(f"sum + x * {operands[1]}[i]")
            return f"{operands[0]}.reduce((sum, x, i) => {rounded}, 0)"
        if name == "dynamic_slice":
            size = params["slice_sizes"][0]
            begin = f"within_({operands[1]}, 0, {shape[0] - size})"
            return f"[{operands[0]}[{begin}]]" if size == 1 else f"{operands[0]}.slice({begin}).slice(0, {size})"
        return None

    def elementwise(self, equation, operands: list[str]) -> str:
        arrays = [operand for operand, atom in zip(operands, equation.invars, strict=True) if atom.aval.shape]
        elements = [
            f"{operand}[i]" if atom.aval.shape else operand
            for operand, atom in zip(operands, equation.invars, strict=True)
        ]
        if equation.primitive.name in ("add", "sub") and equation.outvars[0].aval.dtype.kind == "f":
            elements = self.fused(elements)
        code = _scalar(equation.primitive.name, equation, elements)
        return f"{arrays[0]}.map((_, i) => {code})" if arrays else code

    def fused(self, operands: list[str]) -> list[str]:
        """The operands of a sum, a product among them unrounded: XLA's compilers for CPU and GPU round both at once
        (a fused multiply-add), and in the doubles of JavaScript a product of two float32 is exact.
        """
        first, second = operands
        if first in self.products:
            return [self.products[first], second]
        return [first, self.products.get(second, second)]


def _read_by(user) -> list:
    """What an equation, or a whole jaxpr at its end, reads."""
    return user.outvars if hasattr(user, "eqns") else user.invars


def _scalar(name: str, equation, operands: list[str]) -> str:
    """The expression of an operation on scalars."""
    dtype, given = equation.outvars[0].aval.dtype, equation.invars[0].aval.dtype
    for each in (dtype, given):
        if each.name not in _ROUNDED:
            raise NotImplementedError(f"`{name}` in {each.name}")
    if name in _COMPARE:
        return f"({_COMPARE[name].format(*operands)})"
    if name == "convert_element_type":
        return _convert(operands[0], given, dtype)
    if name == "select_n":
        if given.kind == "b":
            return f"({operands[0]} ? {operands[2]} : {operands[1]})"
        return f"[{', '.join(operands[1:])}][{operands[0]}]"
    if name == "integer_pow":
        multiply = _ROUNDED[dtype.name].format(_OPERATIONS[dtype.kind]["mul"].format("a", "b"))
        code = f"raised_((a, b) => {multiply}, {operands[0]}, {equation.params['y']})"
    elif name == "round":
        away = equation.params["rounding_method"] == jax.lax.RoundingMethod.AWAY_FROM_ZERO
        code = "Math.sign({0}) * Math.round(Math.abs({0}))" if away else "even_({0})"
        code = code.format(*operands)
    elif name in _OPERATIONS[dtype.kind] and not (dtype.name == "int64" and name in _WHOLE):
        code = _OPERATIONS[dtype.kind][name].format(*operands)
    else:
        raise NotImplementedError(f"`{name}`")
    return _ROUNDED[dtype.name].format(code)


def _convert(operand: str, given: np.dtype, dtype: np.dtype) -> str:
    if given == dtype:
        return operand
    if dtype.kind == "b":
        return f"({operand} !== 0)"
    if given.kind == "b":
        return f"({operand} ? 1 : 0)"
    if given.kind == "f" and dtype.kind in "iu":  # XLA saturates, and makes NaN 0
        limits = np.iinfo(dtype)
        operand = f"within_(Math.trunc({operand}), {limits.min}, {limits.max})"
    return _ROUNDED[dtype.name].format(operand)


def _constant(value: np.ndarray) -> str:
    """A literal; every float32 is exactly the JavaScript number with the same digits."""
    if value.dtype.name not in _ROUNDED:
        raise NotImplementedError(f"a constant in {value.dtype.name}")
    numbers = [_number(number) for number in np.ravel(value).tolist()]
    return f"[{', '.join(numbers)}]" if value.shape else numbers[0]


def _number(number) -> str:
    if isinstance(number, bool):
        return json.dumps(number)
    if number != number or math.isinf(number):
        return "NaN" if number != number else f"({'-' * (number < 0)}Infinity)"
    return f"({number!r})" if str(number).startswith("-") else repr(number)

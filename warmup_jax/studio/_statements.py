"""The statements and expressions of a Python function as JavaScript; `_python.py` says what may stand in one."""

import ast
import inspect
import json
import sys
import types
import typing

import numpy as np

_OF_NUMBERS = ("numerator", "denominator")  # attributes that a number of JavaScript lacks
_METHODS = {"append": "push", "index": "indexOf", "items": "entries"}
_OPERATORS = {
    ast.Add: "add_",
    ast.Sub: "subtract_",
    ast.Mult: "multiply_",
    ast.Div: "divide_by_",
    ast.FloorDiv: "floor_divide_",
    ast.Mod: "modulo_",
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
}
_COMPARISONS = {
    ast.Lt: "less_({0}, {1})",
    ast.Gt: "less_({1}, {0})",
    ast.LtE: "at_most_({0}, {1})",
    ast.GtE: "at_most_({1}, {0})",
    ast.Eq: "same_({0}, {1})",
    ast.NotEq: "other_({0}, {1})",
    ast.Is: "({0} === {1})",
    ast.IsNot: "({0} !== {1})",
    ast.In: "in_({0}, {1})",
    ast.NotIn: "!in_({0}, {1})",
}
_RESERVED = set("case class const default delete enum export function in let new null switch this throw var".split())


class Body:
    """The translation of one function or class.

    Args:
        name_of: gives the JavaScript of a Python object.
        known: the objects behind the names that are not local.
        where: the function or class, for errors.
    """

    def __init__(self, name_of: typing.Callable[[typing.Any], str], known: typing.Mapping[str, typing.Any], where: str):
        self.name_of, self.known, self.where = name_of, known, where
        self.scopes: list[set[str]] = []

    def refuse(self, node: typing.Any, what: str | None = None) -> typing.NoReturn:
        raise NotImplementedError(f"{what or f'`{type(node).__name__}`'} in line {node.lineno} of {self.where}")

    # Functions.

    def function(self, tree: ast.FunctionDef, name: str) -> str:
        """A declaration."""
        return f"function{'*' * _yields(tree)} {name}({self.parameters(tree.args)}) {self.block(tree)}"

    def method(self, tree: ast.FunctionDef) -> str:
        """A method of a class, whose first argument is `this`."""
        first = tree.args.args[0].arg
        rest = ast.arguments(**{**dict(ast.iter_fields(tree.args)), "args": tree.args.args[1:]})
        self.scopes.append({first})
        is_property = any(isinstance(each, ast.Name) and each.id == "property" for each in tree.decorator_list)
        kind = "get " if is_property else "*" * _yields(tree)
        text = f"{kind}{tree.name}({self.parameters(rest)}) {self.block(tree, f'const {first} = this;')}\n"
        self.scopes.pop()
        return text

    def parameters(self, args: ast.arguments) -> str:
        """The parameters with their defaults; those by keyword come last, in their order."""
        if args.kwarg or args.posonlyargs:
            self.refuse((args.kwarg or args.posonlyargs[0]), "`**` or `/`")
        plain = [None] * (len(args.args) - len(args.defaults)) + args.defaults
        several = [f"...{_mangled(args.vararg.arg)}"] if args.vararg else []
        pairs = [*zip(args.args, plain, strict=True), *zip(args.kwonlyargs, args.kw_defaults, strict=True)]
        names = [f"{_mangled(one.arg)} = {self(default)}" if default else _mangled(one.arg) for one, default in pairs]
        self.scopes.append({one.arg for one, _ in pairs} | ({args.vararg.arg} if args.vararg else set()))
        return ", ".join([*names, *several])

    def block(self, tree: ast.FunctionDef, begin: str = "") -> str:
        """The body of a function; its parameters are the innermost scope."""
        names = {name for statement in tree.body for name in _assigned(statement)} - self.scopes[-1]
        self.scopes[-1] |= names
        declared = f"let {', '.join(map(_mangled, sorted(names)))};\n" if names else ""
        text = f"{{\n{begin}{declared}{self.statements(tree.body)}}}"
        self.scopes.pop()
        return text

    # Statements.

    def statements(self, body: list[ast.stmt]) -> str:
        return "".join(self.statement(each) for each in body)

    def statement(self, node: typing.Any) -> str:
        match node:
            case ast.Return(value=value):
                return f"return {self(value) if value else ''};\n"
            case ast.Assign(targets=[target], value=value):
                return f"{self.target(target)} = {self(value)};\n"
            case ast.AnnAssign(target=target, value=value) if value is not None:
                return f"{self.target(target)} = {self(value)};\n"
            case ast.AugAssign(target=target, op=op, value=value):
                return f"{self.target(target)} = {self.operation(node, op, self(target), self(value))};\n"
            case ast.If(test=test, body=body, orelse=orelse):
                other = f" else {{\n{self.statements(orelse)}}}" if orelse else ""
                return f"if ({self.test(test)}) {{\n{self.statements(body)}}}{other}\n"
            case ast.For(target=target, iter=values, body=body, orelse=[]):
                return f"for ({self.target(target)} of {self(values)}) {{\n{self.statements(body)}}}\n"
            case ast.While(test=test, body=body, orelse=[]):
                return f"while ({self.test(test)}) {{\n{self.statements(body)}}}\n"
            case ast.FunctionDef():
                return f"{_mangled(node.name)} = {self.function(node, _mangled(node.name))};\n"
            case ast.Expr(value=ast.Constant(value=str())):
                return ""  # a docstring
            case ast.Expr(value=value):
                return f"{self(value)};\n"
            case ast.Pass() | ast.Break() | ast.Continue():
                return {"Pass": "", "Break": "break;\n", "Continue": "continue;\n"}[type(node).__name__]
        self.refuse(node)

    def target(self, node: typing.Any) -> str:
        """What is assigned to."""
        match node:
            case ast.Name(id=name):
                return _mangled(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(map(self.target, parts))}]"
            case ast.Starred(value=value):
                return f"...{self.target(value)}"
            case ast.Subscript(value=value, slice=place) if not isinstance(place, ast.Slice):
                return f"{self(value)}[place_({self(value)}, {self(place)})]"
        self.refuse(node)

    # Expressions.

    def test(self, node: typing.Any) -> str:
        """An expression of which only the truth counts."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return f"({(' && ' if isinstance(op, ast.And) else ' || ').join(map(self.test, values))})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.test(operand)}"
            case ast.Compare():
                return self(node)  # of arrays there is no truth
        return f"truth_({self(node)})"

    def __call__(self, node: typing.Any) -> str:
        match node:
            case ast.Constant(value=value):
                return self.name_of(value)
            case ast.Name(id=name):
                return _mangled(name) if any(name in scope for scope in self.scopes) else self.static(node)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="type"), args=[of]), attr="__name__"):
                return f"type_name_({self(of)})"
            case ast.Attribute(value=value, attr=attribute):
                if self.is_static(node):
                    return self.static(node)
                return f"{attribute}_({self(value)})" if attribute in _OF_NUMBERS else f"{self(value)}.{attribute}"
            case ast.Call():
                return self.call(node)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(map(self, parts))}]"
            case ast.Starred(value=value):
                return f"...{self(value)}"
            case ast.UnaryOp(op=ast.Not()):
                return self.test(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)):
                return self.name_of(-typing.cast(float, value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"subtract_(0, {self(operand)})"
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return f"invert_({self(operand)})"
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(node, op, self(left), self(right))
            case ast.BoolOp(op=op, values=[first, *rest]):
                name = "both_" if isinstance(op, ast.And) else "either_"
                rest = rest[0] if len(rest) == 1 else ast.copy_location(ast.BoolOp(op, rest), node)
                return f"{name}({self(first)}, () => {self(rest)})"
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({self.test(test)} ? {self(body)} : {self(orelse)})"
            case ast.JoinedStr(values=parts):
                return f"({' + '.join(map(self.piece, parts)) or json.dumps('')})"
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                return f"slice_({self(value)}, {self(lower) if lower else 'null'}, {self(upper) if upper else 'null'})"
            case ast.Subscript(value=value, slice=place) if not isinstance(place, ast.Slice):
                return f"item_({self(value)}, {self(place)})"
            case ast.Lambda(args=args, body=body):
                parameters, text = self.parameters(args), self(body)
                self.scopes.pop()
                return f"(({parameters}) => {text})"
            case ast.GeneratorExp(elt=element, generators=loops):
                return self.generator(element, loops)
            case ast.ListComp(elt=element, generators=loops):
                return f"[...{self.generator(element, loops)}]"
            case ast.Yield(value=value):
                return f"yield {self(value) if value else ''}"
            case ast.YieldFrom(value=value):
                return f"yield* {self(value)}"
        self.refuse(node)

    def operation(self, node: typing.Any, op: ast.operator, left: str, right: str) -> str:
        if type(op) not in _OPERATORS:
            self.refuse(node, f"`{type(op).__name__}`")
        return f"{_OPERATORS[type(op)]}({left}, {right})"

    def comparison(self, node: ast.Compare) -> str:
        sides = [self(side) for side in (node.left, *node.comparators)]
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        texts = [_COMPARISONS[type(op)].format(left, right) for op, left, right in pairs]
        return texts[0] if len(texts) == 1 else f"({' && '.join(texts)})"

    def piece(self, node: typing.Any) -> str:
        """A part of an f-string."""
        match node:
            case ast.Constant(value=value):
                return json.dumps(value)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return f"str_({self(value)})"
            case ast.FormattedValue(
                value=value, conversion=-1, format_spec=ast.JoinedStr(values=[ast.Constant() as spec])
            ):
                return f"format_({self(value)}, {json.dumps(spec.value)})"
        self.refuse(node)

    def generator(self, element: ast.expr, loops: list[ast.comprehension]) -> str:
        head, names = "", set()
        self.scopes.append(names)
        for loop in loops:
            values = self(loop.iter)
            names |= set(_assigned(loop.target))
            tests = "".join(f"if ({self.test(test)}) " for test in loop.ifs)
            head += f"for (const {self.target(loop.target)} of {values}) {tests}"
        text = f"(function* () {{ {head}yield {self(element)}; }})()"
        self.scopes.pop()
        return text

    # Names and calls.

    def is_static(self, node: ast.expr) -> bool:
        """Whether it is the attribute of a module or of a class."""
        if isinstance(node, ast.Attribute) and (isinstance(node.value, ast.Name) or self.is_static(node.value)):
            if isinstance(node.value, ast.Name) and any(node.value.id in scope for scope in self.scopes):
                return False
            return isinstance(self.value_of(node.value), (types.ModuleType, type, np.ufunc))
        return False

    def value_of(self, node: typing.Any) -> typing.Any:
        """The Python object of a name."""
        if isinstance(node, ast.Attribute):
            return getattr(self.value_of(node.value), node.attr)
        if node.id in self.known:
            return self.known[node.id]
        builtins = vars(sys.modules["builtins"])
        return builtins[node.id] if node.id in builtins else self.refuse(node, f"the unknown name `{node.id}`")

    def static(self, node: typing.Any) -> str:
        try:
            return self.name_of(self.value_of(node))
        except NotImplementedError as error:
            if " in line " in str(error):
                raise
            self.refuse(node, str(error))

    def call(self, node: ast.Call) -> str:
        """A call; where the function is known by name, its keyword arguments are put in their places."""
        local = isinstance(node.func, ast.Name) and any(node.func.id in scope for scope in self.scopes)
        if not local and (isinstance(node.func, ast.Name) or self.is_static(node.func)):
            return self.known_call(node, self.value_of(node.func))
        given = ", ".join(map(self, node.args))
        if isinstance(node.func, ast.Attribute):
            owner, method = self(node.func.value), node.func.attr
            if method == "_replace":
                changes = ", ".join(f"{each.arg}: {self(each.value)}" for each in node.keywords)
                return f"replace_({owner}, {{ {changes} }})"
            if method == "join":
                return f"[...{given}].join({owner})"
            if not node.keywords:
                return f"{owner}.{_METHODS.get(method, method)}({given})"
        elif not node.keywords:
            return f"{self(node.func)}({given})"
        self.refuse(node, "a keyword argument of a function that is not known by name")

    def known_call(self, node: ast.Call, function: typing.Any) -> str:
        if function is typing.cast:
            return self(node.args[1])
        given = list(map(self, node.args))
        named = {each.arg: self(each.value) for each in node.keywords if each.arg != "strict"}
        name = self.static(node.func)
        if isinstance(function, types.FunctionType) or hasattr(function, "_fields"):
            order = list(inspect.signature(function).parameters)
            places = [named.pop(each, "undefined") for each in order[len(given) :]] if named else []
            if named:
                self.refuse(node, f"the unknown argument `{next(iter(named))}`")
            given += places
        elif named:
            given.append(f"new Named({{ {', '.join(f'{key}: {value}' for key, value in named.items())} }})")
        return f"{'new ' if hasattr(function, '_fields') else ''}{name}({', '.join(given)})"


def _mangled(name: str) -> str:
    return f"{name}$" if name in _RESERVED else name


def _assigned(node: ast.AST) -> typing.Iterator[str]:
    """The names that a statement binds, but for those in functions and comprehensions within."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _assigned(child)


def _yields(tree: ast.AST) -> bool:
    """Whether a function is a generator."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)) and _yields(child):
            return True
    return False

"""Schemas of operators, `foo(Tensor x, int n=2, *, float s=1.0) -> Tensor`: read, written, and taken from a function."""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.tensor import Tensor

_SCALARS: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", dtype: "ScalarType", device: "Device",
    int | float | bool: "Scalar", float | int | bool: "Scalar",
}  # fmt: skip
_HEAD = re.compile(r"\s*([\w:.]+)\s*\((.*)\)\s*->\s*(.*)\s*$", re.DOTALL)
_ARGUMENT = re.compile(r"\s*([\w?]+)\s*(\(\w+!?(?:\s*->\s*\w+)?\))?\s*((?:\[\d*\]\??|\?)*)\s+(\w+)\s*(?:=\s*(.*))?$", re.DOTALL)
_WORDS = {"None": None, "True": True, "False": False, "true": True, "false": False}
NOTHING = inspect.Parameter.empty


class Argument(NamedTuple):
    """One argument: `type` as the schema writes it, without the mark of mutation."""

    name: str
    type: str
    default: Any
    kwarg_only: bool
    mutated: bool

    def __str__(self) -> str:
        mark = self.type.replace("Tensor", "Tensor(a!)", 1) if self.mutated else self.type
        return f"{mark} {self.name}" + ("" if self.default is NOTHING else f"={_written(self.default)}")


class FunctionSchema(NamedTuple):
    """An operator's name, arguments and results."""

    name: str
    arguments: tuple[Argument, ...]
    returns: str

    def __str__(self) -> str:
        positional = [str(a) for a in self.arguments if not a.kwarg_only]
        named = [str(a) for a in self.arguments if a.kwarg_only]
        return f"{self.name}({', '.join([*positional, *(['*', *named] if named else [])])}) -> {self.returns}"

    @property
    def is_mutable(self) -> bool:
        return any(a.mutated for a in self.arguments)

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Positional and keyword-only arguments of a call, defaults filled in.

        Raises:
            RuntimeError: if an argument is missing, unknown or too many, as torch's operators do.
        """
        positional = [a for a in self.arguments if not a.kwarg_only]
        if len(args) > len(positional):
            raise RuntimeError(
                f"{self.name}() expected at most {len(positional)} argument(s) but received {len(args)} argument(s). "
                f"Declaration: {self}"
            )
        given = {a.name: v for a, v in zip(positional, args, strict=False)}
        for name, value in kwargs.items():
            if name in given or not any(a.name == name for a in self.arguments):
                raise RuntimeError(f"Unknown keyword argument '{name}' for operator '{self.name}'. Schema: {self}")
            given[name] = value
        for a in self.arguments:
            if a.name not in given:
                if a.default is NOTHING:
                    raise RuntimeError(f"{self.name}() is missing value for argument '{a.name}'. Declaration: {self}")
                given[a.name] = a.default
        return tuple(given[a.name] for a in positional), {a.name: given[a.name] for a in self.arguments if a.kwarg_only}


def _written(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and value == int(value):
        return f"{int(value)}."
    return str(value)


def _split(text: str) -> list[str]:
    """What stands between the commas outside of brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p for p in parts if p.strip()]


def _value(text: str | None) -> Any:
    if text is None:
        return NOTHING
    text = text.strip()
    if text in _WORDS:
        return _WORDS[text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # a word of the schema language, such as contiguous_format


def parse(schema: str) -> FunctionSchema:
    """A schema from its text.

    Raises:
        RuntimeError: if it is not of the form `name(Type argument=default, *, ...) -> Type`.
    """
    head = _HEAD.match(schema)
    if head is None:
        raise RuntimeError(f"cannot read the schema {schema!r}: it must be like 'name(Tensor x, int n=2) -> Tensor'")
    arguments, named = [], False
    for part in _split(head[2]):
        if part.strip() == "*":
            named = True
            continue
        found = _ARGUMENT.match(part)
        if found is None:
            raise RuntimeError(f"cannot read the argument {part.strip()!r} of the schema {schema!r}")
        kind, mark, suffix, name, default = found.groups()
        arguments.append(Argument(name, kind + suffix, _value(default), named, "!" in (mark or "")))
    return FunctionSchema(head[1], tuple(arguments), head[3].strip())


def _type(annotation: Any) -> str | None:
    """The schema's word for an annotation; None where there is none."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType) and type(None) in inner:
        rest = [a for a in inner if a is not type(None)]
        found = _type(rest[0] if len(rest) == 1 else typing.Union[tuple(rest)])  # noqa: UP007  # a tuple of unknown length
        return None if found is None else f"{found}?"
    if origin in (list, Sequence, typing.get_origin(Sequence[int])) and inner:
        found = _type(inner[0])
        return None if found is None else f"{found}[]"
    return None


def _returns(annotation: Any) -> str:
    if annotation in (None, type(None)):
        return "()"
    if typing.get_origin(annotation) is tuple:
        return f"({', '.join(_returns(a) for a in typing.get_args(annotation))})"
    found = _type(annotation)
    if found is None:
        raise ValueError(f"infer_schema(func): Return has unsupported type {annotation}.")
    return found


def infer_schema(prototype_function: Callable, /, *, mutates_args: str | Iterable[str], op_name: str | None = None) -> str:
    """The schema of a function with type annotations.

    Args:
        prototype_function: every parameter must be annotated with a type that operators take.
        mutates_args: names of the parameters that it changes in place, or "unknown" for all tensors.
        op_name: the name to begin with.

    Raises:
        ValueError: if an annotation is missing or of no type that operators take.

    Example:
        >>> import torchlike as torch
        >>> def scale(x: torch.Tensor, by: float = 2.0) -> torch.Tensor: ...
        >>> torch.library.infer_schema(scale, mutates_args=())
        '(Tensor x, float by=2.) -> Tensor'
    """
    signature = inspect.signature(prototype_function)
    hints = typing.get_type_hints(prototype_function)
    arguments = []
    for name, parameter in signature.parameters.items():
        if name not in hints:
            raise ValueError(
                f"infer_schema(func): Parameter {name} must have a type annotation. Got func with signature {signature})"
            )
        kind = _type(hints[name])
        if kind is None:
            raise ValueError(f"infer_schema(func): Parameter {name} has unsupported type {hints[name]}.")
        mutated = "Tensor" in kind if mutates_args == "unknown" else name in mutates_args
        named = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        arguments.append(Argument(name, kind, parameter.default, named, mutated))
    if mutates_args != "unknown" and (unknown := set(mutates_args) - set(hints)):
        raise ValueError(f"infer_schema(func): {unknown} in mutates_args are no parameters of the function")
    returns = _returns(hints["return"]) if "return" in hints else "()"
    return str(FunctionSchema(op_name or "", tuple(arguments), returns))

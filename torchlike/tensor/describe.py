"""A row's function in words: the types of its parameters and what `help` says. Signatures and stubs are made of these."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.ops.registry import REQUIRED, Op
from torchlike.tensor.summaries import SUMMARIES
from torchlike.tensor.surface import Number
from torchlike.tensor.tensor import Tensor

# Types by a parameter's name. "| None" follows from the default.
_TYPES = {
    **dict.fromkeys("index k n N groups upscale_factor downscale_factor start end storage_offset".split(), "int"),
    **dict.fromkeys("p eps min max nan posinf neginf value threshold maxnorm lambd".split(), "float"),
    **dict.fromkeys("dims shifts".split(), "int | Sequence[int]"),
    **dict.fromkeys("s size stride".split(), "Sequence[int]"),
    **dict.fromkeys("norm driver compute_mode side reduce".split(), "str"),
    **dict.fromkeys("dtype out_dtype input_dtype".split(), "dtype"),
    "ord": "float | str",
}

# Rows that promotion does not show to take numbers, and those that take one in the tensor's place.
_NUMBER = {("isin", "elements"), ("isin", "test_elements"), ("searchsorted", "input"), ("bucketize", "input")}
_NUMBER |= {
    (name, "input")
    for name in "float_power xlogy xlog1py zeta remainder bitwise_and bitwise_or bitwise_xor bitwise_left_shift "
    "bitwise_right_shift".split()
}

# Rows whose result has the first operand's shape without being elementwise.
_SAME_SHAPE = frozenset(
    "softmax log_softmax cumsum cumprod logcumsumexp cummax cummin local_response_norm normalize prelu sort argsort msort "
    "fliplr flipud flip roll tril triu renorm masked_scatter put matrix_exp select_scatter slice_scatter diagonal_scatter "
    "as_strided_scatter scatter scatter_add scatter_reduce index_add index_copy index_fill index_reduce fft_fftshift "
    "fft_ifftshift".split()
)


class Annotation(str):
    """The text of a type, shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


NAMES = {"Tensor": Tensor, "Number": Number, "dtype": dtype, "Sequence": Sequence, "Any": Any}  # what the types are made of


def parameter_types(op: Op) -> dict[str, str]:
    """The types of the parameters of a row's function, `out` included."""
    found = {"tensors": "Sequence[Tensor]"} if op.variadic else {}
    for i, (name, default) in enumerate(op.operands):
        found[name] = _optional(_operand_type(op, i, name, default), default)
    own = getattr(op.fn, "__annotations__", {})
    for name, default in op.statics:
        found[name] = _declared(own[name], op) if name in own else _optional(_static_type(op, name, default), default)
    if op.out:
        found["out"] = "Sequence[Tensor] | None" if op.returns else "Tensor | None"
    return found


def result_type(op: Op, inplace: bool = False) -> str:
    if op.returns and not inplace:
        return f"tuple[{', '.join(['Tensor'] * len(op.returns))}]"
    own = getattr(op.fn, "__annotations__", {}).get("return", "")
    return "tuple[Tensor, ...]" if "tuple" in str(own) and not inplace else "Tensor"


def annotated(op: Op, inplace: bool = False) -> dict[str, Any]:
    """`__annotations__` of a row's function."""
    found = {name: Annotation(kind) for name, kind in parameter_types(op).items() if name != "out" or not inplace}
    found["return"] = Annotation(result_type(op, inplace))
    return found


def _optional(kind: str, default: Any) -> str:
    return kind if default is not None or kind == "Any" else f"{kind} | None"


def _operand_type(op: Op, position: int, name: str, default: Any) -> str:
    numbers = isinstance(default, (int, float)) or (op.name, name) in _NUMBER
    if position or "_polynomial_" in op.name:
        promoted = op.promote is not None and (op.promoted is None or name in op.promoted)
        numbers = numbers or op.wide or (op.layout == "elementwise" and (promoted or op.raw))
    return "Tensor | Number" if numbers else "Tensor"


def _static_type(op: Op, name: str, default: Any) -> str:
    known = _TYPES.get(name)
    if name == "dim":
        several = default is None or (default is REQUIRED and "keepdim" in op.keywords)
        known = "int | Sequence[int]" if several else "int"
    if isinstance(default, tuple) or (type(default) is int and known == "Sequence[int]"):
        return "int | Sequence[int]"
    if isinstance(default, (bool, str, float)) or known is None:
        return "Any" if default is REQUIRED or default is None else type(default).__name__
    return known


def _declared(annotation: Any, op: Op) -> str:
    """The type that the row's function says for a static parameter, as the caller sees it: lists are taken for tuples."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    for name in set(re.findall(r"\b[A-Z]\w*\b", text)) - {"None", "Any", "Sequence"}:  # the file's own names of types
        known = getattr(op.fn, "__globals__", {}).get(name)
        if known is None:
            return "Any"
        text = re.sub(rf"\b{name}\b", inspect.formatannotation(known), text)
    text = re.sub(r"\b(?:np|numpy)\.dtype(\[\w+\])?", "dtype", text)
    text = re.sub(r"\btuple\[(\w+)(?:, (?:\1|\.\.\.))*\]", r"Sequence[\1]", text)
    kinds = re.fullmatch(r"(?:int|float|bool|str|complex|None|Any|dtype|Sequence|[\[\]|, ])+", text)
    return text if kinds else "Any"


def summary(op: Op) -> str:
    """What the row computes: its function's docstring, or ours where it points at a function of JAX."""
    return SUMMARIES.get(op.name) or inspect.cleandoc(op.fn.__doc__ or "")


def text(op: Op, inplace: bool = False) -> str | None:
    """The docstring of a row's function: what it computes, shapes, dtypes, other names. None where there is nothing to say."""
    said = summary(op)
    facts = [fact for fact in (_shapes(op, said), _others(op, inplace)) if fact]
    if op.promote == "float" and not inplace:
        facts.insert(1, "Integers and bools become floats of the default dtype.")
    if op.returns and not inplace:
        facts.append(f"Returns a named tuple ({', '.join(op.returns)}).")
    if op.view is not None:
        facts.append("The result is a view: it has its elements in common with the input.")
    return "\n\n".join(part for part in (said, "\n".join(facts)) if part) or None


def _shapes(op: Op, said: str) -> str:
    first = op.operands[0][0] if op.operands else "tensors"
    tensors = [name for name, default in op.operands if default is REQUIRED or default is None]
    if "->" in said or re.search(r"\b[Ss]hapes?\b", said):
        return ""
    if op.layout == "elementwise" and len(tensors) > 1:
        return f"Shapes: {', '.join(f'`{t}`' for t in tensors)} broadcast; the result has the shape they meet in."
    if op.layout == "elementwise" or op.name in _SAME_SHAPE:
        return f"Shapes: the result has the shape of `{first}`."
    if "keepdim" in op.keywords and "dim" in op.keywords:
        return f"Shapes: the result has the shape of `{first}` without `dim` (with size 1 there where `keepdim`)."
    return ""


def _others(op: Op, inplace: bool) -> str:
    if inplace:
        return f"In place: the result stands in `{op.operands[0][0]}`, which is returned."
    names = [f"`{alias}`" for alias in op.aliases]
    said = [f"Also called {', '.join(names)}."] if names else []
    return " ".join([*said, f"In place: `{op.name}_`."] if op.inplace else said)

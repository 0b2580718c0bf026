"""Python's operators on tensors, each one row of the op table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.engine.dispatch import call
from torchlike.ops.registry import OPS, Op
from torchlike.tensor.binding import inplace
from torchlike.tensor.overloads.arithmetic import check_power
from torchlike.tensor.overloads.special import positive
from torchlike.tensor.tensor import Tensor

# Python's name -> row. The reflected and in-place forms derive from it.
_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "true_divide", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "pow", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
_COMPARE = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
_UNARY = {"neg": "neg", "abs": "abs"}


def _forward(row: Op, extra: int, statics: tuple) -> Callable:
    pad = (None,) * extra

    def operator(self: Any, other: Any) -> Any:
        try:
            return call(row, (self, other, *pad), statics)
        except TypeError:
            return NotImplemented

    return operator


def _reflected(row: Op, extra: int, statics: tuple) -> Callable:
    pad = (None,) * extra

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(self, Tensor):
            raise TypeError(
                f"descriptor of {row.name!r} requires a 'torch.Tensor' object but received a '{type(self).__name__}'"
            )
        try:
            return call(row, (other, self, *pad), statics)
        except TypeError:
            return NotImplemented

    return operator


def _in_place(row: Op, extra: int, statics: tuple) -> Callable:
    pad = (None,) * extra

    def operator(self: Any, other: Any) -> Any:
        try:
            return inplace(row, (self, other, *pad), statics)
        except TypeError:
            return NotImplemented

    return operator


def _alone(row: Op) -> Callable:
    def operator(self: Any) -> Any:
        return call(row, (self,), ())

    return operator


def _power(operator: Callable) -> Callable:
    """The row sees no numbers, so what torch refuses is found here."""

    def checked(self: Any, other: Any) -> Any:
        check_power(self, other)
        return operator(self, other)

    return checked


def _invert(self: Any) -> Any:
    if self.dtype.category > dtype.INTEGER:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return call(OPS["bitwise_not"], (self,), ())


def operators() -> dict[str, Callable]:
    """Every dunder by name."""
    made: dict[str, Callable] = {}
    for name, row_name in (_BINARY | _COMPARE).items():
        row = OPS[row_name]
        extra, statics = len(row.operands) - 2, tuple(default for _, default in row.statics)
        made[f"__{name}__"] = _forward(row, extra, statics)
        if name in _BINARY:
            made[f"__r{name}__"] = _reflected(row, extra, statics)
            if name != "matmul":
                made[f"__i{name}__"] = _in_place(row, extra, statics)
    for name, row_name in _UNARY.items():
        if row_name in OPS.rows:
            made[f"__{name}__"] = _alone(OPS[row_name])
    made["__invert__"] = _invert
    made["__pos__"] = positive
    for name in ("__pow__", "__ipow__"):
        made[name] = _power(made[name])
    for form in ("", "r", "i"):  # Python 2's names, which torch still has
        made[f"__{form}div__"] = made[f"__{form}truediv__"]
    made["__rdiv__"] = lambda self, other: self.reciprocal() * other  # what Python 2 left in torch
    return made

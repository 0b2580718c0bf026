"""What TorchScript is made of: its simple types, and the classes of its graphs, of which there are none here."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", bound="JitType")


class JitType:
    """A type of TorchScript. The simple ones have one instance each, which `get` gives.

    Attributes:
        annotation_str: how an annotation spells it.
    """

    annotation_str = ""
    _shown = ""
    _only: Any = None

    @classmethod
    def get(cls: type[T]) -> T:
        """The one instance."""
        if cls._only is None:
            cls._only = object.__new__(cls)
        return cls._only

    def __init__(self) -> None:
        raise TypeError(f"torch._C.{type(self).__name__}: No constructor defined!")

    def kind(self) -> str:
        """The name of its class."""
        return type(self).__name__

    def isSubtypeOf(self, other: JitType) -> bool:
        """Whether a value of this type may stand where one of `other` is wanted."""
        numbers = {"IntType", "FloatType", "ComplexType"}
        return other is self or other.kind() == "AnyType" or (other.kind() == "NumberType" and self.kind() in numbers)

    def str(self) -> str:
        """How graphs show it."""
        return self._shown

    def __repr__(self) -> Any:
        return self.annotation_str


# Name: how an annotation spells it, how graphs show it.
_SIMPLE = {
    "AnyType": ("Any", "Any"), "BoolType": ("bool", "bool"), "ComplexType": ("complex", "complex"),
    "DeviceObjType": ("Device", "Device"), "FloatType": ("float", "float"), "IntType": ("int", "int"),
    "NoneType": ("NoneType", "NoneType"), "NumberType": ("number", "Scalar"), "StringType": ("str", "str"),
    "TensorType": ("Tensor", "Tensor"),
}  # fmt: skip
SIMPLE: dict[str, type[JitType]] = {
    name: type(name, (JitType,), {"__module__": "torchlike._C", "annotation_str": spelled, "_shown": shown})
    for name, (spelled, shown) in _SIMPLE.items()
}


class _InGraphs:
    """A part of TorchScript's graphs. There are no such graphs, and so nothing of this kind is ever met."""

    def __init__(self) -> None:
        raise TypeError(f"torch._C.{type(self).__name__}: No constructor defined!")


class Value(_InGraphs):
    """A value of TorchScript's graphs; there are none."""


class Graph:
    """A graph of TorchScript; there are none but empty ones."""


class Node(_InGraphs):
    """A node of TorchScript's graphs; there are none."""

    def kind(self) -> str:
        """The name of its operator."""
        raise RuntimeError("there are no nodes of TorchScript here")

    def kindOf(self, name: str) -> str:
        """The kind of one of its attributes: "i" for a number, "s" for a string ..."""
        raise RuntimeError("there are no nodes of TorchScript here")


Block = type(
    "Block", (_InGraphs,), {"__module__": "torchlike._C", "__doc__": "A block of TorchScript's graphs; there are none."}
)

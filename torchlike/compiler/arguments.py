"""What a call is given: its tensors, and a key that is equal for calls that one program can serve."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from types import FunctionType
from typing import Any

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.layout import memory_format
from torchlike.base.size import Size
from torchlike.tensor import Tensor
from torchlike.utils._pytree import SUPPORTED_NODES

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})
_FROZEN = (dtype, device, Size, memory_format, Enum, range, type)


class Unfit(TypeError):
    """An argument that is neither a tensor nor a value to compare by: what it holds may change unseen."""


class Arguments:
    """The arguments of one call.

    Attributes:
        tensors: every tensor in them, each place by itself.
        objects: what is told apart by identity (modules, functions ...), and so has to be kept.
        key: equal where structure, shapes, dtypes, places, gradient flags and Python values are.
    """

    __slots__ = ("key", "objects", "tensors")

    def __init__(self, args: tuple, kwargs: dict[str, Any]):
        self.tensors: list[Tensor] = []
        self.objects: list[Any] = []
        described = [self._describe(value) for value in args]
        if kwargs:
            described.append(tuple((name, self._describe(value)) for name, value in kwargs.items()))
        tensors = self.tensors
        if len(tensors) > 1:  # which of them share their memory
            cells = [id(t._storage) for t in tensors]
            described.append(tuple(map(cells.index, cells)))
        self.key: Hashable = tuple(described)

    def _describe(self, value: Any) -> Hashable:
        if isinstance(value, Tensor):
            self.tensors.append(value)
            return value._read().aval, value._rg, value._strides, value._offset, type(value)
        kind = type(value)
        if kind in _PLAIN:
            return kind, value
        if kind is tuple or kind is list:
            return kind, tuple(map(self._describe, value))
        if kind is dict:
            return kind, tuple((key, self._describe(item)) for key, item in value.items())
        if isinstance(value, _FROZEN):
            return value
        if kind is slice:
            return slice, self._describe(value.start), self._describe(value.stop), self._describe(value.step)
        node = SUPPORTED_NODES.get(kind)
        if node is not None:
            children, context = node.flatten_fn(value)
            return kind, repr(context), tuple(map(self._describe, children))
        if kind.__module__ == "numpy":
            raise Unfit(f"it is called with a numpy.{kind.__name__}, whose numbers may change: make it a tensor")
        self.objects.append(value)
        return "object", id(value)


def plain(value: Any, depth: int = 3) -> Any:
    """A value to compare by: itself where it is a number, a string or a small container of such, else its identity."""
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if isinstance(value, _FROZEN):
        return value
    if kind in (tuple, list, set, frozenset) and depth and len(value) <= 32:
        return kind, tuple(plain(item, depth - 1) for item in value)
    if kind is dict and depth and len(value) <= 32:
        return kind, tuple((key, plain(item, depth - 1)) for key, item in value.items())
    if kind is FunctionType:
        return "function", id(value.__code__)
    return "object", id(value)

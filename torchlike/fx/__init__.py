"""`torch.fx` as libraries ask about it: no value is a proxy, no module a graph, and functions need no wrapping."""

from __future__ import annotations

from typing import Any, TypeVar

from torchlike.base.errors import absent, missing

__all__ = ["Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "symbolic_trace", "wrap"]

T = TypeVar("T")


class _Absent:
    """Base of the classes that nothing is of."""

    def __init__(self, *args: Any, **options: Any):
        raise missing(f"torch.fx.{type(self).__name__}")


class Graph(_Absent):
    """Not here yet: making one raises NotImplementedError."""


class GraphModule(_Absent):
    """Not here yet: making one raises NotImplementedError."""


class Interpreter(_Absent):
    """Not here yet: making one raises NotImplementedError."""


class Node(_Absent):
    """Not here yet: making one raises NotImplementedError."""


class Proxy(_Absent):
    """Not here yet: making one raises NotImplementedError."""


class Tracer(_Absent):
    """Not here yet: making one raises NotImplementedError."""


def wrap(fn_or_name: T) -> T:
    """The function (or its name) itself: symbolic tracing will take it as one call."""
    return fn_or_name


def symbolic_trace(root: Any, concrete_args: Any = None) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.fx.symbolic_trace")


__getattr__ = absent("torch.fx")

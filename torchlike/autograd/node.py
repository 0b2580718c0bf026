"""What users see of the tape: `grad_fn`, its name and `next_functions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.autograd.hooks import of_node
from torchlike.base.hooks import RemovableHandle
from torchlike.engine.signature import Signature, VjpSignature
from torchlike.tensor.tensor import Tensor


class Node:
    """A tape node as torch shows it. Two looks at the same node are equal."""

    def __init__(self, inner: Any):
        self._inner = inner

    def name(self) -> str:
        """torch's name of the node ("AddBackward0")."""
        return name_of(self._inner)

    @property
    def next_functions(self) -> tuple:
        found: list[tuple[Any, int]] = []
        for edge in self._inner.edges:
            if edge is None:
                found.append((None, 0))
            elif type(edge) is tuple:
                found.append((Node(edge[0]), edge[1]))
            else:
                found.append((AccumulateGrad(edge), 0))
        return tuple(found)

    @property
    def metadata(self) -> dict:
        return {}

    def register_hook(self, fn: Callable) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after the node ran."""
        return _register(of_node(self._inner).post, fn)

    def register_prehook(self, fn: Callable) -> RemovableHandle:
        """Call `fn(grad_outputs)` before the node runs."""
        return _register(of_node(self._inner).pre, fn)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other._inner is self._inner

    def __hash__(self) -> int:
        return hash(id(self._inner))

    def __repr__(self) -> str:
        return f"<{self.name().rpartition('::')[2]} object at {hex(id(self._inner))}>"


class AccumulateGrad:
    """The end of a path: where a leaf's gradient accumulates."""

    next_functions = ()

    def __init__(self, variable: Tensor):
        self.variable = variable

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash(id(self.variable))

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {hex(id(self.variable))}>"


def name_of(inner: Any) -> str:
    """torch's name of a tape node."""
    if hasattr(inner, "kind"):
        return inner.name
    return _name(inner.sig) if hasattr(inner, "sig") else "AliasBackward0"


def _name(sig: Signature) -> str:
    """The name of the node of a call; a pullback that is differentiated again adds its own "Backward" to its forward's."""
    if isinstance(sig, VjpSignature):
        return f"{_name(sig.forward).rpartition('::')[2].removesuffix('0')}Backward0"
    name = sig.name.title().replace("_", "") if sig.op is None else sig.op.grad_name
    return name if "::" in name else f"{name}Backward0"


def _register(hooks: Any, fn: Callable) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = fn
    return handle


def grad_fn_of(tensor: Tensor) -> Node | None:
    """The node that made a tensor, or None for leaves."""
    tensor._read()
    return None if tensor._node is None else Node(tensor._node)

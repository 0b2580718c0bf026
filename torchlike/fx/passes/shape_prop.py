"""Shapes and dtypes of every node's value, found by running the graph."""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple

from torchlike.base import layout
from torchlike.base.dtypes import dtype
from torchlike.base.layout import memory_format
from torchlike.base.size import Size
from torchlike.fx.interpreter import Interpreter
from torchlike.fx.node import Node, map_aggregate
from torchlike.tensor import Tensor

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What `ShapeProp` notes about a tensor, in `node.meta["tensor_meta"]`."""

    shape: Size
    dtype: dtype
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: memory_format | None
    is_quantized: bool
    qparams: dict[str, Any]


def _extract_tensor_metadata(result: Tensor, include_contiguity: bool = True) -> TensorMetadata:
    """What is noted about one tensor."""
    found = None
    if include_contiguity:
        for form in (layout.contiguous_format, layout.channels_last, layout.channels_last_3d):
            if (form is layout.contiguous_format or result.dim() == (4 if form is layout.channels_last else 5)) and (
                result.is_contiguous(memory_format=form)
            ):
                found = form
                break
    quantized = result.is_quantized
    return TensorMetadata(result.shape, result.dtype, result.requires_grad, tuple(result.stride()), found, quantized, {})


class ShapeProp(Interpreter):
    """Runs a graph and notes the shape, dtype and layout of every value in its node's `meta`.

    Args:
        gm: the module.

    >>> import torchlike as torch
    >>> from torchlike.fx.passes.shape_prop import ShapeProp
    >>> traced = torch.fx.symbolic_trace(lambda x: x.flatten())
    >>> ShapeProp(traced).propagate(torch.ones(2, 3)).shape
    torch.Size([6])
    >>> [tuple(node.meta["tensor_meta"].shape) for node in traced.graph.nodes]
    [(2, 3), (6,), (6,)]
    """

    def __init__(self, gm: Any, fake_mode: Any = None):
        super().__init__(gm)

    def run_node(self, n: Node) -> Any:
        try:
            result = super().run_node(n)
        except Exception as error:
            traceback.print_exc()
            raise RuntimeError(f"ShapeProp error for: node={n.format_node()} with meta={n.meta}") from error
        found = False

        def note(value: Any) -> Any:
            nonlocal found
            if not isinstance(value, Tensor):
                return value
            found = True
            return _extract_tensor_metadata(value)

        meta = map_aggregate(result, note)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """The graph's result for these inputs."""
        return super().run(*args)

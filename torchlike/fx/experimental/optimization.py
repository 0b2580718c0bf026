"""Graphs made faster for inference."""

from __future__ import annotations

import copy
from typing import Any

from torchlike.base.errors import absent
from torchlike.fx._symbolic_trace import symbolic_trace
from torchlike.fx.graph_module import GraphModule, _assign_attr
from torchlike.nn import BatchNorm1d, BatchNorm2d, BatchNorm3d, Conv1d, Conv2d, Conv3d, Identity, Module
from torchlike.nn.modules.dropout import Dropout
from torchlike.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["fuse", "remove_dropout"]

_PAIRS = ((Conv1d, BatchNorm1d), (Conv2d, BatchNorm2d), (Conv3d, BatchNorm3d))


def fuse(model: Module, inplace: bool = False, no_trace: bool = False) -> Module:
    """A model for inference whose convolutions have taken in the batch norms after them.

    Args:
        model: the model, in evaluation mode.
        inplace: change the model's own modules.
        no_trace: it is a graph module already.
    """
    traced: Any = (model if inplace else copy.deepcopy(model)) if no_trace else None
    if traced is None:
        traced = symbolic_trace(model if inplace else copy.deepcopy(model))
    modules = dict(traced.named_modules())
    for kinds in _PAIRS:
        for node in list(traced.graph.find_nodes(op="call_module")):
            before: Any = node.args[0] if node.args else None
            if type(modules.get(str(node.target))) is not kinds[1] or getattr(before, "op", None) != "call_module":
                continue
            norm, conv = modules[str(node.target)], modules[str(before.target)]
            if type(conv) is not kinds[0] or len(before.users) > 1 or not norm.track_running_stats:
                continue
            fused = fuse_conv_bn_eval(conv, norm)
            _assign_attr(fused, traced, str(before.target))
            _assign_attr(Identity(), traced, str(node.target))
            modules[str(before.target)] = fused
            node.replace_all_uses_with(before)
            traced.graph.erase_node(node)
    return GraphModule(traced, traced.graph)


def remove_dropout(model: Module) -> Module:
    """A model without its dropout layers."""
    traced = symbolic_trace(model)
    modules = dict(traced.named_modules())
    for node in list(traced.graph.find_nodes(op="call_module")):
        if isinstance(modules[str(node.target)], Dropout):
            node.replace_all_uses_with(node.args[0])
            traced.graph.erase_node(node)
    traced.recompile()
    return traced


__getattr__ = absent("torch.fx.experimental.optimization")

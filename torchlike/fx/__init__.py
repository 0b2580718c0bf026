"""`torch.fx`: Python functions recorded as graphs, which may be read, changed and run."""

from torchlike.base.errors import absent
from torchlike.fx._symbolic_trace import (
    PH,
    ProxyableClassMeta,
    Tracer,
    symbolic_trace,
    wrap,
)
from torchlike.fx.graph import CodeGen, Graph
from torchlike.fx.graph_module import GraphModule
from torchlike.fx.interpreter import Interpreter, Transformer
from torchlike.fx.node import Node, has_side_effect, map_arg
from torchlike.fx.proxy import Proxy
from torchlike.fx.subgraph_rewriter import replace_pattern

__all__ = [
    "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer", "has_side_effect", "map_arg",
    "replace_pattern", "symbolic_trace", "wrap",
]  # fmt: skip

__getattr__ = absent("torch.fx")

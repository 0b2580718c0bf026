"""What a graph must be like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchlike.fx.node import Node
from torchlike.nn import Module
from torchlike.tensor import Tensor

if TYPE_CHECKING:
    from torchlike.fx.graph import Graph


def lint(graph: Graph) -> None:
    """Raise RuntimeError where the graph is not well formed."""
    names: set[str] = set()
    seen: set[Node] = set()

    def check(argument: Node, user: Node) -> None:
        if argument.graph is not graph:
            raise RuntimeError(
                f"Argument '{argument}' of Node '{user}' does not belong to this Graph, but was used as an argument! If you "
                "are copying nodes from another graph, make sure to use ``arg_transform`` on node_copy() to remap values\n"
                f"{graph}"
            )
        if argument not in seen:
            raise RuntimeError(
                f"Argument '{argument}' of Node '{user}' was used before it has been defined! Please check that Nodes in the "
                f"graph are topologically ordered\n{graph}"
            )

    for node in graph.nodes:
        if node.graph is not graph:
            raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
        for argument in node.all_input_nodes:
            check(argument, node)
        seen.add(node)
        if node.name in names:
            raise RuntimeError(f"Node redefined name {node.name}!")
        names.add(node.name)
    if graph.owning_module is not None:
        for node in graph.nodes:
            if node.op in ("get_attr", "call_module"):
                _check_target(graph.owning_module, node)


def _check_target(owner: Any, node: Node) -> None:
    found, parts = owner, str(node.target).split(".")
    for i, part in enumerate(parts):
        if not hasattr(found, part):
            raise RuntimeError(
                f"Node {node} target {node.target} references nonexistent attribute {part} of {'.'.join(parts[:i])}"
            )
        found = getattr(found, part)
    if node.op == "call_module" and not isinstance(found, Module):
        raise RuntimeError(
            f"Node {node} target {node.target} {parts[-1]} of {'.'.join(parts[:-1])} does not reference an nn.Module"
        )
    if node.op == "get_attr" and not isinstance(found, (Module, Tensor)) and not hasattr(owner, parts[0]):
        raise RuntimeError(f"Node {node} target {node.target} does not reference an nn.Module, nn.Parameter, or buffer")

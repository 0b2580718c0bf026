"""Nodes by the module or function that they were recorded from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchlike.fx.graph import Graph
from torchlike.fx.node import Node

__all__ = ["SourcePartition", "check_subgraphs_connected", "get_source_partitions"]


@dataclass
class SourcePartition:
    """The nodes of one call of a module or function.

    Attributes:
        nodes: all of them.
        source: the module's class or the function.
        input_nodes: nodes outside that they use.
        output_nodes: those that are used outside.
        params: attributes that they read.
    """

    nodes: list[Node]
    source: Any
    input_nodes: list[Node] = field(default_factory=list)
    output_nodes: list[Node] = field(default_factory=list)
    params: list[Node] = field(default_factory=list)


def _source(node: Node) -> tuple[str, Any] | None:
    found = node.meta.get("source_fn_stack") or node.meta.get("torch_fn")
    if isinstance(found, list):
        return found[-1]
    if node.op == "call_function":
        return node.name, node.target
    if node.op == "call_module" and node.graph.owning_module is not None:
        return str(node.target), type(node.graph.owning_module.get_submodule(str(node.target)))
    return None


def get_source_partitions(
    graph: Graph, wanted_sources: list[Any], filter_fn: Callable[[Node], bool] | None = None
) -> dict[Any, list[SourcePartition]]:
    """The calls of some modules and functions in a graph, by what is called.

    Args:
        graph: the graph.
        wanted_sources: classes of modules, and functions.
        filter_fn: keep partitions all of whose nodes it is true for.
    """
    groups: dict[Any, dict[str, list[Node]]] = {}
    for node in graph.nodes:
        source = _source(node)
        if source is not None and source[1] in wanted_sources:
            groups.setdefault(source[1], {}).setdefault(source[0], []).append(node)
    made = {kind: [_partition(nodes, kind) for nodes in calls.values()] for kind, calls in groups.items()}
    if filter_fn is None:
        return made
    kept = {kind: [p for p in parts if all(map(filter_fn, p.nodes))] for kind, parts in made.items()}
    return {kind: parts for kind, parts in kept.items() if parts}


def _partition(nodes: list[Node], kind: Any) -> SourcePartition:
    inside = set(nodes)
    inputs = {a: None for n in nodes for a in n.all_input_nodes if a not in inside}
    return SourcePartition(
        nodes,
        kind,
        [n for n in inputs if n.op != "get_attr"],
        [n for n in nodes if any(user not in inside for user in n.users)],
        [n for n in inputs if n.op == "get_attr"],
    )


def check_subgraphs_connected(subgraph1: SourcePartition, subgraph2: SourcePartition) -> bool:
    """Whether the second uses a result of the first."""
    return any(node in subgraph1.nodes for other in reversed(subgraph2.nodes) for node in other.all_input_nodes)

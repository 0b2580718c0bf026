"""A module cut into parts: `split_module`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchlike.fx.graph import Graph
from torchlike.fx.graph_module import GraphModule, _get_attr
from torchlike.fx.node import Node, map_arg
from torchlike.nn import Module

__all__ = ["split_module"]


@dataclass
class _Part:
    """The nodes of one partition, and what comes in and goes out."""

    graph: Graph
    nodes: list[Node] = field(default_factory=list)
    inputs: dict[Node, None] = field(default_factory=dict)
    outputs: dict[Node, None] = field(default_factory=dict)
    needs: dict[Any, None] = field(default_factory=dict)


def _parts(graph: Graph, split_callback: Callable[[Node], Any]) -> dict[Any, _Part]:
    parts: dict[Any, _Part] = {}
    where: dict[Node, Any] = {}
    for node in graph.nodes:
        if node.op in ("placeholder", "get_attr", "output"):
            continue
        key = where[node] = split_callback(node)
        parts.setdefault(key, _Part(Graph())).nodes.append(node)
    for node in graph.nodes:
        for used in node.all_input_nodes:
            here, there = where.get(node), where.get(used)
            if node.op == "output":
                if used in where:
                    parts[there].outputs[used] = None
            elif node in where and (used not in where or here != there):
                parts[here].inputs[used] = None
                if used in where:
                    parts[there].outputs[used] = None
                    parts[here].needs[there] = None
    return parts


def _in_order(parts: dict[Any, _Part]) -> list[Any]:
    """The partitions so that each comes after those that it needs.

    Raises:
        RuntimeError: where they need each other.
    """
    done: list[Any] = []
    left = dict(parts)
    while left:
        ready = [key for key, part in left.items() if all(need in done for need in part.needs)]
        if not ready:
            raise RuntimeError("cycle exists between partitions!")
        done.append(ready[0])
        del left[ready[0]]
    return done


def _submodule(part: _Part, m: GraphModule) -> GraphModule:
    values: dict[Node, Node] = {}
    for used in part.inputs:
        name = used.name if used.op != "placeholder" else str(used.target).lstrip("*")
        values[used] = part.graph.placeholder(name, type_expr=used.type)
        values[used].meta = used.meta.copy()
    for node in part.nodes:
        values[node] = part.graph.node_copy(node, lambda n: values[n])
    outputs = [values[n] for n in part.outputs]
    part.graph.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
    targets = {str(n.target): _get_attr(m, str(n.target)) for n in part.nodes if n.op == "call_module"}
    return GraphModule(targets, part.graph)


def split_module(
    m: GraphModule,
    root_m: Module,
    split_callback: Callable[[Node], Any],
    qualname_map: dict[str, str] | None = None,
    keep_original_order: bool | None = False,
    keep_original_node_name: bool | None = False,
    keep_original_input_name: bool = True,
    *,
    partition_affix: str | None = None,
    tuple_return: bool = False,
) -> GraphModule:
    """A module that calls submodules `submod_0`, `submod_1` ..., each with the nodes of one partition.

    Args:
        m: the module to cut.
        root_m: the module that it was recorded from.
        split_callback: the partition of a node.
        qualname_map: filled with the old names of what is called, by the new ones.
        keep_original_order: keep the order of first nodes.
        partition_affix: stands in the submodules' names before the partition.

    Raises:
        RuntimeError: where partitions need each other.

    >>> import torchlike as torch
    >>> from torchlike.fx.passes.split_module import split_module
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> split = split_module(traced, traced, lambda node: int(node.name == "add"))
    >>> [str(node.target) for node in split.graph.nodes]
    ['x', 'submod_0', 'submod_1', 'output']
    """
    parts = _parts(m.graph, split_callback)
    affix = f"{partition_affix}_" if partition_affix else ""
    graph, values, targets = Graph(), {}, {}  # type: ignore[var-annotated]
    for node in m.graph.nodes:
        if node.op in ("placeholder", "get_attr"):
            values[node] = graph.node_copy(node, lambda n: values[n])
            if node.op == "get_attr":
                targets[str(node.target)] = _get_attr(m, str(node.target))
    for key in list(parts) if keep_original_order else _in_order(parts):
        part, name = parts[key], f"submod_{affix}{key}"
        targets[name] = _submodule(part, m)
        if qualname_map is not None:
            qualname_map.update({f"{name}.{n.target}": str(n.target) for n in part.nodes if n.op == "call_module"})
        made = graph.call_module(name, tuple(values[n] for n in part.inputs))
        if len(part.outputs) == 1:
            values[next(iter(part.outputs))] = made
        else:
            for i, (node, _) in enumerate(part.outputs.items()):
                values[node] = graph.call_function(operator.getitem, (made, i))
    output = m.graph.output_node()
    graph.output(map_arg(output.args[0], lambda n: values[n]))
    return GraphModule(targets, graph)

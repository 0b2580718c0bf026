"""Replaces what a graph does in places by something else: `torch.fx.replace_pattern`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from torchlike.fx._symbolic_trace import symbolic_trace
from torchlike.fx.graph import Graph
from torchlike.fx.graph_module import GraphModule, _get_attr, _has_attr
from torchlike.fx.node import Node
from torchlike.fx.passes.utils.matcher_utils import InternalMatch, SubgraphMatcher
from torchlike.nn import Module

__all__ = ["Match", "ReplacedPatterns", "replace_pattern", "replace_pattern_with_filters"]


class Match(NamedTuple):
    """One place that was replaced.

    Attributes:
        anchor: the node that the pattern ended in.
        nodes_map: the pattern's node -> the graph's.
    """

    anchor: Node
    nodes_map: dict[Node, Node]


@dataclass
class ReplacedPatterns:
    """One place that was replaced.

    Attributes:
        anchor: the node that the pattern ended in.
        nodes_map: the pattern's node -> the graph's.
        replacements: the nodes that came in.
    """

    anchor: Node
    nodes_map: dict[Node, Node]
    replacements: list[Node]


Pattern = Callable | Graph | GraphModule


def _graph_of(pattern: Any) -> Graph:
    if isinstance(pattern, GraphModule):
        return pattern.graph
    return pattern if isinstance(pattern, Graph) else symbolic_trace(pattern).graph


def replace_pattern(gm: GraphModule, pattern: Pattern, replacement: Pattern) -> list[Match]:
    """Replace every place where a module does what `pattern` does, and return where that was.

    Args:
        gm: the module; it is changed and compiled.
        pattern, replacement: functions (or modules, or graphs) of the same inputs with as many outputs.

    >>> import torchlike as torch
    >>> traced = torch.fx.symbolic_trace(lambda x, y: torch.add(torch.relu(x), y))
    >>> _ = torch.fx.replace_pattern(traced, lambda x: torch.relu(x), lambda x: torch.tanh(x))
    >>> [node.name for node in traced.graph.nodes]
    ['x', 'y', 'tanh', 'add', 'output']
    """
    return [Match(done.anchor, done.nodes_map) for done in replace_pattern_with_filters(gm, pattern, replacement)]


def replace_pattern_with_filters(
    gm: GraphModule,
    pattern: Pattern,
    replacement: Pattern | None = None,
    match_filters: list[Callable[[InternalMatch, Graph, Graph], bool]] | None = None,
    ignore_literals: bool = False,
    replacement_callback: Callable[[InternalMatch, Graph, Graph], Graph] | None = None,
    node_name_match: str = "",
) -> list[ReplacedPatterns]:
    """`replace_pattern`, in places that filters pass.

    Args:
        match_filters: functions of a match, the graph and the pattern; all must be true.
        ignore_literals: let numbers and strings in the pattern differ.
        replacement_callback: makes the replacement for a match.
    """
    wanted = _graph_of(pattern)
    found = SubgraphMatcher(wanted, ignore_literals=ignore_literals).match(gm.graph, node_name_match)
    found = [m for m in found if all(passes(m, gm.graph, wanted) for passes in match_filters or ())]
    fixed = _graph_of(replacement) if replacement is not None else None
    changed: dict[Node, Node] = {}
    done = []
    for match in found:
        graph = replacement_callback(match, gm.graph, wanted) if replacement_callback else fixed
        if graph is None:
            raise AssertionError("Must provide either replacement GraphModule or replacement callback function")
        done.append(_replace(gm.graph, wanted, graph, match, changed))
    gm.recompile()
    if isinstance(replacement, Module):
        _bring_attributes(gm, replacement)
    return done


def _replace(
    graph: Graph, pattern: Graph, replacement: Graph, match: InternalMatch, changed: dict[Node, Node]
) -> ReplacedPatterns:
    """Put the replacement into one place. `changed` says what has taken the place of nodes replaced before."""
    inputs = [node for node in replacement.nodes if node.op == "placeholder"]
    if len(inputs) != len(match.placeholder_nodes):
        raise AssertionError(f"the pattern has {len(match.placeholder_nodes)} inputs, and the replacement {len(inputs)}")
    given = [changed.get(n, n) if isinstance(n, Node) else n for n in match.placeholder_nodes]
    translated: dict[Node, Any] = dict(zip(inputs, given, strict=True))
    users = {user for node in match.returning_nodes for user in node.users}
    first = next((node for node in graph.nodes if node in users), graph.output_node())
    with graph.inserting_before(first):
        result = graph.graph_copy(replacement, translated)
    made = [translated[n] for n in replacement.nodes if n in translated and n.op not in ("placeholder", "output")]
    results = [result] if isinstance(result, Node) else [n for n in result or () if isinstance(n, Node)]
    if len(results) != len(match.returning_nodes):
        raise AssertionError(f"the pattern has {len(match.returning_nodes)} outputs, and the replacement {len(results)}")
    for old, new in zip(match.returning_nodes, results, strict=True):
        old.replace_all_uses_with(new)
        changed[old] = new
    for node in reversed(pattern.nodes):
        if node.op not in ("placeholder", "output") and not match.nodes_map[node].users:
            graph.erase_node(match.nodes_map[node])
    return ReplacedPatterns(match.anchors[0], match.nodes_map, made)


def _bring_attributes(gm: GraphModule, replacement: Module) -> None:
    """Modules and parameters that the replacement uses come along."""
    gm.delete_all_unused_submodules()
    for node in gm.graph.nodes:
        target = str(node.target)
        if node.op in ("call_module", "get_attr") and not _has_attr(gm, target) and _has_attr(replacement, target):
            value = _get_attr(replacement, target)
            if isinstance(value, Module):
                gm.add_submodule(target, value)
            else:
                setattr(gm, target, value)
    gm.graph.lint()

"""Patterns that name some of their nodes: they return the names last, as a dictionary."""

from __future__ import annotations

from torchlike.fx.graph import Graph
from torchlike.fx.graph_module import GraphModule
from torchlike.fx.node import Node
from torchlike.fx.passes.utils.matcher_utils import InternalMatch, SubgraphMatcher

__all__ = ["InternalMatch", "SubgraphMatcherWithNameNodeMap"]


class SubgraphMatcherWithNameNodeMap(SubgraphMatcher):
    """Finds a pattern whose function returns `(*outputs, {name: node})`.

    Args:
        pattern_gm: the pattern, a graph module; the others as for SubgraphMatcher.
    """

    def __init__(
        self,
        pattern_gm: GraphModule,
        match_output: bool = False,
        match_placeholder: bool = False,
        remove_overlapping_matches: bool = True,
        ignore_literals: bool = False,
    ):
        self._names: dict[str, Node] = {}
        graph = Graph(owning_module=pattern_gm)
        copied: dict[Node, Node] = {}
        result = graph.graph_copy(pattern_gm.graph, copied)
        if not (isinstance(result, (tuple, list)) and result and isinstance(result[-1], dict)):
            raise AssertionError("expected the pattern to return (*outputs, {name: node})")
        *outputs, self._names = result
        graph.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
        super().__init__(graph, match_output, match_placeholder, remove_overlapping_matches, ignore_literals)

    def match(self, graph: Graph, node_name_match: str = "") -> list[InternalMatch]:
        """Every place in `graph` that the pattern fits, with its named nodes in `name_node_map`."""
        found = super().match(graph, node_name_match)
        for match in found:
            match.name_node_map = {name: match.nodes_map[node] for name, node in self._names.items()}
        return found

"""Finds where a graph does what a small one does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from torchlike.fx.graph import Graph
from torchlike.fx.node import Node

__all__ = ["InternalMatch", "SubgraphMatcher"]


@dataclass
class InternalMatch:
    """One place where the pattern was found.

    Attributes:
        anchors: the pattern's last nodes.
        nodes_map: the pattern's node -> the graph's.
        placeholder_nodes: the graph's nodes that stand where the pattern has inputs.
        returning_nodes: those that stand where it has outputs.
        name_node_map: the graph's nodes by names that the pattern gives them.
    """

    anchors: list[Node]
    nodes_map: dict[Node, Any] = field(default_factory=dict)
    placeholder_nodes: list[Any] = field(default_factory=list)
    returning_nodes: list[Node] = field(default_factory=list)
    name_node_map: dict[str, Node] = field(default_factory=dict)


def _returned(graph: Graph) -> list[Node]:
    """The nodes that a graph returns, in their order."""
    return graph.output_node().all_input_nodes


class SubgraphMatcher:
    """Finds a pattern in graphs.

    Args:
        pattern: the pattern, a graph.
        match_output: its output must be the graph's.
        match_placeholder: its inputs must be inputs of the graph.
        remove_overlapping_matches: keep the first of matches that share nodes.
        ignore_literals: let numbers and strings differ.

    Raises:
        ValueError: if the pattern is empty.
    """

    def __init__(
        self,
        pattern: Graph,
        match_output: bool = False,
        match_placeholder: bool = False,
        remove_overlapping_matches: bool = True,
        ignore_literals: bool = False,
    ):
        if len(pattern.nodes) == 0:
            raise ValueError("SubgraphMatcher cannot be initialized with an empty pattern")
        self.pattern = pattern
        self.match_output, self.match_placeholder = match_output, match_placeholder
        self.remove_overlapping_matches, self.ignore_literals = remove_overlapping_matches, ignore_literals
        self.pattern_placeholder_nodes = [n for n in pattern.nodes if n.op == "placeholder"]
        self.pattern_returning_nodes = _returned(pattern)
        # Everything is found backwards from nodes that nothing in the pattern needs.
        output = pattern.output_node()
        self.pattern_anchors = [output] if match_output else [n for n in output.all_input_nodes if set(n.users) == {output}]

    def match(self, graph: Graph, node_name_match: str = "") -> list[InternalMatch]:
        """Every place in `graph` that the pattern fits, in the graph's order."""
        candidates = [[node for node in graph.nodes if self._alike(anchor, node)] for anchor in self.pattern_anchors]
        found: list[InternalMatch] = []
        taken: set[Node] = set()
        for anchors in itertools.product(*candidates):
            match = InternalMatch(anchors=list(self.pattern_anchors))
            fits = all(self._fits(p, g, match.nodes_map) for p, g in zip(self.pattern_anchors, anchors, strict=True))
            if not fits or not self._contained(match.nodes_map):
                continue
            own = {g for p, g in match.nodes_map.items() if p.op not in ("placeholder", "output") and isinstance(g, Node)}
            if self.remove_overlapping_matches and own & taken:
                continue
            taken |= own
            match.placeholder_nodes = [match.nodes_map.get(p) for p in self.pattern_placeholder_nodes]
            match.returning_nodes = [match.nodes_map[p] for p in self.pattern_returning_nodes]
            found.append(match)
        return found

    def _alike(self, p: Node, g: Node) -> bool:
        """Whether two nodes do the same, their arguments apart."""
        if p.op == "placeholder" and not self.match_placeholder:
            return True
        if p.op != g.op:
            return False
        return p.op in ("placeholder", "output") or p.target == g.target

    def _fits(self, p: Any, g: Any, known: dict[Node, Any]) -> bool:
        """Whether an argument of the pattern fits one of the graph; notes the nodes in it."""
        if isinstance(p, Node):
            if p in known:
                return known[p] is g
            if p.op == "placeholder" and not self.match_placeholder:
                known[p] = g
                return True
            if not isinstance(g, Node) or not self._alike(p, g) or any(g is other for other in known.values()):
                return False
            before = dict(known)
            known[p] = g
            if self._arguments_fit(p, g, known):
                return True
            known.clear()
            known.update(before)
            return False
        if isinstance(p, (tuple, list)):
            return isinstance(g, (tuple, list)) and len(p) == len(g) and all(map(lambda a, b: self._fits(a, b, known), p, g))
        if isinstance(p, dict):
            return isinstance(g, dict) and p.keys() == g.keys() and all(self._fits(p[key], g[key], known) for key in p)
        return not isinstance(g, Node) and (self.ignore_literals or (type(p) is type(g) and p == g))

    def _arguments_fit(self, p: Node, g: Node, known: dict[Node, Any]) -> bool:
        if len(p.args) == len(g.args) and p.kwargs.keys() == g.kwargs.keys():
            return self._fits((p.args, p.kwargs), (g.args, g.kwargs), known)
        owners = p.graph.owning_module, g.graph.owning_module
        written = [n.normalized_arguments(o, normalize_to_only_use_kwargs=True) for n, o in zip((p, g), owners, strict=True)]
        return None not in written and self._fits(written[0].kwargs, written[1].kwargs, known)

    def _contained(self, known: dict[Node, Any]) -> bool:
        """Whether what is inside the pattern is used by nobody outside."""
        inside = [(p, g) for p, g in known.items() if p.op not in ("placeholder", "output", "get_attr")]
        return all(len(p.users) == len(g.users) for p, g in inside if p not in self.pattern_returning_nodes)

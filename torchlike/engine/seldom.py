"""Programs that never come again: chains of small operations whose length is another one each time.

An episode of reinforcement learning, a sentence, a tree make such chains. Compiling each would take seconds for a run of
milliseconds. After a few that did the same kind of work, numpy runs the next ones, operation by operation; what does come
again is compiled once that would have paid. All this is decided by counts alone, so that a run can be repeated exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchlike.base.device import CPU

if TYPE_CHECKING:
    from torchlike.engine.record import Graph

_KINDS = 3  # programs of one kind that are compiled
_LONG = 64  # operations; what is shorter compiles soon enough
_SMALL = 1 << 20  # elements of all values
_COMPILE, _RUN, _ELEMENT = 5e-3, 5e-5, 5e-9  # seconds, about: to compile an operation, to run it with numpy, and per element
_MOST = 4096

_compiled: dict[frozenset[str], int] = {}


def kind(graph: Graph) -> frozenset[str]:
    """What a graph is counted by: the names of its operations."""
    return frozenset([entry[0].name for entry in graph.entries])


def compiled(graph: Graph) -> None:
    """A program has been compiled for this graph."""
    if len(graph.entries) >= _LONG:
        if len(_compiled) >= _MOST:
            _compiled.clear()
        name = kind(graph)
        _compiled[name] = _compiled.get(name, 0) + 1


def spared(graph: Graph, visits: int) -> bool:
    """Whether numpy is to run this graph, for which there is no program.

    Args:
        visits: how often it has done so already.
    """
    count = len(graph.entries)
    if count < _LONG or graph.device is not CPU or graph.ranks is not None or _compiled.get(kind(graph), 0) < _KINDS:
        return False
    elements = sum([value.aval.numel for value in graph.values])
    return elements <= _SMALL and visits * (_RUN * count + _ELEMENT * elements) < _COMPILE * count


def clear() -> None:
    """Forget what has been compiled."""
    _compiled.clear()

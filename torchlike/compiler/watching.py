"""Running a call while notes are taken, and what can be told of it before anything has run."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any, NamedTuple

from torchlike.base.device import device
from torchlike.engine.dispatch import wrap
from torchlike.engine.notes import Notes
from torchlike.engine.record import Graph, flush, local
from torchlike.engine.tape import GradNode
from torchlike.engine.value import Value
from torchlike.tensor import Tensor
from torchlike.tensor.storage import Storage
from torchlike.utils._pytree import tree_flatten

NOTHING = "it records no operation"
LEAK = "it keeps a tensor that it computed elsewhere than in its result"


class Result(NamedTuple):
    """How to make one tensor of a call's result from its value: what the tape and the layout say of it."""

    kind: type
    requires: bool
    node: Any
    number: int
    strides: tuple[int, ...] | None
    offset: int

    @classmethod
    def of(cls, tensor: Tensor) -> Result:
        return cls(type(tensor), tensor._rg, _spent(tensor._node), tensor._nr, tensor._strides, tensor._offset)

    def tensor(self, value: Value) -> Tensor:
        """A tensor around a value, with the history that the first one had (which leads nowhere any more)."""
        out = self.dress(wrap(value))
        if self.requires:
            out._rg, out._node, out._nr = True, self.node, self.number
        return out

    def dress(self, out: Tensor) -> Tensor:
        """The tensor in the class and the layout of the first one; without history where that had none."""
        if self.kind is not Tensor:
            out.__class__ = self.kind
        if not self.requires:
            out._rg, out._node, out._nr = False, None, 0
        if self.strides is not None:
            out._strides = self.strides
        if self.offset:
            out._offset = self.offset
        return out


def watched(fn: Callable[[], Any], given: Sequence[Tensor]) -> tuple[Any, Watched]:
    """Run `fn` in recorded mode and say what it did. What it recorded stays pending."""
    flush()
    state = local.state
    notes = Notes()
    before = [t._read() for t in given]
    graphs = dict(state.graphs)
    for graph in graphs.values():
        graph.limit = 1 << 60
    state.notes, outer = notes, state.notes
    try:
        result = fn()
    finally:
        state.notes = outer
        for graph in state.graphs.values():
            graph.limit = Graph(graph.device, state).limit
    return result, Watched(notes, before, list(given), graphs)


class Watched:
    """What a call did, before anything of it has run."""

    def __init__(self, notes: Notes, before: list[Value], given: list[Tensor], graphs: dict[device, Graph]):
        self.notes, self.before, self.given = notes, before, given
        self.why = notes.why
        active = [g for g in local.state.graphs.values() if g.entries]
        if self.why is None and any(g is not local.state.graphs.get(where) for where, g in graphs.items()):
            self.why = "it asks for a value"
        if self.why is None and len(active) != 1:
            self.why = "it works on several devices" if active else NOTHING
        self.graph = active[0] if len(active) == 1 else None

    def open(self, result: Any) -> bool:
        """Whether a backward pass could go through what the call returns."""
        return any(isinstance(t, Tensor) and alive(t) for t in tree_flatten(result)[0])


def behind(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The leaves that the tape behind some tensors still refers to."""
    todo, seen, found = [t._node for t in tensors], set(), []
    while todo:
        node = todo.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        for edge in node.edges:
            if type(edge) is tuple:
                todo.append(edge[0])
            elif edge is not None:
                found.append(edge)
    return found


def _spent(node: Any) -> Any:
    """A node of the same name whose backward pass has gone by, with nothing behind it."""
    if not isinstance(node, GradNode):
        return node
    found = GradNode(node.sig, None, (), (), None, -1)
    found.freed = True
    return found


def alive(tensor: Tensor) -> bool:
    """Whether the tape behind a tensor still has what a backward pass needs."""
    todo, seen = [tensor._node], set()
    while todo:
        node = todo.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if getattr(node, "freed", False):
            return False  # the pass that went by has freed all that lies behind
        if getattr(node, "values", None) is not None or not hasattr(node, "values"):
            return True
        todo.extend(edge[0] for edge in node.edges if type(edge) is tuple)
    return False


def leaks(graph: Graph, mine: set[int]) -> bool:
    """Whether some tensor has a value that is pending in `graph`, other than those with the storages `mine` (by id)."""
    if not _leaks(graph, mine):
        return False
    gc.collect()
    return _leaks(graph, mine)


def _leaks(graph: Graph, mine: set[int]) -> bool:
    leaves = set(graph.leaves)
    values = [v for i, v in enumerate(graph.values) if i not in leaves]
    candidates = [v for v, n in zip(values, list(map(getrefcount, values)), strict=True) if n > _ALONE + 1]
    del values
    return bool(candidates) and any(isinstance(h, Storage) and id(h) not in mine for h in gc.get_referrers(*candidates))


_ALONE = next(iter(map(getrefcount, [object()])))  # what getrefcount says through map() of what one list refers to

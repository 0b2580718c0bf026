"""A call that a backward pass will go through, such as a model's: one op of all that it reads, on the tape.

The op is recorded into the program around it like any other, so that forward, backward and optimizer stay one program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

from torchlike.base import device as devices
from torchlike.compiler import sources
from torchlike.compiler.closed import Changed, shape_of
from torchlike.compiler.sources import Argument, Drawn, Finder, Unrepeatable
from torchlike.compiler.watching import LEAK, Result, behind, leaks
from torchlike.engine import dispatch
from torchlike.engine.capture import Captured, Tentative, attempt
from torchlike.engine.notes import Notes, Numbers
from torchlike.engine.record import local
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value, host
from torchlike.tensor import Tensor
from torchlike.utils._pytree import tree_flatten, tree_unflatten

_known: dict[tuple, Signature] = {}
_LIMIT = 1024


class Opened:
    """One capture of a call, and the op that stands for it."""

    def __init__(self, given: Sequence[Tensor]):
        self.where = given[0].device if given else devices.CPU

    @classmethod
    def attempt(cls, fn: Callable[[], Any], given: Sequence[Tensor], name: str) -> tuple[Any, Opened | None, str]:
        """Call `fn` as one op.

        Returns:
            Its result, the op, and an empty reason; or its result, None and the reason: then the call has been recorded like
            any other code.
        """
        self = cls(given)
        before = [t._read() for t in given]
        notes = Notes()
        made: list[Any] = []
        local.state.notes, outer = notes, local.state.notes
        try:
            found, why = attempt(lambda: self._values(fn(), made, given), self.where)
        finally:
            local.state.notes = outer
        if found is None:
            return made[0], None, why
        self._keep(found, notes, before, name)
        why = self.why or notes.why or ""
        values, self._first = self._first, []
        return self._record(values, self.numbers, given), None if why else self, why

    def _values(self, result: Any, made: list[Any], given: Sequence[Tensor]) -> list[Value]:
        """Take the result apart: the values of the tensors that the call made."""
        made.append(result)
        graph = local.state.capture
        if not isinstance(graph, Tentative):  # it has been given up
            return []
        leaves, self.spec = tree_flatten(result)
        tensors = [t for t in leaves if isinstance(t, Tensor)]
        mine = {id(t._storage) for t in (*tensors, *behind(tensors))} | {id(storage) for storage, _ in graph.written.values()}
        if leaks(graph, mine):
            graph.abandon(LEAK)
            return []
        kept = set(graph.leaves)
        self.own = {id(s) for s, old in graph.written.values() if old.graph is graph and old.slot not in kept}
        places = {id(t): place for place, t in enumerate(given)}
        self.results: list[Any] = []
        values = []
        for leaf in leaves:
            if isinstance(leaf, Tensor) and id(leaf) in places:
                self.results.append(Argument(places[id(leaf)]))
            elif isinstance(leaf, Tensor) and not (leaf._rg and leaf._node is None):
                values.append(leaf._read())
                self.results.append(Result.of(leaf)._replace(node=None))
            else:
                self.results.append(leaf)
        return values

    def _keep(self, found: Captured, notes: Notes, before: list[Value], name: str) -> None:
        self.why = ""
        try:
            self.events = [(type(e), shape_of(e, found.graph)) for e in notes.events]
        except Unrepeatable as error:
            self.events, self.why = [], str(error)
        self._again = [e.again for e in notes.events]
        self.sources = Finder(before, notes).find(found.leaves)
        self.avals = [v.aval for v in found.leaves]
        self.numbers = list(found.graph.numbers)
        self.leaves: list[Any] = []
        for source, edge in zip(self.sources, found.edges, strict=True):
            if type(edge) is tuple and type(source) is not Argument:
                self.why = "it reads a tensor that was computed outside and requires a gradient: make it an argument"
            self.leaves.append(edge if type(source) is not Argument else None)
        # Storages that the call made itself are no targets: what it computed and wrote to, and what only this list knows.
        counts = list(map(getrefcount, found.rebound))
        rebound = enumerate(zip(found.rebound, counts, strict=True), found.outputs)
        self.cells = [(s, k) for k, (s, n) in rebound if n > _ALONE and id(s) not in self.own]
        self.key = found.key
        self.signature = _known.get(self.key)
        if self.signature is None:
            if len(_known) >= _LIMIT:
                _known.clear()
            self.signature = _known[self.key] = found.signature(name)
        self._first: list[Any] = found.leaves

    def same(self, other: Any) -> bool:
        """Whether two captures are the same work on the same places."""
        free = {n for kind, shape in self.events if kind is Numbers for n in shape}
        return (
            self.key == other.key
            and self.spec == other.spec
            and self.events == other.events
            and all(n in free or a == b for n, (a, b) in enumerate(zip(self.numbers, other.numbers, strict=True)))
            and all(a is b for (a, _), (b, _) in zip(self.cells, other.cells, strict=True))
            and all(map(sources.same, self.sources, other.sources))
            and all(type(a) is type(b) and (a is b or a == b) for a, b in zip(self.results, other.results, strict=True))
        )

    def settle(self) -> None:
        """Ready as it is."""

    def __call__(self, tensors: Sequence[Tensor]) -> Any:
        """Record the op. Raises Changed, before anything has been done, where it would be another now."""
        values = [None if isinstance(s, Drawn) else s.read(tensors) for s in self.sources]
        for value, aval, leaf in zip(values, self.avals, self.leaves, strict=True):
            if (value is not None and value.aval is not aval) or (leaf is not None and not leaf._rg):
                raise Changed
        numbers = list(self.numbers)
        made: dict[int, Any] = {}
        for event, (again, (kind, shape)) in enumerate(zip(self._again, self.events, strict=True)):
            found = again()
            if kind is Numbers:
                numbers[shape[0] : shape[-1] + 1] = list(found)
            else:
                made[event] = found
        for i, source in enumerate(self.sources):
            if type(source) is Drawn:
                values[i] = host(made[source.event], self.where)
        return self._record(values, numbers, tensors)

    def _record(self, values: list[Any], numbers: list[Any], tensors: Sequence[Tensor]) -> Any:
        edges = []
        for source, leaf in zip(self.sources, self.leaves, strict=True):
            t = tensors[source.place] if type(source) is Argument else leaf
            if isinstance(t, Tensor):
                edges.append(None if not t._rg else t if t._node is None else (t._node, t._nr))
            else:
                edges.append(t)
        assert self.signature is not None
        outs = dispatch.on_tape(self.signature, values, numbers, tuple(edges))
        for storage, place in self.cells:
            storage.write(outs[place]._read())
        made = iter(outs)
        leaves = []
        for result in self.results:
            if type(result) is Argument:
                leaves.append(tensors[result.place])
            elif type(result) is Result:
                leaves.append(result.dress(next(made)))
            else:
                leaves.append(result)
        return tree_unflatten(leaves, self.spec)


_ALONE = next(iter(map(getrefcount, [object()])))

"""Captured mode: record what a function does into a graph of its own, and get one differentiable op for it.

Every outside tensor the function reads becomes an operand, every tensor it rebinds (writes in place) a result. The op is
differentiated by JAX as the tape would have done it: what was cut off the tape (`detach`, `no_grad`) has no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from sys import getrefcount
from typing import Any

from torchlike.base.device import device
from torchlike.base.flags import flags
from torchlike.engine.build import evaluator, needed_for, results_of
from torchlike.engine.lines import user_line
from torchlike.engine.program import Program
from torchlike.engine.record import LOCK, Graph, ThreadState, local
from torchlike.engine.signature import Signature
from torchlike.engine.value import Aval, Value


class Uncapturable(RuntimeError):
    """What a function does cannot be one op: it asks for a value, or changes what the tape knows of an outside tensor."""


class CaptureGraph(Graph):
    """A graph that is never run: outside values become leaves as they are, pending or not."""

    __slots__ = ("known", "written")

    def __init__(self, where: device, state: ThreadState):
        super().__init__(where, state)
        self.limit = 1 << 60
        self.known: dict[int, int] = {}
        self.written: dict[int, tuple[Any, Value]] = {}

    def adopt(self, value: Value) -> int:
        slot = self.known.get(id(value))
        if slot is None:
            if value.aval.device is not self.device:
                raise RuntimeError(f"a captured function on {self.device} reads a tensor on {value.aval.device}: move it first")
            slot = self.known[id(value)] = len(self.values)
            self.values.append(value)
            self.leaves.append(slot)
        return slot

    def flush(self) -> None:
        raise Uncapturable(
            "a captured function asks for a value (item(), bool(), print ...) that depends on its inputs: "
            "it cannot be captured, only recorded"
        )

    def note(self, storage: Any) -> None:
        """A storage is about to be written: remember what it held."""
        self.written.setdefault(id(storage), (storage, storage.value))

    def note_history(self, tensor: Any) -> None:
        """A tensor is about to be written with something on the tape."""

    def note_gradient(self, leaf: Any) -> None:
        """A gradient is about to be accumulated into a leaf."""

    def opaque(self, what: str) -> None:
        """Something was used that only the tape knows how to differentiate."""


class OpGraph(CaptureGraph):
    """The graph of a function that becomes one op, differentiated by JAX."""

    __slots__ = ("histories",)

    def __init__(self, where: device, state: ThreadState):
        super().__init__(where, state)
        self.histories: list[tuple] = []
        self.flows = {}

    def note_history(self, tensor: Any) -> None:
        """Remember what the tape knew of the tensor."""
        self.histories.append((tensor, tensor._rg, tensor._node, tensor._nr))

    def changes_histories(self) -> bool:
        """Whether such a tensor is somebody's outside the function, which has not made it itself."""
        leaves = set(self.leaves)
        for entry in self.histories:
            storage = entry[0]._storage
            before = self.written[id(storage)][1] if id(storage) in self.written else storage.value
            made_here = before.graph is self and before.slot not in leaves
            if not made_here and getrefcount(entry[0]) > 2:
                return True
        return False

    def check_histories(self) -> None:
        """Raises Uncapturable where `changes_histories`."""
        if self.changes_histories():
            raise Uncapturable("a captured function changes a tensor from outside in a way that gradients depend on")

    def undo(self) -> None:
        """Put back what was written, and what the tape knew."""
        for storage, old in self.written.values():
            storage.value = old
        self.written.clear()
        for tensor, rg, node, nr in reversed(self.histories):
            tensor._rg, tensor._node, tensor._nr = rg, node, nr
        self.histories.clear()

    def note_gradient(self, leaf: Any) -> None:
        raise Uncapturable("a captured function calls backward()")

    def opaque(self, what: str) -> None:
        raise Uncapturable(f"a captured function uses {what}")


class Tentative(OpGraph):
    """The graph of a function that may become one op. At the first thing that an op cannot do everything recorded so far goes
    to the graph outside, in order, and recording goes on there.

    Attributes:
        outer, before: the graph and the capture outside. why: what an op cannot do, or None.
    """

    __slots__ = ("before", "outer", "why")

    def __init__(self, where: device, state: ThreadState):
        super().__init__(where, state)
        self.outer, self.before = state.graph(where), state.capture
        self.why: str | None = None

    def flush(self) -> None:
        self.abandon(f"{user_line()} asks for a value")
        self.state.graphs[self.device].flush()

    def note_gradient(self, leaf: Any) -> None:
        self.abandon("it calls backward()")
        if self.state.notes is not None:
            self.state.notes.gradient(leaf)

    def opaque(self, what: str) -> None:
        self.abandon(f"it uses {what}")

    def abandon(self, why: str) -> None:
        """Go on as if nothing had been tried: the values recorded here become values of the graph outside."""
        if self.why is not None:
            return
        self.why = why
        outer = Graph(self.device, self.state) if self.outer.dead else self.outer
        self.state.graphs[self.device], self.state.capture = outer, self.before
        slots = {i: v.slot if v.graph is outer else outer.adopt(v) for i, v in ((i, self.values[i]) for i in self.leaves)}
        base = len(outer.entries)
        for (sig, pair, *operands), results in zip(self.entries, results_of(self), strict=True):
            outer.entries.append((sig, pair if pair < 0 else base + pair, *[slots[i] for i in operands]))
            if outer.lines is not None:
                outer.lines.append(user_line())
            for i in results:
                value = self.values[i]
                value.graph, value.slot = outer, len(outer.values)
                slots[i] = value.slot
                outer.values.append(value)
        outer.numbers.extend(self.numbers)
        if self.ranks is not None:
            outer.ranks = self.ranks
            outer.shared.extend(self.shared)
        for storage, _ in self.written.values():
            if self.before is not None:
                self.before.note(storage)
        self.entries, self.values, self.leaves, self.numbers, self.flows = [], [], [], [], None
        self.written.clear()
        self.histories.clear()


@dataclass
class Captured:
    """A function as one op.

    Attributes:
        graph: what was recorded.
        slots: of its results: the function's own, then the new values of what was rebound.
        outputs: how many of the results are the function's own.
        rebound: the storages whose new values follow.
        places, leaves: the slots and the values of what it reads, in the order of the operands.
        edges: per leaf the tape edge through which gradients leave the function, or None.
        flows: per entry on the tape, which operands gradients go to.
    """

    graph: Graph
    slots: tuple[int, ...]
    outputs: int
    rebound: list[Any]
    places: tuple[int, ...]
    leaves: list[Value]
    edges: tuple
    flows: dict[int, tuple[bool, ...]]

    @property
    def program(self) -> Program:
        """`program.pure(*leaves) -> outputs followed by the new values of what was rebound`."""
        return Program(self.graph, self.slots, (), ())

    @property
    def key(self) -> tuple:
        """Equal for captures that are the same op."""
        avals = tuple([v.aval for v in self.leaves])
        kinds = tuple(map(type, self.graph.numbers))
        return flags.scan, tuple(self.graph.entries), self.slots, self.places, avals, tuple(self.flows.items()), kinds

    def signature(self, name: str, transform: Callable[[Callable], Callable] = lambda fn: fn) -> Signature:
        """The function as one op of its leaves and of the graph's numbers.

        Args:
            transform: of `fn(arrays, numbers) -> arrays`; may be `jax.checkpoint`.
        """
        run = evaluator(self.graph, self.places, self.slots, needed_for(self.graph, self.slots)[1], self.flows)
        count = len(self.places)
        pure = transform(lambda arrays, numbers: tuple(run(arrays, numbers)))
        specs: list[Aval | type] = [*[v.aval for v in self.leaves], *map(type, self.graph.numbers)]
        sig = Signature(name, specs, lambda *args: pure(args[:count], args[count:]), self.graph.device, traced=False)
        sig.ranks = self.graph.ranks
        sig.infer()
        return sig


def capture(fn: Callable[[], Sequence[Value]], where: device) -> Captured:
    """Record `fn`, which returns the values it computed, into a graph of its own. Its writes are undone afterwards.

    Raises:
        Uncapturable: where `fn` needs a value while it is being captured, or does what only the tape can follow.
    """
    with _capturing(where) as graph:
        outs = list(fn())
        graph.check_histories()
        found = _taken(graph, outs)
    return _captured(graph, *found)


def attempt(fn: Callable[[], Sequence[Value]], where: device) -> tuple[Captured | None, str]:
    """As `capture`, but what turns out to be no op has simply been recorded, with all that it did, as if nobody had tried.

    Returns:
        The op, or None and the reason.
    """
    state = local.state
    with LOCK:
        graph = Tentative(where, state)
        state.graphs[where] = state.capture = graph
        try:
            outs = list(fn())
            if graph.why is None:
                if graph.changes_histories():
                    graph.abandon("it changes a tensor from outside in a way that gradients depend on")
                else:
                    _leaf_edges(graph, graph.flows or {})
        except Uncapturable as error:
            graph.abandon(str(error))
        except BaseException:
            graph.abandon("it raised an error")
            raise
        if graph.why is not None:
            return None, graph.why
        found = _taken(graph, outs)
        state.graphs[where] = Graph(where, state) if graph.outer.dead else graph.outer
        state.capture = graph.before
        graph.undo()
    return _captured(graph, *found), ""


def _taken(graph: OpGraph, outs: Sequence[Value]) -> tuple[int, tuple, list, dict]:
    """What is needed of a graph while its function's writes still stand.

    Returns:
        How many outputs it has, the slots of all results, what is rebound to which value, and its flows.
    """
    rebound = [(storage, storage.value) for storage, _ in graph.written.values()]
    results = [*outs, *(new for _, new in rebound)]
    slots = tuple([v.slot if v.graph is graph else graph.adopt(v) for v in results])
    flows, graph.flows = graph.flows, None  # it refers to tape nodes, and they to the graph
    return len(outs), slots, rebound, flows or {}


def _captured(graph: OpGraph, outputs: int, slots: tuple, rebound: list, flows: dict) -> Captured:
    kept = set(graph.leaves)
    graph.values = [v if i in kept else None for i, v in enumerate(graph.values)]  # type: ignore[misc]  # results refer to the graph
    used = needed_for(graph, slots)[0]
    places = tuple([i for i in graph.leaves if i in used])
    edges = _leaf_edges(graph, flows)
    masks = {i: tuple([e is not None for e in edges]) for i, edges in flows.items()}
    storages = [storage for storage, _ in rebound]
    leaves = [graph.values[i] for i in places]
    return Captured(graph, slots, outputs, storages, places, leaves, tuple([edges.get(i) for i in places]), masks)


def _leaf_edges(graph: Graph, flows: dict[int, tuple]) -> dict[int, Any]:
    """By leaf, the tape edge behind it. Raises Uncapturable where a value is read with two different histories."""
    found: dict[int, Any] = {}
    leaves = set(graph.leaves)
    for index, edges in flows.items():
        for slot, edge in zip(graph.entries[index][2:], edges, strict=False):
            if edge is not None and slot in leaves and found.setdefault(slot, edge) is not edge and found[slot] != edge:
                raise Uncapturable("a captured function reads a value of which two tensors have different histories")
    return found


@contextmanager
def _capturing(where: device) -> Any:
    state = local.state
    with LOCK:
        outer, graph = state.graph(where), OpGraph(where, state)
        state.graphs[where] = graph
        before, state.capture = state.capture, graph
        try:
            yield graph
        finally:
            # The graph outside may have been run meanwhile (somebody asked for a value of its own); then it is dead.
            state.graphs[where] = Graph(where, state) if outer.dead else outer
            state.capture = before
            graph.undo()

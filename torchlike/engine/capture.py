"""Captured mode: record what a function does into a graph of its own, and get a pure JAX function for it.

Every outside tensor the function reads becomes an input, every tensor it rebinds (writes in place) an output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torchlike.base.device import device
from torchlike.engine.program import Program
from torchlike.engine.record import LOCK, Graph, ThreadState, local
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value


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
        raise RuntimeError(
            "a captured function asks for a value (item(), bool(), print ...) that depends on its inputs: "
            "it cannot be captured, only recorded"
        )

    def note(self, storage: Any) -> None:
        """A storage is about to be written for the first time: remember what it held."""
        self.written.setdefault(id(storage), (storage, storage.value))


@dataclass
class Captured:
    """A function as a pure program.

    Attributes:
        program: `program.pure(*leaves) -> outputs followed by the new values of what was rebound`.
        leaves: the values it reads, in the order of the program's arguments.
        outputs: how many of the results are the function's own.
        rebound: the storages whose new values follow.
    """

    program: Program
    leaves: list[Value]
    outputs: int
    rebound: list[Any]

    def signature(self, name: str, transform: Callable[[Callable], Callable] = lambda fn: fn) -> Signature:
        """The program as one op, to be recorded (and differentiated) like any other; `transform` may be `jax.checkpoint`."""
        pure = transform(self.program.pure)
        avals = [v.aval for v in self.leaves]
        sig = Signature(name, avals, lambda *args: tuple(pure(*args)), avals[0].device, traced=False)
        sig.infer()
        return sig


def capture(fn: Callable[[], Sequence[Value]], where: device) -> Captured:
    """Record `fn`, which returns the values it computed, into a program of its own. Its writes are undone afterwards.

    Raises:
        RuntimeError: where `fn` needs a value while it is being captured.
    """
    with _capturing(where) as graph:
        outs = list(fn())
        rebound = [(storage, storage.value) for storage, _ in graph.written.values()]
        results = [*outs, *(new for _, new in rebound)]
        slots = [v.slot if v.graph is graph else graph.adopt(v) for v in results]
    program = Program(graph, tuple(slots), (), ())
    return Captured(program, [graph.values[i] for i in program.kept], len(outs), [storage for storage, _ in rebound])


@contextmanager
def _capturing(where: device) -> Any:
    state = local.state
    with LOCK:
        outer, graph = state.graph(where), CaptureGraph(where, state)
        state.graphs[where] = graph
        before, state.capture = state.capture, graph
        try:
            yield graph
        finally:
            state.graphs[where], state.capture = outer, before
            for storage, old in graph.written.values():
                storage.value = old

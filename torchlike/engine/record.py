"""The pending graph: what has been recorded and not yet run.

An entry is `(signature, pair, *slots)`. Slots number the graph's values, leaves and results alike, in the order in which
they first appear; so equal programs have equal entries, and the entries alone are the key of the compiled program.
`pair` is, for a pullback, the entry of its forward when both are pending here (then the forward is traced once, and only
cotangents follow), and -1 otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.device import device
from torchlike.base.flags import flags
from torchlike.engine import program
from torchlike.engine.lines import user_line
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value, put

# What getrefcount says through map() of an object that only its list refers to, and of an array that only its Value does.
_ALONE = next(iter(map(getrefcount, [object()])))


class Graph:
    """The nodes pending on one device in one thread, oldest first. Dead once flushed."""

    __slots__ = ("device", "entries", "leaves", "lines", "numbers", "state", "values")

    def __init__(self, where: device, state: ThreadState):
        self.device = where
        self.state = state
        self.entries: list[tuple] = []
        self.values: list[Value] = []
        self.leaves: list[int] = []
        self.numbers: list[Any] = []
        # The user's line per entry, kept only while programs are being compiled: a warm loop does not pay for it.
        self.lines: list[str] | None = [] if program.stats.cold else None

    def adopt(self, value: Value) -> int:
        """Make `value`, which is not of this graph, a leaf and return its slot."""
        array = value.array
        if array is None or type(array) is np.ndarray:
            array = value.on_device()
        if value.aval.device is not self.device:  # a zero-dim CPU tensor among the device's
            value = Value(value.aval, put(np.asarray(array), self.device))
        slot = value.slot = len(self.values)
        value.graph = self
        self.values.append(value)
        self.leaves.append(slot)
        return slot

    def flush(self) -> None:
        """Run everything pending as one program; whatever somebody still holds gets its array."""
        with self.state.lock:
            if not self.values:
                return
            counts = list(map(getrefcount, self.values))
            program.run(self, counts, _ALONE)
            if self.state.graphs.get(self.device) is self:
                self.state.graphs[self.device] = Graph(self.device, self.state)
            self.entries, self.values, self.leaves, self.numbers = [], [], [], []


class ThreadState:
    """What each thread has of its own: pending graphs and the modes that `with` blocks switch."""

    __slots__ = ("grad", "graphs", "inference", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.graphs: dict[device, Graph] = {}
        self.graphs[devices.CPU] = Graph(devices.CPU, self)
        self.grad = True
        self.inference = False

    def graph(self, where: device) -> Graph:
        found = self.graphs.get(where)
        if found is None:
            found = self.graphs[where] = Graph(where, self)
        return found


class _Local(threading.local):
    def __init__(self) -> None:
        self.state = ThreadState()


local = _Local()


def emit(sig: Signature, values: Sequence[Value], numbers: Sequence[Any] = (), pair: int = -1) -> list[Value]:
    """Record one node (or run it at once where the signature says so) and return its result values."""
    if not sig.record:
        return _at_once(sig, values, numbers)
    state = local.state
    graph = state.graphs.get(sig.device) or state.graph(sig.device)
    for value in values:  # before the lock: this may run another thread's graph
        if value.array is None and value.graph is not graph:
            value.force()
    with state.lock:
        slots = [value.slot if value.graph is graph else graph.adopt(value) for value in values]
        graph.entries.append((sig, pair, *slots))
        if numbers:
            graph.numbers.extend(numbers)
        if graph.lines is not None:
            graph.lines.append(user_line())
        known = graph.values
        outs = []
        for aval in sig.outs:
            value = Value(aval, None, graph, len(known))
            known.append(value)
            outs.append(value)
        if len(graph.entries) >= flags.max_pending:
            del value
            graph.flush()
    return outs


def _at_once(sig: Signature, values: Sequence[Value], numbers: Sequence[Any]) -> list[Value]:
    """Direct mode (tracers, eager) and the meta device, where there is nothing to run."""
    if not sig.traced:
        return [Value(aval) for aval in sig.outs]
    return program.call(sig, values, numbers)


def flush() -> None:
    """Run what this thread has pending, on every device."""
    for graph in list(local.state.graphs.values()):
        graph.flush()


def discard(graph: Graph) -> None:
    """Forget what is pending in a graph that can never run (after an error in the middle of a capture)."""
    graph.entries, graph.values, graph.leaves, graph.numbers = [], [], [], []

"""The pending graph: what has been recorded and not yet run.

An entry is `(signature, pair, *slots)`. Slots number the graph's values, leaves and results alike, in the order in which
they first appear; so equal programs have equal entries, and the entries alone are the key of the compiled program.
`pair` is, for a pullback, the entry of its forward when both are pending here (then the forward is traced once, and only
cotangents follow), and -1 otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from sys import getrefcount
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.device import device
from torchlike.base.flags import flags
from torchlike.engine import program
from torchlike.engine.lines import user_line
from torchlike.engine.processes import Ranks
from torchlike.engine.signature import LOCK as LOCK
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value, put

# What getrefcount says through map() of an object that only its list refers to, and of an array that only its Value does.
_ALONE = next(iter(map(getrefcount, [object()])))


# A bool and the error that its being False stands for.
Watch = tuple[Value, Callable[[], Exception]]

# Told of entries before they run (or, with None for the graph, as they run at once), where somebody counts operations.
observer: Callable[[Graph | None, Sequence[tuple]], None] | None = None


class Graph:
    """The nodes pending on one device in one thread, oldest first. Dead once flushed."""

    __slots__ = (
        "dead",
        "device",
        "entries",
        "error",
        "flows",
        "hosts",
        "leaves",
        "limit",
        "lines",
        "numbers",
        "ran",
        "ranks",
        "shared",
        "state",
        "values",
        "watched",
    )

    def __init__(self, where: device, state: ThreadState):
        self.device = where
        self.state = state
        self.entries: list[tuple] = []
        self.values: list[Value] = []
        self.leaves: list[int] = []
        self.hosts: list[int] = []  # leaves that were still on the host
        self.numbers: list[Any] = []
        self.limit = flags.max_pending
        self.error: Exception | None = None
        self.dead = False
        # Per entry on the tape its edges, while somebody wants the graph as a function to be differentiated.
        self.flows: dict[int, tuple] | None = None
        self.ran: program.Program | None = None
        # Who runs this graph together, where it holds a collective; whose results are kept: the others wait for them.
        self.ranks: Ranks | None = None
        self.shared: list[Value] = []
        self.watched: list[Watch] = []
        # The user's line per entry, kept only while programs are being compiled: a warm loop does not pay for it.
        self.lines: list[str] | None = [] if program.stats.cold else None

    def adopt(self, value: Value) -> int:
        """Make `value`, which is not of this graph, a leaf and return its slot."""
        array = value.force() if value.array is None else value.array
        if value.aval.device is not self.device:  # a zero-dim CPU tensor among the device's
            value = Value(value.aval, put(np.asarray(array), self.device))
        elif type(array) is np.ndarray:
            self.hosts.append(len(self.values))
        slot = value.slot = len(self.values)
        value.graph = self
        self.values.append(value)
        self.leaves.append(slot)
        return slot

    def flush(self) -> None:
        """Run everything pending as one program; whatever somebody still holds gets its array."""
        with LOCK:
            if not self.values:
                return
            if observer is not None:
                observer(self, self.entries)
            if self.state.unseen:
                look(self.state, wait=False)
            if self.state.notes is not None:
                self.state.notes.refuse(f"{user_line()} asks for a value")
            counts = list(map(getrefcount, self.values))
            try:
                self.ran = program.run(self, counts, _ALONE)
            except Exception as error:
                self.error = error  # what was pending is lost; whoever asks for it again hears why
                raise
            finally:
                self._finish()

    def seen(self) -> None:
        """Somebody has asked for a value, and waits for it anyway: look at what was watched in the same program."""
        if self.state.unseen:
            look(self.state, wait=True)

    def _finish(self) -> None:
        """Let go of everything; recording goes on in a new graph."""
        if self.state.graphs.get(self.device) is self:
            self.state.graphs[self.device] = Graph(self.device, self.state)
        if self.watched:
            self.state.unseen += self.watched
            self.watched = []
        self.dead = True
        self.entries, self.values, self.leaves, self.hosts, self.numbers = [], [], [], [], []
        self.shared = []


class ThreadState:
    """What each thread has of its own: pending graphs and the modes that `with` blocks switch."""

    __slots__ = ("autocast", "capture", "grad", "graphs", "inference", "notes", "unseen")

    def __init__(self) -> None:
        self.graphs: dict[device, Graph] = {}
        self.graphs[devices.CPU] = Graph(devices.CPU, self)
        self.grad = True
        self.inference = False
        self.capture: Any = None
        # While autocast is on: (op, operands, their kinds, static) -> the operands cast, or None where nothing is to be cast.
        self.autocast: Any = None
        self.unseen: list[Watch] = []  # computed, and not looked at yet
        # While a call is watched, to be repeated later (see torchlike.engine.notes): what it does besides recording.
        self.notes: Any = None

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
    with LOCK:
        state = local.state
        graph = state.graphs[sig.device] if sig.device in state.graphs else state.graph(sig.device)
        if sig.ranks is not None and sig.ranks.ranks != (graph.ranks or sig.ranks).ranks:
            graph.flush()  # other processes: that is another program
            graph = state.graph(sig.device)
        graph.entries.append((sig, pair, *[v.slot if v.graph is graph else graph.adopt(v) for v in values]))
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
        if sig.ranks is not None:
            graph.ranks = sig.ranks
            graph.shared.extend(outs)
        if len(graph.entries) >= graph.limit:
            del value  # or the last result would count as held
            graph.flush()
    return outs


def _at_once(sig: Signature, values: Sequence[Value], numbers: Sequence[Any]) -> list[Value]:
    """Direct mode (tracers, eager) and the meta device, where there is nothing to run."""
    if observer is not None:
        observer(None, [(sig, -1)])
    if not sig.traced:
        return [Value(aval) for aval in sig.outs]
    return program.call(sig, values, numbers)


def flush() -> None:
    """Run what this thread has pending, on every device; not within a watched call, which is one program as a whole."""
    if local.state.notes is not None:
        return
    for graph in list(local.state.graphs.values()):
        graph.flush()


# ---- checks that are part of a program ------------------------------------------------------------------------


def watch(flag: Value, error: Callable[[], Exception]) -> None:
    """Have `error()` raised where `flag`, a pending zero-dim bool, turns out False.

    It is computed with the rest of the program, and looked at when a value of that program is read, or else when a later
    program is about to run: nobody waits for it.
    """
    flag.graph.watched.append((flag, error))  # type: ignore[union-attr]  # it is pending


def look(state: ThreadState, wait: bool) -> None:
    """Look at the watched bools that have been computed; with `wait` also at those that are still on their way."""
    unseen, state.unseen = state.unseen, []
    failed: Callable[[], Exception] | None = None
    for flag, error in unseen:
        array: Any = flag.array
        if array is None:  # its program failed, and said so
            continue
        if not (wait or array.is_ready()):
            state.unseen.append((flag, error))
        elif failed is None and not bool(array):
            failed = error
    if failed is not None:
        raise failed()


@contextmanager
def apart() -> Iterator[None]:
    """Within the block operations are recorded into graphs of their own: reading runs them and leaves what is pending alone.

    What is read in the block must have been computed before, and be given as a Value of its own (`of_jax`, `host`).
    """
    state = local.state
    before, state.graphs = state.graphs, {devices.CPU: Graph(devices.CPU, state)}
    try:
        yield
    finally:
        state.graphs = before

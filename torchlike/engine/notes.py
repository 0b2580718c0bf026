"""What a call does besides recording operations: what one must know to do the same again without running its Python.

While `local.state.notes` is set, everything recorded stays pending (`flush` waits), writes and new gradients are written
down with what was there before, and so are the host's own actions: random draws, numbers that change from step to step, and
calls such as a scheduler's step. They are done again, in this order, when a program is run in the place of the call.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torchlike.engine.record import Graph, local
from torchlike.engine.value import Value


class Draw(NamedTuple):
    """Random numbers from the host: what `again()` returns takes the place of `value`'s array."""

    value: Value
    again: Callable[[], Any]


class Numbers(NamedTuple):
    """Python numbers of one operation: `again()` returns the `size` ones from `start` on in `graph.numbers`; `fits()` says
    whether it can."""

    graph: Graph
    start: int
    size: int
    again: Callable[[], Sequence[float]]
    fits: Callable[[], bool]


class Act(NamedTuple):
    """Something that the host does by itself."""

    again: Callable[[], Any]


class Notes:
    """What was noted.

    Attributes:
        written: by id of a storage: a weak reference to it, and what it held before its first write.
        gradients: by id of a leaf: the leaf, and its `.grad` before the first change.
        events: draws, numbers and acts in order.
        why: what makes the call impossible to repeat, or None.
    """

    __slots__ = ("events", "gradients", "why", "written")

    def __init__(self) -> None:
        self.written: dict[int, tuple[weakref.ref, Value]] = {}
        self.gradients: dict[int, tuple[Any, Any]] = {}
        self.events: list[Draw | Numbers | Act] = []
        self.why: str | None = None

    def write(self, storage: Any) -> None:
        """A storage is about to be written."""
        known = self.written.get(id(storage))
        if known is None or known[0]() is not storage:
            self.written[id(storage)] = weakref.ref(storage), storage.value

    def gradient(self, leaf: Any) -> None:
        """The `.grad` of a leaf is about to be another tensor, or None."""
        self.gradients.setdefault(id(leaf), (leaf, leaf._grad))

    def drawn(self, value: Value, again: Callable[[], Any]) -> None:
        """A value holds random numbers."""
        self.events.append(Draw(value, again))

    def numbers(
        self, where: Any, count: int, again: Callable[[], Sequence[float]], fits: Callable[[], bool] = lambda: True
    ) -> None:
        """The first `count` numbers of the next operation change from step to step."""
        graph = local.state.graph(where)
        self.events.append(Numbers(graph, len(graph.numbers), count, again, fits))

    def act(self, again: Callable[[], Any]) -> None:
        """The host has done something without recording anything."""
        self.events.append(Act(again))

    def refuse(self, why: str) -> None:
        """The call cannot be repeated. The first reason counts."""
        if self.why is None:
            self.why = why

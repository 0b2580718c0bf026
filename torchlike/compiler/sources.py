"""Where the values that a recorded call read are found again at the next call."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from torchlike.engine.notes import Draw, Notes
from torchlike.engine.value import Value
from torchlike.tensor import Tensor
from torchlike.tensor.storage import Storage


class Unrepeatable(Exception):
    """Why a call cannot be repeated by a program."""


class Argument(NamedTuple):
    """The tensor at a place of the arguments."""

    place: int

    def read(self, tensors: Sequence[Tensor]) -> Value:
        return tensors[self.place]._read()


class Held(NamedTuple):
    """What some storage holds: a parameter, a buffer, an optimizer's state."""

    storage: Storage

    def read(self, tensors: Sequence[Tensor]) -> Value:
        return self.storage.value


class Gradient(NamedTuple):
    """The `.grad` of a leaf."""

    leaf: Tensor

    def read(self, tensors: Sequence[Tensor]) -> Value:
        assert self.leaf._grad is not None  # looked at before
        return self.leaf._grad._read()


class View(NamedTuple):
    """A view that somebody keeps."""

    tensor: Tensor

    def read(self, tensors: Sequence[Tensor]) -> Value:
        return self.tensor._read()


class Drawn(NamedTuple):
    """What the event of this number draws."""

    event: int


class Constant(NamedTuple):
    """A value that the call makes itself, from nothing that could change."""

    value: Value

    def read(self, tensors: Sequence[Tensor]) -> Value:
        return self.value


Source = Argument | Held | Gradient | View | Drawn | Constant


def key(source: Source) -> Any:
    """Equal for sources that are the same place."""
    first = source[0]
    return (type(source), first) if isinstance(first, int) else (type(source), id(first))


def same(one: Source, other: Source) -> bool:
    """Whether two recordings of a call found a value in the same place."""
    if type(one) is Constant and type(other) is Constant:
        return one.value.aval is other.value.aval and np.array_equal(
            np.asarray(one.value.force()), np.asarray(other.value.force()), equal_nan=one.value.aval.dtype.is_differentiable
        )
    return key(one) == key(other)


class Finder:
    """Finds the sources of values.

    Args:
        given: the arguments' values before the call.
        notes: what was noted during it.
    """

    def __init__(self, given: Sequence[Value], notes: Notes):
        self._known: dict[int, Source] = {}
        for number, event in enumerate(notes.events):
            if type(event) is Draw:
                self._known[id(event.value)] = Drawn(number)
        for ref, old in notes.written.values():
            storage = ref()
            if storage is not None:
                self._known[id(old)] = Held(storage)
        changed = {id(ref()): old for ref, old in notes.written.values() if ref() is not None}
        for leaf, grad in notes.gradients.values():
            if grad is not None and grad._view is None:
                self._known[id(changed.get(id(grad._storage), grad._storage.value))] = Gradient(leaf)
        for place, value in enumerate(given):
            self._known[id(value)] = Argument(place)

    def find(self, values: Sequence[Value]) -> list[Source]:
        """The source of each value; what no tensor holds any more is the call's own, and a constant."""
        wanted = {id(v): v for v in values if id(v) not in self._known}
        if wanted:
            for holder in gc.get_referrers(*wanted.values()):
                self._holds(holder, wanted)
        return [self._known.get(id(v)) or Constant(v) for v in values]

    def _holds(self, holder: Any, wanted: dict[int, Value]) -> None:
        if isinstance(holder, Storage) and id(holder.value) in wanted:
            self._known.setdefault(id(holder.value), Held(holder))
        elif isinstance(holder, Tensor) and holder._view is not None and id(holder._cached) in wanted:
            self._known.setdefault(id(holder._cached), View(holder))
        elif type(holder) is dict and id(holder.get("_cached")) in wanted:  # the attributes of a view
            for owner in gc.get_referrers(holder):
                self._holds(owner, wanted)

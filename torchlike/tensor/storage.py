"""Storage: the mutable cell that tensors and their views share."""

from __future__ import annotations

from typing import Any

from torchlike.engine.record import local
from torchlike.engine.value import Value


class Storage:
    """The current value of a tensor and of everything that aliases it.

    Attributes:
        value: what the base tensor holds now, in the base's own shape.
        raw: the same, for whoever wants its shape or dtype only (see `torchlike.tensor.shared`).
        version: counts writes; a view whose reading is older reads again.
        room: the bytes that it says it has, where somebody resized it; not set otherwise.
        address: the host memory that it says it is at, where somebody asked; not set otherwise.
        link: the numpy array that shares its elements; not set where there is none.
    """

    __slots__ = ("__weakref__", "address", "link", "room", "value", "version")

    raw: Value
    room: int | None
    address: Any
    link: Any

    def __init__(self, value: Value):
        self.value = value
        self.version = 0

    def write(self, value: Value) -> None:
        state = local.state
        if state.capture is not None:
            state.capture.note(self)
        elif state.notes is not None:
            state.notes.write(self)
        self.value = value
        self.version += 1


setattr(Storage, "raw", vars(Storage)["value"])  # noqa: B010 - the slot itself, which mypy takes for an instance's

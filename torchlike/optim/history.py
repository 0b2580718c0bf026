"""A sequence of tensors of one shape that are kept in one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from torchlike.engine import dispatch
from torchlike.engine.value import host
from torchlike.ops.registry import Op
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare


def _push(array, row, place, *, room, shift):
    if shift:
        array = jnp.concatenate([array[1:], jnp.zeros_like(array[:1])])
    if room > len(array):
        array = jnp.concatenate([array, jnp.zeros((room - len(array), *array.shape[1:]), array.dtype)])
    return array.at[place].set(row)


_PUSH = Op("history_push", _push, ns="", method=False, dynamic=True)
_FIRST = Op("history_first", lambda row: row[None], ns="", method=False)


def _room(count: int) -> int:
    return 1 << (count - 1).bit_length()


class History(Sequence):
    """The last `limit` tensors that were pushed, oldest first.

    Programs that read `array` see a power of two of rows (zeros stand where nothing is yet), so that a history that grows
    compiles a few programs and not one at every length.

    Attributes:
        array: `(rows, *shape)`, or None before the first push.
    """

    def __init__(self, limit: int, rows: Sequence[Tensor] = ()):
        self.limit, self.length = limit, len(rows)
        self.array: Tensor | None = None
        if rows:  # put together on the host, where each length may have its own shape
            array = np.zeros((_room(len(rows)), *rows[0].shape), rows[0].dtype.np)
            array[: len(rows)] = [row.detach().numpy() for row in rows]
            self.array = bare(host(array, rows[0].device))

    def push(self, row: Tensor) -> None:
        """Add a tensor at the end; the oldest goes where there are too many."""
        if self.array is None:
            self.array = dispatch.call(_FIRST, [row])
            self.length = 1
            return
        full = self.length == self.limit
        self.length += not full
        room = max(len(self.array), _room(self.length))
        self.array = dispatch.call(_PUSH, [self.array, row, self.length - 1], (room, full))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.length))]
        place = range(self.length)[index]
        assert self.array is not None, "a history with rows has its array"
        return self.array[place]

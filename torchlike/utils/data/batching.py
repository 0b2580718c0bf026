"""Whole batches of tensor rows: one op per tensor instead of one per sample.

A loader over a `TensorDataset` with the default collation takes this way. The order of an epoch goes to the device once;
a batch is one gather per tensor, of a piece of that order whose start is an input of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax

from torchlike.base.device import device
from torchlike.engine.dispatch import call
from torchlike.ops.registry import Op
from torchlike.tensor import Tensor
from torchlike.tensor.creation import tensor
from torchlike.utils.data.dataset import Subset, TensorDataset
from torchlike.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler


def _batch_rows(input: jax.Array, order: jax.Array, start: jax.Array, *, size: int) -> jax.Array:
    """The rows of `input` that `order[start : start + size]` names."""
    rows = lax.dynamic_slice(order, (start.astype(order.dtype),), (size,))
    return input.at[rows].get(mode="promise_in_bounds")  # checked on the host


_BATCH_ROWS = Op("batch_rows", _batch_rows, ns="", method=False, dynamic=True, out=False)


class Piece(NamedTuple):
    """The indices of a batch: `order[start : start + size]`."""

    order: np.ndarray
    start: int
    size: int


class WholeBatches:
    """From indices (a `Piece`, or a list) to the collated batch of a `TensorDataset` or of subsets of one."""

    def __init__(self, tensors: Sequence[Tensor], indices: np.ndarray | None):
        self.tensors = tensors
        self.indices = indices  # of the subset, in the tensors' own count
        self.order: np.ndarray | None = None
        self.placed: dict[device, Tensor] = {}

    def __call__(self, indices: Any) -> list[Tensor]:
        if type(indices) is not Piece:
            order = np.asarray(indices, np.int64)
            indices = Piece(order, 0, len(order))
        if indices.order is not self.order:
            self.order, self.placed = indices.order, self.place(indices.order)
        placed, start, static = self.placed, indices.start, (indices.size,)
        return [call(_BATCH_ROWS, (t, placed[t.device], start), static) for t in self.tensors]

    def place(self, indices: np.ndarray) -> dict[device, Tensor]:
        """The row numbers as tensors, on every device that has tensors."""
        rows = _checked(indices, len(self.indices if self.indices is not None else self.tensors[0]))
        if self.indices is not None:
            rows = _checked(self.indices[rows], len(self.tensors[0]))
        if len(self.tensors[0]) < 2**31:
            rows = rows.astype(np.int32)
        return {where: tensor(rows, device=where) for where in {t.device for t in self.tensors}}


def whole_batches(dataset: Any) -> WholeBatches | None:
    """None where the dataset is anything else than rows of tensors, or a subclass that picks its samples in its own way."""
    cls = type(dataset)
    if isinstance(dataset, TensorDataset):
        if cls.__getitem__ is not TensorDataset.__getitem__ or hasattr(dataset, "__getitems__"):
            return None
        return WholeBatches(dataset.tensors, None) if all(t.ndim for t in dataset.tensors) else None
    if isinstance(dataset, Subset) and cls.__getitems__ is Subset.__getitems__:
        inner = whole_batches(dataset.dataset)
        if inner is None:
            return None
        own = np.asarray(dataset.indices, np.int64).reshape(-1)
        if inner.indices is not None:
            own = inner.indices[_checked(own, len(inner.indices))]
        return WholeBatches(inner.tensors, own)
    return None


def index_pieces(batches: Any) -> Iterator[Any]:
    """The batches of a batch sampler, as pieces of one array where the order is plain or shuffled.

    Random numbers are drawn as iterating the sampler itself would draw them, and when it would.
    """
    if type(batches) is not BatchSampler:
        return iter(batches)
    sampler = batches.sampler
    if type(sampler) is SequentialSampler:
        return _plain(batches, len(sampler))
    if type(sampler) is RandomSampler and not sampler.replacement and sampler._num_samples is None:
        return _shuffled(batches, sampler)
    return iter(batches)


def _plain(batches: BatchSampler, count: int) -> Iterator[Piece]:
    order = np.arange(count)
    yield from _full(order, batches.batch_size)
    yield from _rest(order, batches)


def _shuffled(batches: BatchSampler, sampler: RandomSampler) -> Iterator[Piece]:
    generator = sampler._begin()
    order = generator.randperm(len(sampler))
    yield from _full(order, batches.batch_size)
    # When the order is used up the sampler draws one more and takes nothing of it. Others may use the generator too.
    if sampler.generator is not None:
        generator.randperm(len(order))
    yield from _rest(order, batches)


def _full(order: np.ndarray, size: int) -> Iterator[Piece]:
    for start in range(0, len(order) - size + 1, size):
        yield Piece(order, start, size)


def _rest(order: np.ndarray, batches: BatchSampler) -> Iterator[Piece]:
    rest = len(order) % batches.batch_size
    if rest and not batches.drop_last:
        yield Piece(order, len(order) - rest, rest)


def _checked(indices: np.ndarray, size: int) -> np.ndarray:
    """Indices counted from the front. On the device nobody would notice one that is out of bounds.

    Raises:
        IndexError: for an index out of bounds.
    """
    if not indices.size:
        return indices
    lowest = indices.min()
    if indices.max() >= size or lowest < -size:
        wrong = next(i for i in indices.tolist() if not -size <= i < size)
        raise IndexError(f"index {wrong} is out of bounds for dimension 0 with size {size}")
    return np.where(indices < 0, indices + size, indices) if lowest < 0 else indices

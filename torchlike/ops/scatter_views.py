"""Tensors with another tensor written where a view of them would show: the inverse of select, slice, diagonal, as_strided."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from torchlike.ops.checks import dim_in_range
from torchlike.ops.copy import cast
from torchlike.ops.registry import op
from torchlike.ops.scatter import set_at
from torchlike.ops.view_elements import as_strided_positions, diagonal_of


def _check_shape(src, shape: tuple[int, ...]) -> None:
    if src.shape != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(shape)}"
        )


def _put(input, src, read: Callable):
    """`src` written where `read` takes its elements from."""
    places = read(np.arange(input.size, dtype=np.int32 if input.size < 2**31 else np.int64).reshape(input.shape))
    _check_shape(src, places.shape)
    if not src.size:
        return input
    flat = set_at(input.reshape(-1), jnp.asarray(places.reshape(-1)), cast(src, dtype=input.dtype).reshape(-1), 0)
    return flat.reshape(input.shape)


@op(linear=True, out=False)
def select_scatter(input, src, *, dim: int, index: int):
    """`input` with `src` in place of `input.select(dim, index)`. Raises IndexError for an index out of range."""
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = dim_in_range(dim, input.ndim)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}")
    _check_shape(src, input.shape[:dim] + input.shape[dim + 1 :])
    where = (slice(None),) * dim + (index % size,)
    return input.at[where].set(cast(src, dtype=input.dtype))


@op(linear=True)
def slice_scatter(input, src, *, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1):
    """`input` with `src` in place of `input[start:end:step]` along `dim`."""
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    dim = dim_in_range(dim, input.ndim)
    chosen = slice(*slice(start, end).indices(input.shape[dim])[:2], step)
    count = len(range(chosen.start, chosen.stop, step))
    _check_shape(src, (*input.shape[:dim], count, *input.shape[dim + 1 :]))
    return input.at[(slice(None),) * dim + (chosen,)].set(cast(src, dtype=input.dtype)) if count else input


@op(linear=True, out=False)
def diagonal_scatter(input, src, *, offset: int = 0, dim1: int = 0, dim2: int = 1):
    """`input` with `src` in place of `input.diagonal(offset, dim1, dim2)`."""
    return _put(input, src, lambda x: diagonal_of(x, diagonal_offset=offset, dim1=dim1, dim2=dim2, xp=np))


@op(linear=True, out=False)
def as_strided_scatter(input, src, *, size: tuple[int, ...], stride: tuple[int, ...], storage_offset: int | None = None):
    """A contiguous copy of `input` with `src` in place of `as_strided(size, stride, storage_offset)`."""
    places = as_strided_positions(input.size, tuple(size), tuple(stride), storage_offset or 0, input.dtype.itemsize)
    return _put(input, src, lambda x: x.reshape(-1)[places])

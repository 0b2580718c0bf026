"""Functions whose result's size is decided by values: the places of what is not zero, distinct elements, masked elements.

They wait for the values they need. Places are computed by numpy; elements are then gathered by rows, so gradients flow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.promotion import scalar_name
from torchlike.engine.value import host
from torchlike.ops.checks import broadcast_shapes, dim_in_range
from torchlike.tensor import functions as ops
from torchlike.tensor.binding import into
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor, bare


def values(name: str, x: Tensor) -> np.ndarray:
    """The elements, waited for. Raises NotImplementedError on the meta device, where there are none."""
    if x.device is devices.META:
        raise NotImplementedError(f"torch.{name}: the size of the result depends on values, which a meta tensor has not")
    return x._read().numpy()


def placed(array: np.ndarray, like: Tensor) -> Tensor:
    """A tensor of the numpy array, on the device of another."""
    return bare(host(np.ascontiguousarray(array).reshape(array.shape), like.device))


def _given(name: str, out: Any, made: Tensor, *read: Tensor) -> Tensor:
    """`made`, written to `out` if there is one. Raises RuntimeError where that has another dtype or shares memory."""
    if out is None:
        return made
    if isinstance(out, Tensor):
        if out.dtype is not made.dtype:
            wanted, got = scalar_name(made.dtype), scalar_name(out.dtype)
            raise RuntimeError(f"{name}: Expected out tensor to have scalar type {wanted} but got scalar type {got}")
        out._check_writable(read)
        for other in read:
            if other._storage is out._storage:
                out._check_apart(other, equal=True)
    return into(out, made)


# --- places ------------------------------------------------------------------------------------------------------------


@overload("nonzero")
def nonzero(input: Tensor, *, out: Any = None, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero, (count, ndim) int64; one vector per dimension with `as_tuple`."""
    if out is not None and not isinstance(out, Tensor):
        raise TypeError(f"nonzero(): argument 'out' must be Tensor, not {type(out).__name__}")
    if as_tuple and out is not None:
        raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
    found = values("nonzero", input)
    if not as_tuple:
        return _given("nonzero", out, placed(np.argwhere(found).astype(np.int64), input))
    return tuple(placed(where.astype(np.int64), input) for where in np.nonzero(np.atleast_1d(found)))


@overload("argwhere")
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, (count, ndim) int64."""
    return nonzero(input)


@overload("nonzero_static")
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1, out: Any = None) -> Tensor:
    """The first `size` rows of `nonzero(input)`, those that are missing filled: (size, ndim). Waits for nothing.

    Raises:
        RuntimeError: for a negative size.
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    return ops.nonzero_static(input, size, fill_value, out=out)


@overload("unravel_index", method=False)
def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Positions in a flattened tensor as one index tensor per dimension of its `shape`.

    Raises:
        TypeError: for positions that are not whole numbers, or a shape that is none. ValueError: for sizes below zero.
    """
    if not isinstance(indices, Tensor) or indices.dtype.category != DType.INTEGER:
        got = getattr(indices, "dtype", type(indices).__name__)
        raise TypeError(f"expected 'indices' to be integer dtype, but got {got}")
    if isinstance(shape, Tensor):
        shape = shape.tolist()
    sizes = (shape,) if isinstance(shape, int) else shape
    if not isinstance(sizes, Sequence) or not all(isinstance(size, int) for size in sizes):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {shape!r}")
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    strides = [math.prod(sizes[d + 1 :]) for d in range(len(sizes))]
    indices = indices.to(dtypes.int64)
    steps = zip(strides, sizes, strict=True)
    return tuple(ops.remainder(ops.floor_divide(indices, stride), size) for stride, size in steps)


@overload("masked_select")
def masked_select(input: Tensor, mask: Tensor, *, out: Any = None) -> Tensor:
    """The elements where the mask is true, as a vector; both broadcast. Waits for the mask.

    Raises:
        RuntimeError: for a mask that is not bool.
    """
    if mask.dtype.name != "bool":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, but got {scalar_name(mask.dtype)}")
    shape = broadcast_shapes(input.shape, mask.shape)
    chosen = np.flatnonzero(np.broadcast_to(values("masked_select", mask), shape))
    flat = (input if tuple(input.shape) == shape else input.expand(shape)).reshape(-1)
    return _given("masked_select", out, ops.index_select(flat, placed(chosen.astype(np.int64), input), 0), input, mask)


# --- distinct elements -------------------------------------------------------------------------------------------------


@overload("unique")
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The distinct elements in order (or the distinct slices along `dim`), the place of each input element among them, and
    how often each stands. Every nan is distinct. Waits for the values; has no gradient.
    """
    rows = _rows("unique", input, dim)
    if dim is None:
        order = np.argsort(rows, kind="stable")
    elif rows.shape[1]:
        order = np.lexsort(rows.T[::-1])
    else:
        order = np.arange(len(rows))
    starts = _run_starts(rows[order])
    inverse = np.empty(len(order), np.int64)
    inverse[order] = np.cumsum(starts) - 1
    return _distinct(input, dim, order[starts], inverse, starts, return_inverse, return_counts)


@overload("unique_consecutive")
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """As `unique`, of each run of equal neighbours one, in the order that they stand."""
    rows = _rows("unique_consecutive", input, dim)
    starts = _run_starts(rows)
    inverse = np.cumsum(starts).astype(np.int64) - 1
    return _distinct(input, dim, np.flatnonzero(starts), inverse, starts, return_inverse, return_counts)


def _rows(name: str, input: Tensor, dim: int | None) -> np.ndarray:
    """What is compared: the elements in a row, or the slices along `dim`, a row each."""
    if input.dtype.is_complex:
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(input.dtype)}'")
    found = values(name, input)
    if found.dtype.itemsize == 2 and input.dtype.is_floating_point:
        found = found.astype(np.float32)
    if dim is None:
        return found.reshape(-1)
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    found = np.moveaxis(found, dim_in_range(dim, input.ndim), 0)
    if not found.size and found.shape[0]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    return found.reshape(found.shape[0], -1 if found.shape[0] else math.prod(found.shape[1:]))


def _run_starts(rows: np.ndarray) -> np.ndarray:
    differ = rows[1:] != rows[:-1]
    starts = np.ones(len(rows), bool)
    starts[1:] = differ if rows.ndim == 1 else differ.any(1)
    return starts


def _distinct(
    input: Tensor, dim: int | None, kept: np.ndarray, inverse: np.ndarray, starts: np.ndarray, wants_inverse: bool, counts: bool
) -> Any:
    source = input.detach()
    flat = source.reshape(-1) if dim is None else source
    made = [ops.index_select(flat, placed(kept.astype(np.int64), input), dim or 0)]
    if wants_inverse:
        made.append(placed(inverse.reshape(tuple(input.shape)) if dim is None else inverse, input))
    if counts:
        made.append(placed(np.diff(np.flatnonzero(starts), append=len(starts)).astype(np.int64), input))
    return tuple(made) if len(made) > 1 else made[0]

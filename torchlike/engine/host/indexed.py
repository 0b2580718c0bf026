"""JAX's primitives in numpy: gather, scatter, slices at indices, windows and convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from torchlike.engine.host.primitives import TABLE, primitive

_CLIP, _FILL, _PROMISE = 1, 0, 2  # GatherScatterMode's values by name; read through `_mode`


def _mode(mode: Any) -> str:
    return getattr(mode, "name", str(mode)).rsplit(".", 1)[-1]


def _starts(x: np.ndarray, starts: Sequence[np.ndarray], sizes: Sequence[int]) -> tuple[slice, ...]:
    """The window of a dynamic slice, moved inside the array where it would stand out."""
    found = []
    for start, size, whole in zip(starts, sizes, x.shape, strict=True):
        first = int(np.clip(int(start), 0, whole - size))
        found.append(slice(first, first + size))
    return tuple(found)


@primitive("dynamic_slice")
def _dynamic_slice(x: np.ndarray, *starts: np.ndarray, slice_sizes: Sequence[int]) -> Any:
    return x[_starts(x, starts, slice_sizes)]


@primitive("dynamic_update_slice")
def _dynamic_update_slice(x: np.ndarray, update: np.ndarray, *starts: np.ndarray) -> Any:
    out = x.copy()
    out[_starts(x, starts, update.shape)] = update
    return out


class _Windows:
    """Where the windows of a gather or scatter stand in the operand.

    Attributes:
        places: per operand dimension an index array that broadcasts to (*batch, *window), window one size per dimension.
        inside: (*batch), whether the window lies in the operand.
    """

    def __init__(self, operand: np.ndarray, indices: np.ndarray, sizes: Sequence[int], mapped: Any, paired: Any):
        batch, rank = indices.shape[:-1], operand.ndim
        limits = np.asarray(operand.shape) - np.asarray(sizes)
        self.inside = np.ones(batch, bool)
        self.places: list[np.ndarray] = []
        column = {dim: i for i, dim in enumerate(mapped)}
        for dim in range(rank):
            start = np.zeros((1,) * len(batch), np.int64)
            if dim in column:
                start = indices[..., column[dim]].astype(np.int64)
                self.inside &= (start >= 0) & (start <= limits[dim])
                start = np.clip(start, 0, max(limits[dim], 0))
            elif dim in paired:
                along = paired[dim]
                start = np.arange(batch[along]).reshape([-1 if i == along else 1 for i in range(len(batch))])
            window = np.arange(sizes[dim]).reshape([-1 if i == dim else 1 for i in range(rank)])
            self.places.append(start.reshape([*start.shape, *[1] * rank]) + window)


@primitive("gather")
def _gather(
    operand: np.ndarray, indices: np.ndarray, *, dimension_numbers: Any, slice_sizes: Any, mode: Any, fill_value: Any, **_: Any
) -> Any:
    numbers, batch = dimension_numbers, indices.shape[:-1]
    paired = dict(zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True))
    windows = _Windows(operand, indices, slice_sizes, numbers.start_index_map, paired)
    dropped = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    if operand.size or not np.prod(slice_sizes):
        found = operand[tuple(windows.places)] if operand.ndim else np.broadcast_to(operand, batch)
        found = np.broadcast_to(found, (*batch, *slice_sizes))
    else:
        found = np.zeros((*batch, *slice_sizes), operand.dtype)
    if _mode(mode) == "FILL_OR_DROP" and not windows.inside.all():
        inside = windows.inside.reshape([*batch, *[1] * operand.ndim])
        found = np.where(inside, found, _filler(operand.dtype) if fill_value is None else fill_value)
    kept = [size for dim, size in enumerate(slice_sizes) if dim not in dropped]
    found = found.reshape([*batch, *kept])
    order = _batch_and_windows(len(batch), numbers.offset_dims, found.ndim)
    return found.transpose(order)


def _filler(dtype: np.dtype) -> Any:
    if dtype.kind == "i":
        return np.iinfo(dtype).min
    if dtype.kind == "u":
        return np.iinfo(dtype).max
    return True if dtype.kind == "b" else np.nan


def _batch_and_windows(batch: int, offsets: Sequence[int], rank: int) -> list[int]:
    """Per result dimension, where it stands in (*batch, *window)."""
    window, outer = iter(range(batch, rank)), iter(range(batch))
    return [next(window) if dim in set(map(int, offsets)) else next(outer) for dim in range(rank)]


def _scatter(write: Callable) -> Callable:
    def scatter(operand: np.ndarray, indices: np.ndarray, updates: np.ndarray, *, dimension_numbers: Any, **_: Any) -> Any:
        numbers, batch = dimension_numbers, indices.shape[:-1]
        order = _batch_and_windows(len(batch), numbers.update_window_dims, updates.ndim)
        new = updates.transpose(np.argsort(order))  # (*batch, *window)
        dropped = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
        window = iter(new.shape[len(batch) :])
        sizes = [1 if dim in dropped else next(window) for dim in range(operand.ndim)]
        paired = dict(zip(numbers.operand_batching_dims, numbers.scatter_indices_batching_dims, strict=True))
        windows = _Windows(operand, indices, sizes, numbers.scatter_dims_to_operand_dims, paired)
        new = new.reshape([*batch, *sizes])
        inside = np.broadcast_to(windows.inside.reshape([*batch, *[1] * operand.ndim]), new.shape)
        places = tuple(np.broadcast_to(p, new.shape)[inside] for p in windows.places)
        out = operand.copy()
        write(out, places, new[inside])
        return out

    return scatter


def _replace(out: np.ndarray, places: tuple, new: np.ndarray) -> None:
    out[places] = new


TABLE["scatter"] = _scatter(_replace)
TABLE["scatter-add"] = _scatter(np.add.at)
TABLE["scatter-sub"] = _scatter(np.subtract.at)
TABLE["scatter-mul"] = _scatter(np.multiply.at)
TABLE["scatter-max"] = _scatter(np.maximum.at)
TABLE["scatter-min"] = _scatter(np.minimum.at)


# ---- windows --------------------------------------------------------------------------------------------------


def _spread(x: np.ndarray, padding: Sequence, dilation: Sequence[int], value: Any, first: int = 0) -> np.ndarray:
    """`x` with holes and edges of `value` from dimension `first` on."""
    config = [(0, 0, 0)] * first + [(low, high, d - 1) for (low, high), d in zip(padding, dilation, strict=True)]
    return TABLE["pad"](x, np.asarray(value, x.dtype), padding_config=config)


def _views(x: np.ndarray, window: Sequence[int], strides: Sequence[int], dilation: Sequence[int], first: int = 0) -> np.ndarray:
    """(*x.shape[:first], *positions, *window): every window, as a view."""
    reach = [(size - 1) * d + 1 for size, d in zip(window, dilation, strict=True)]
    found = sliding_window_view(x, reach, axis=tuple(range(first, first + len(window))))
    steps = [slice(None)] * first + [slice(None, None, s) for s in strides]
    return found[(*steps, *[slice(None)] * (x.ndim - first - len(window)), *[slice(None, None, d) for d in dilation])]


def _window_reduction(reduce: Callable, start: Callable) -> Callable:
    def run(
        x: np.ndarray, *, window_dimensions: Any, window_strides: Any, padding: Any, base_dilation: Any, window_dilation: Any
    ) -> Any:
        spread = _spread(x, padding, base_dilation, start(x.dtype))
        views = _views(spread, window_dimensions, window_strides, window_dilation)
        return reduce(views, axis=tuple(range(x.ndim, 2 * x.ndim)))

    return run


def _least(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else False if dtype.kind == "b" else -np.inf


def _greatest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).max if dtype.kind in "iu" else True if dtype.kind == "b" else np.inf


TABLE["reduce_window_sum"] = _window_reduction(np.sum, lambda dtype: 0)
TABLE["reduce_window_max"] = _window_reduction(np.max, _least)
TABLE["reduce_window_min"] = _window_reduction(np.min, _greatest)


@primitive("conv_general_dilated")
def _convolution(
    x: np.ndarray, kernel: np.ndarray, *, window_strides: Any, padding: Any, lhs_dilation: Any, rhs_dilation: Any,
    dimension_numbers: Any, feature_group_count: int, batch_group_count: int, **_: Any,
) -> Any:  # fmt: skip
    wide = np.float32 if x.dtype.itemsize <= 2 else x.dtype
    x = x.transpose(dimension_numbers.lhs_spec).astype(wide, copy=False)  # (N, C, *spatial)
    kernel = kernel.transpose(dimension_numbers.rhs_spec).astype(wide, copy=False)  # (O, C / groups, *window)
    views = _views(_spread(x, padding, lhs_dilation, 0, 2), kernel.shape[2:], window_strides, rhs_dilation, 2)
    rank, per, rows = kernel.ndim - 2, x.shape[1] // feature_group_count, x.shape[0] // batch_group_count
    outs = []
    # Kernels are cut into groups that see features or, in the gradient of such a convolution, rows of their own.
    for group, weights in enumerate(np.split(kernel, feature_group_count * batch_group_count)):
        row, feature = (group, 0) if batch_group_count > 1 else (0, group)
        part = views[row * rows : (row + 1) * rows, feature * per : (feature + 1) * per]
        axes = [1, *range(2 + rank, 2 + 2 * rank)]
        outs.append(np.tensordot(part, weights, (axes, list(range(1, kernel.ndim)))))  # (N, *positions, O / groups)
    return np.moveaxis(np.concatenate(outs, -1), -1, 1).transpose(np.argsort(dimension_numbers.out_spec))

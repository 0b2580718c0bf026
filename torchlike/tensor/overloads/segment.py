"""`torch.segment_reduce`: segments given by lengths or by offsets."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dim_in_range
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


@overload("segment_reduce", "_segment_reduce", method=False)
def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Tensor:
    """The "sum", "mean", "prod", "max" or "min" of each segment of `data` along the dimension `axis`.

    Args:
        lengths: the sizes of the segments, (*data.shape[:axis], S). offsets: in their place, the S + 1 positions where
            segments start and end.
        unsafe: do not wait for the lengths to see whether they fit.
        initial: what every reduction starts at.

    Raises:
        RuntimeError: where the lengths are below zero or do not add up to the size of the dimension.
    """
    if lengths is None and offsets is None:
        if indices is not None:
            raise RuntimeError("segment_reduce(): indices based reduction is not supported.")
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    axis = dim_in_range(axis, data.ndim)
    if offsets is not None:
        if axis != offsets.ndim - 1:
            raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of offsets but got {axis}.")
        lengths = offsets.narrow(-1, 1, offsets.shape[-1] - 1) - offsets.narrow(-1, 0, offsets.shape[-1] - 1)
    elif lengths is not None and not unsafe and axis == lengths.ndim - 1:
        _check_lengths(lengths, data.shape[axis])
    assert lengths is not None  # for the type checker: one of both was given
    return ops.segment_reduce(data, lengths, reduce=reduce, axis=axis, initial=initial)


def _check_lengths(lengths: Tensor, size: int) -> None:
    if lengths.dtype.is_floating_point or lengths.dtype.is_complex:
        raise NotImplementedError(f"\"_segment_reduce_lengths_cpu\" not implemented for '{scalar_name(lengths.dtype)}'")
    if lengths.device is devices.META:
        return
    found: np.ndarray = lengths._read().numpy()
    if (found < 0).any():
        raise RuntimeError("lengths contains negative value!")
    if (found.sum(-1) != size).any():
        raise RuntimeError(
            "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe."
        )

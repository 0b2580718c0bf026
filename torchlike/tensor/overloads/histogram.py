"""Histograms: the edges given, or counted; several kinds of `bins`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from torchlike.base.promotion import scalar_name
from torchlike.tensor import functions as ops
from torchlike.tensor.binding import into
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


class _Histogram(NamedTuple):
    hist: Tensor
    bin_edges: Tensor


class _HistogramDD(NamedTuple):
    hist: Tensor
    bin_edges: tuple[Tensor, ...]


for _made, _name in ((_Histogram, "histogram"), (_HistogramDD, "histogramdd")):
    _made.__name__ = _made.__qualname__ = _name
    _made.__module__ = "torch.return_types"


@overload("bincount")
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number stands in the vector, or the sum of its weights. Waits for the values: the size is theirs.

    Raises:
        RuntimeError: for negative numbers or another shape.
    """
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.dtype.is_floating_point or input.dtype.is_complex or input.dtype.name == "bool":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{scalar_name(input.dtype)}'")
    if input.ndim != 1 or (input.numel() and ops.amin(input).item() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    length = int(ops.amax(input).item()) + 1 if input.numel() else 0
    return ops.bincount(input, weights, length=max(length, minlength))


@overload("histogram")
def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
    out: Any = None,
) -> _Histogram:
    """`(hist, bin_edges)`: how many elements fall between the edges, `bins` (a vector) or `bins` intervals of equal size.

    Args:
        range: the first and the last edge; by default the smallest and the largest element.
        weight: what each element counts, of the input's shape. density: the counts as a probability density.

    Raises:
        RuntimeError: for no bins, a range that is none, a weight of another shape or dtype.
    """
    edges = _edges(input.reshape(-1), 0, bins, range)
    edges = edges.clone() if isinstance(bins, Tensor) else edges  # histogramdd gives an alias, this does not
    if weight is not None and tuple(weight.shape) != tuple(input.shape):
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its "
            f"innermost dimension, but got input with shape {list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    made = _Histogram(_counts(input.reshape(-1, 1), [edges], weight, density), edges)
    return made if out is None else into(out, made)


@overload("histogramdd", method=False)
def histogramdd(
    input: Tensor, bins: Any, range: Sequence[float] | None = None, weight: Tensor | None = None, density: bool = False
) -> _HistogramDD:
    """`(hist, bin_edges)` of points (*, D): how many fall into each cell of a grid of D dimensions.

    Args:
        bins: intervals per dimension (one number for all), or a vector of edges per dimension.
        range: the first and the last edge of each dimension, in a row.

    Raises:
        RuntimeError: where the number of bins or of range ends does not fit the points' last dimension.
    """
    if input.ndim < 2:
        raise RuntimeError(f"torch.histogramdd: input tensor should have at least 2 dimensions, but got {input.ndim}")
    dims = input.shape[-1]
    listed = [bins] * dims if isinstance(bins, int) else list(bins)
    if len(listed) != dims:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    if range is not None and len(range) != 2 * dims:
        raise RuntimeError(f"torch.histogramdd: for a {dims}-dimensional histogram range should have {2 * dims} elements")
    points = input.reshape(math.prod(input.shape[:-1]), dims)
    edges = [
        _edges(points[:, d], d, each, None if range is None else range[2 * d : 2 * d + 2]) for d, each in enumerate(listed)
    ]
    if weight is not None and tuple(weight.shape) != tuple(input.shape[:-1]):
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its "
            f"innermost dimension, but got input with shape {list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    return _HistogramDD(_counts(points, edges, weight, density), tuple(edges))


def _edges(values: Tensor, dim: int, bins: Any, range: Sequence[float] | None) -> Tensor:
    if isinstance(bins, Tensor):
        if bins.ndim != 1 or not bins.numel():
            raise RuntimeError(f"torch.histogramdd: bins tensor should be a vector of edges, but got one of {list(bins.shape)}")
        if bins.dtype is not values.dtype:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{scalar_name(values.dtype)} and bins for dimension {dim} with dtype {scalar_name(bins.dtype)}"
            )
        return bins.detach()
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {dim}")
    if range is not None:
        low, high = (float(edge) for edge in range)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(f"torch.histogramdd: dimension {dim}'s range [{low:g}, {high:g}] is not finite")
        if low > high:
            raise RuntimeError(f"min should be less than max, but got min {low:g} and max {high:g} for dimension {dim}")
        range = (low, high)
    return ops.histogram_edges(values.detach(), bins, range)


def _counts(points: Tensor, edges: list[Tensor], weight: Tensor | None, density: bool) -> Tensor:
    if weight is None:
        return ops.histogram_counts([points.detach(), *edges], False, density)
    if weight.dtype is not points.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but "
            f"got input(dtype={scalar_name(points.dtype)}), weight(dtype={scalar_name(weight.dtype)})"
        )
    return ops.histogram_counts([points.detach(), weight.reshape(-1).detach(), *edges], True, density)

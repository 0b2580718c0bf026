"""Counting: how often a number stands in a vector, how many elements fall between edges."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from torchlike.ops.reduce import type_name, widened
from torchlike.ops.registry import op
from torchlike.ops.supported import require


@op(ns="", method=False)
def bincount(input, weights=None, *, length: int):
    """How often each number of [0, length) stands in the vector `input`, or the sum of its weights."""
    index = input.astype(jnp.int32)
    if weights is None:
        return jnp.zeros(length, jnp.int64).at[index].add(1, mode="drop", wrap_negative_indices=False)
    weights = weights if weights.dtype == jnp.float32 else weights.astype(jnp.float64)
    return jnp.zeros(length, weights.dtype).at[index].add(weights, mode="drop", wrap_negative_indices=False)


def _own_range(x: jax.Array, margin: float) -> tuple[jax.Array, jax.Array]:
    """The smallest and the largest element; moved apart by `margin` to both sides where they are one, [0, 1] for none."""
    if not x.size:
        return jnp.zeros((), x.dtype), jnp.ones((), x.dtype)
    low, high = jnp.min(x), jnp.max(x)
    apart = jnp.where(low == high, margin, 0).astype(x.dtype)
    return low - apart, high + apart


@op()
def histc(input, *, bins=100, min=0, max=0):
    """How many elements fall into each of `bins` equal parts of [min, max]; of their own range where both are equal.

    Raises:
        RuntimeError: for no bins, or where `max` is below `min`.
    """
    require(input, "histogram_cpu")
    if bins <= 0:
        raise RuntimeError(f"torch.histc(): bins must be > 0, but got {bins}")
    if not (math.isfinite(min) and math.isfinite(max)):
        raise RuntimeError(f"torch.histc: range of [{min:g}, {max:g}] is not finite")
    if max < min:
        raise RuntimeError("torch.histc: max must be larger than min")
    x = widened(input.reshape(-1))
    low, high = (jnp.asarray(edge, x.dtype) for edge in (min, max))
    if min == max and x.size:
        low, high = _own_range(x, 1)
    part = jnp.floor((x - low) * bins / (high - low)).astype(jnp.int32)
    part = jnp.where((x >= low) & (x <= high), jnp.minimum(part, bins - 1), bins)
    return jnp.zeros(bins, jnp.float64).at[part].add(1, mode="drop").astype(input.dtype)


# --- between edges -----------------------------------------------------------------------------------------------------


def _require_wide(x: jax.Array) -> None:
    """Raises NotImplementedError unless the elements are floats of 32 or 64 bits."""
    if x.dtype.itemsize == 2:
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{type_name(x)}'")
    require(x, "histogramdd")


@op(ns="", method=False)
def histogram_edges(input, *, bins: int, range=None):
    """`bins + 1` equally spaced edges from the smallest element to the largest, or over the `range` given."""
    _require_wide(input)
    low, high = _own_range(input, 0.5) if range is None else (jnp.asarray(edge, input.dtype) for edge in range)
    if range is not None and range[0] == range[1]:
        low, high = low - 0.5, high + 0.5
    step, place = (high - low) / bins, jnp.arange(bins + 1).astype(input.dtype)
    # From the nearer end, as linspace does: both ends are exact.
    return jnp.where(2 * place < bins + 1, low + step * place, high - step * (bins - place))


@op(ns="", method=False)
def histogram_counts(*tensors, weighted=False, density=False):
    """The points (N, D) counted (or their weights (N) added) in the cells between the edges, a vector per dimension.

    `tensors` are the points, the weights where `weighted`, and the edges. An interval holds its left edge, the last one
    its right edge too. With `density`, the counts are divided by their sum and by the size of the cell.
    """
    points, *edges = tensors
    _require_wide(points)
    weights = edges.pop(0) if weighted else jnp.ones(len(points), points.dtype)
    shape = tuple(edge.size - 1 for edge in edges)
    place = jnp.zeros(len(points), jnp.int32)
    inside = jnp.ones(len(points), bool)
    for d, edge in enumerate(edges):
        x = points[:, d]
        found = jnp.searchsorted(edge, x, side="right").astype(jnp.int32) - 1
        place = place * shape[d] + jnp.minimum(found, shape[d] - 1)
        inside &= (x >= edge[0]) & (x <= edge[-1])
    size = math.prod(shape)
    place = jnp.where(inside, place, size)
    counts = jnp.zeros(size, points.dtype).at[place].add(weights.astype(points.dtype), mode="drop").reshape(shape)
    if density:
        counts = counts / jnp.sum(counts)
        for d, edge in enumerate(edges):
            counts = counts / jnp.diff(edge).reshape(-1, *(1,) * (len(shape) - d - 1))
    return counts

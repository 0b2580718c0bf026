"""Reductions of the segments that a dimension is cut into."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.checks import dim_in_range
from torchlike.ops.reduce import widened
from torchlike.ops.registry import op
from torchlike.ops.supported import require

_NAMES = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "max", "amax": "max", "min": "min", "amin": "min"}


@op(ns="", method=False)
def segment_reduce(data, lengths, *, reduce: str, axis=0, initial=None):
    """The sum, mean, prod, max or min of each segment of `data` along `axis`; what is left over belongs to none.

    `lengths` (*batch, S) has the sizes of the segments, its last dimension being `axis` of `data` (*batch, N, *inner); the
    result is (*batch, S, *inner). Every reduction starts at `initial`. Equal extremes share the gradient evenly.

    Raises:
        RuntimeError: for another reduction, or where `axis` is not the last dimension of `lengths`.
    """
    if reduce not in _NAMES:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    axis, kind = dim_in_range(axis, data.ndim), _NAMES[reduce]
    if axis != lengths.ndim - 1:
        raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of lengths but got {axis}.")
    require(data, "_segment_reduce_cpu")
    batch, size, segments, inner = data.shape[:axis], data.shape[axis], lengths.shape[axis], data.shape[axis + 1 :]
    rows = widened(data).reshape(math.prod(batch), size, *inner)
    counts = lengths.reshape(len(rows), segments).astype(jnp.int32)
    one = _extreme_of_segments if kind in ("max", "min") else _total_of_segments
    out = jax.vmap(lambda x, n: one(x, n, kind, initial))(rows, counts)
    return out.reshape(*batch, segments, *inner).astype(data.dtype)


def _spread(per_segment, x):
    """One number per segment in the shape of numbers per segment and inner place."""
    return per_segment.reshape(-1, *(1,) * (x.ndim - 1))


def _total_of_segments(x, counts, kind, initial):
    """Sums, means and products of the segments of `x` (N, *inner): (S, *inner)."""
    filled = _spread(counts > 0, x)
    if kind == "prod":
        running, _ = lax.associative_scan(_multiply, (x, _starts(x, counts)), axis=0)
        total = jnp.where(filled, _last(running, counts), 1)
        return total if initial is None else total * initial
    total = jax.ops.segment_sum(x, _segment_of(x, counts), len(counts) + 1)[:-1]
    if initial is not None:
        total = total + initial
    if kind == "sum":
        return total
    mean = total / _spread(jnp.maximum(counts, 1), x).astype(x.dtype)
    return jnp.where(filled, mean, math.nan if initial is None else initial)


def _segment_of(x, counts):
    """The segment that each row of `x` belongs to; their number, where to none."""
    return jnp.searchsorted(jnp.cumsum(counts), jnp.arange(len(x), dtype=jnp.int32), side="right").astype(jnp.int32)


def _starts(x, counts):
    """Where a segment starts, in a shape that broadcasts with `x`."""
    segment = _segment_of(x, counts)
    return jnp.broadcast_to(_spread(jnp.diff(segment, prepend=-1) != 0, x), x.shape)


def _last(running, counts):
    """The running results at the last row of each segment."""
    if not len(running):
        return jnp.zeros((len(counts), *running.shape[1:]), running.dtype)
    return running[jnp.clip(jnp.cumsum(counts) - 1, 0, len(running) - 1)]


def _multiply(a, b):
    """Scanned over (value, whether a segment starts there)."""
    return jnp.where(b[1], b[0], a[0] * b[0]), a[1] | b[1]


def _extreme_of_segments(x, counts, kind, initial):
    out = _extreme(x, counts, kind == "max")
    if initial is None:
        return out
    beaten = (out < initial) if kind == "max" else (out > initial)
    return jnp.where(beaten, initial, out)


@jax.custom_jvp
def _largest(x, counts):
    """The largest element of each segment; nan is the largest of all."""
    place = _place_of_largest(x, counts)
    best = jnp.take_along_axis(x, place, 0) if len(x) else jnp.zeros(place.shape, x.dtype)
    return jnp.where(_spread(counts > 0, x), best, -math.inf)


def _place_of_largest(x, counts):
    def later_wins(a, b):
        better = b[2] | (b[0] > a[0]) | ((b[0] != b[0]) & (a[0] == a[0]))
        return jnp.where(better, b[0], a[0]), jnp.where(better, b[1], a[1]), a[2] | b[2]

    places = lax.broadcasted_iota(jnp.int32, x.shape, 0)
    return _last(lax.associative_scan(later_wins, (x, places, _starts(x, counts)), axis=0)[1], counts)


@_largest.defjvp
def _largest_jvp(primals, tangents):
    (x, counts), t = primals, tangents[0]
    out, segment, groups = _largest(x, counts), _segment_of(x, counts), len(counts) + 1
    if not len(x):
        return out, jnp.zeros_like(out)
    pad = jnp.zeros((1, *x.shape[1:]), jnp.int32)
    place = jnp.concatenate([_place_of_largest(x, counts), pad])[segment]
    best = jnp.concatenate([out, pad.astype(out.dtype)])[segment]
    # The place counts whatever rounding does to the comparison.
    share = ((x == best) | (place == lax.broadcasted_iota(jnp.int32, x.shape, 0))).astype(t.dtype)
    number = jax.ops.segment_sum(share, segment, groups)[:-1]
    return out, jax.ops.segment_sum(t * share, segment, groups)[:-1] / jnp.maximum(number, 1)


def _extreme(x, counts, largest):
    return _largest(x, counts) if largest else -_largest(-x, counts)

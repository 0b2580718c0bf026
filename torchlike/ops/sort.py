"""Ops that need order: sort, top-k, order statistics, search. nan is larger than every number, as in torch."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.ops.checks import dim_in_range
from torchlike.ops.elementwise import is_inexact
from torchlike.ops.extremes import at_index, refuse_empty
from torchlike.ops.registry import op
from torchlike.ops.supported import require

_PAIR = ("values", "indices")


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _sorted(x, dim, descending):
    """Values and int32 places, sorted stably. The gradient is the gather that it is (JAX would sort a second time)."""
    places = lax.broadcasted_iota(np.int32 if x.shape[dim] < 2**31 else np.int64, x.shape, dim)
    if not descending:
        return tuple(lax.sort((x, places), dimension=dim, num_keys=1, is_stable=True))
    # Stable from large to small: sorted from behind, read from behind.
    operands = (lax.rev(x, (dim,)), lax.rev(places, (dim,)))
    return tuple(lax.rev(part, (dim,)) for part in lax.sort(operands, dimension=dim, num_keys=1, is_stable=True))


@_sorted.defjvp
def _sorted_jvp(dim, descending, primals, tangents):
    values, places = _sorted(primals[0], dim, descending)
    moved = at_index(tangents[0], places, dim, keepdim=True)
    return (values, places), (moved, np.zeros(places.shape, jax.dtypes.float0))


def _sort(input, dim, descending):
    if jnp.iscomplexobj(input):
        raise RuntimeError("Sort does not support complex dtypes on CPU")
    if not input.ndim:
        dim_in_range(dim, 0)
        return input, jnp.zeros((), jnp.int64)
    values, places = _sorted(input, dim_in_range(dim, input.ndim), descending)
    return values, places.astype(jnp.int64)


@op(returns=_PAIR, layout="like")
def sort(input, *, dim=-1, descending=False, stable=False):
    """The elements in order along `dim` and where they stood (always stable)."""
    return _sort(input, dim, descending)


@op(layout="like")
def argsort(input, *, dim=-1, descending=False, stable=False):
    """Where the elements stand, in order along `dim` (always stable)."""
    return _sort(lax.stop_gradient(input), dim, descending)[1]


@op()
def msort(input):
    """Sorted along the first dimension."""
    return _sort(input, 0, False)[0]


@op(returns=_PAIR)
def topk(input, *, k: int, dim=-1, largest=True, sorted=True):
    """The `k` largest (or smallest) elements along `dim`, in order, and where they stand.

    Raises:
        RuntimeError: if there are fewer than `k` elements.
    """
    for kind, what in ((jnp.complexfloating, "complex"), (jnp.bool_, "bool")):
        if jnp.issubdtype(input.dtype, kind):
            raise RuntimeError(f"topk does not support {what} dtypes on CPU")
    dim = dim_in_range(dim, input.ndim)
    if not 0 <= k <= (input.shape[dim] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if not input.ndim:
        return (input, jnp.zeros((), jnp.int64)) if k else (input.reshape(1)[:0], jnp.zeros((0,), jnp.int64))
    key = lax.stop_gradient(input)
    if not largest:
        key = -key if is_inexact(key) else ~key
    _, places = lax.top_k(jnp.moveaxis(key, dim, -1), k)
    places = jnp.moveaxis(places, -1, dim)
    return at_index(input, places, dim, keepdim=True), places.astype(jnp.int64)


@op(returns=_PAIR)
def kthvalue(input, *, k: int, dim=-1, keepdim=False):
    """The k-th smallest element along `dim` (k counts from 1) and where it stands."""
    require(input, "kthvalue_cpu", jnp.integer)
    dim = dim_in_range(dim, input.ndim)
    refuse_empty("kthvalue", input, dim)
    if not 1 <= k <= (input.shape[dim] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    return _kth(input, k - 1, dim, keepdim)


def _kth(input, rank, dim, keepdim):
    """The element of the given rank (a number, or one per row) along `dim`, the gradient going to it only."""
    if not input.ndim:
        return input, jnp.zeros((), jnp.int64)
    _, order = _sorted(lax.stop_gradient(input), dim, False)
    shape = tuple(1 if d == dim else n for d, n in enumerate(input.shape))
    index = at_index(order, jnp.broadcast_to(jnp.asarray(rank, jnp.int32), shape), dim, keepdim=True)
    index = index if keepdim else jnp.squeeze(index, dim)
    return at_index(input, index, dim, keepdim), index.astype(jnp.int64)


# --- medians and the mode ----------------------------------------------------------------------------------------------


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _median_all(x, skip_nan):
    require(x, "median_cpu", jnp.integer)
    if not x.size:
        return jnp.full((), jnp.nan, x.dtype)
    return _kth(x, _median_rank(x, 0, skip_nan), 0, False)[0]


@_median_all.defjvp
def _median_all_jvp(skip_nan, primals, tangents):
    """Elements equal to the median share the gradient evenly."""
    x = primals[0]
    median_ = _median_all(x, skip_nan)
    same = (x == median_) | ((x != x) & (median_ != median_))
    return median_, jnp.sum(jnp.where(same, tangents[0], 0)) / jnp.sum(same).astype(x.dtype)


def _median_rank(x, dim, skip_nan):
    """The lower middle; the place of the first nan where nan decides. `keepdim` shape."""
    size = x.shape[dim]
    if not is_inexact(x):
        return (size - 1) // 2
    there = jnp.sum(x == x, axis=dim, keepdims=True, dtype=jnp.int32)
    if skip_nan:
        return jnp.maximum(there - 1, 0) // 2
    return jnp.where(there < size, there, (size - 1) // 2)


def _median_dim(input, dim, keepdim, skip_nan):
    require(input, "median_cpu", jnp.integer)
    dim = dim_in_range(dim, input.ndim)
    if not input.ndim:
        return input, jnp.zeros((), jnp.int64)
    if not input.shape[dim]:
        raise IndexError(f"{'nan' if skip_nan else ''}median(): Expected reduction dim {dim} to have non-zero size.")
    return _kth(input, _median_rank(input, dim, skip_nan), dim, keepdim)


@op(ns="", method=False, grad_name="Median")
def median_all(input):
    """The median, of an even count the lower one; nan if there is one."""
    return _median_all(input.reshape(-1), False)


@op(ns="", method=False, grad_name="Nanmedian")
def nanmedian_all(input):
    """The median of what is not nan."""
    return _median_all(input.reshape(-1), True)


@op(ns="", method=False, returns=_PAIR, grad_name="Median")
def median_dim(input, *, dim: int, keepdim=False):
    """The (lower) median along `dim` and where it stands."""
    return _median_dim(input, dim, keepdim, False)


@op(ns="", method=False, returns=_PAIR, grad_name="Nanmedian")
def nanmedian_dim(input, *, dim: int, keepdim=False):
    """The (lower) median along `dim` of what is not nan, and where it stands."""
    return _median_dim(input, dim, keepdim, True)


@op(returns=_PAIR)
def mode(input, *, dim=-1, keepdim=False):
    """The most frequent element along `dim`, of equally frequent ones the smallest, and where it stands last."""
    require(input, "mode_cpu", jnp.integer, jnp.bool_)
    dim = dim_in_range(dim, input.ndim)
    if not input.ndim:
        return input, jnp.zeros((), jnp.int64)
    refuse_empty("mode", input, dim)
    values, order = _sorted(lax.stop_gradient(input), dim, False)
    place = lax.broadcasted_iota(jnp.int32, input.shape, dim)
    first = jnp.concatenate([jnp.ones_like(place, bool, shape=_one(input.shape, dim)), jnp.diff(values, axis=dim) != 0], dim)
    run = place - lax.cummax(jnp.where(first, place, 0), dim)
    index = at_index(order, lax.argmax(run, dim, np.int32), dim)
    index = jnp.expand_dims(index, dim) if keepdim else index
    return at_index(input, index, dim, keepdim), index.astype(jnp.int64)


def _one(shape, dim):
    return tuple(1 if d == dim else n for d, n in enumerate(shape))


# --- quantiles ---------------------------------------------------------------------------------------------------------


@op(ns="", method=False, promote="same", promoted=("input", "q"), layout="contiguous")
def quantile(input, q, *, dim: int | None = None, keepdim=False, interpolation="linear"):
    """The quantiles `q` (in [0, 1]; a vector adds a first dimension) along `dim`; nan where there is a nan."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@op(ns="", method=False, promote="same", promoted=("input", "q"), layout="contiguous")
def nanquantile(input, q, *, dim: int | None = None, keepdim=False, interpolation="linear"):
    """The quantiles `q` (in [0, 1]) along `dim` of what is not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


def _quantile(name, input, q, dim, keepdim, interpolation, skip_nan):
    if not input.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    ndim = input.ndim
    flat = dim is None or not ndim
    rows = input.reshape(-1) if flat else jnp.moveaxis(input, dim_in_range(dim, ndim), -1)
    out = _quantile_of_rows(rows, q.reshape(-1), interpolation, skip_nan)  # (..., number of quantiles)
    out = jnp.moveaxis(out, -1, 0)
    if keepdim:
        out = out.reshape(out.shape[0], *(1,) * ndim) if flat else jnp.expand_dims(out, dim_in_range(dim, ndim) + 1)
    return out if q.ndim else out[0]


def _quantile_of_rows(rows, q, interpolation, skip_nan):
    ordered, _ = _sorted(rows, rows.ndim - 1, False)
    there = jnp.sum(rows == rows, axis=-1, keepdims=True)
    size = rows.shape[-1]
    last = jnp.maximum(there - 1, 0) if skip_nan else jnp.full_like(there, size - 1)
    rank = q * last.astype(q.dtype)
    if not skip_nan:  # a nan stands last and decides
        rank = jnp.where(there < size, jnp.asarray(size - 1, q.dtype), rank)
    if interpolation == "lower":
        rank = jnp.floor(rank)
    elif interpolation == "higher":
        rank = jnp.ceil(rank)
    elif interpolation == "nearest":
        rank = jnp.round(rank)
    below = jnp.floor(rank)
    weight = jnp.full_like(rank, 0.5) if interpolation == "midpoint" else rank - below
    low = at_index(ordered, below.astype(jnp.int32), rows.ndim - 1, keepdim=True)
    high = at_index(ordered, jnp.ceil(rank).astype(jnp.int32), rows.ndim - 1, keepdim=True)
    return jnp.where(weight < 0.5, low + weight * (high - low), high - (high - low) * (1 - weight))


# --- search ------------------------------------------------------------------------------------------------------------


@op(promote="same", promoted=("sorted_sequence", "input"), layout="contiguous", method=False)
def searchsorted(sorted_sequence, input, sorter=None, *, out_int32=False, right=False, side=None):
    """Where each element of `input` would be put into the sorted rows of `sorted_sequence`.

    Raises:
        RuntimeError: unless the sequence is a vector or both agree in all dimensions but the last.
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if input.size:
        require(sorted_sequence, "searchsorted_out_cpu", jnp.integer)
    side = side or ("right" if right else "left")
    if sorter is not None:
        sorted_sequence = at_index(sorted_sequence, sorter, sorted_sequence.ndim - 1, keepdim=True)
    out_dtype = jnp.int32 if out_int32 else jnp.int64
    if sorted_sequence.ndim == 1:
        return jnp.searchsorted(sorted_sequence, input, side=side).astype(out_dtype)
    if sorted_sequence.shape[:-1] != input.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got boundaries tensor {list(sorted_sequence.shape)} and input value "
            f"tensor {list(input.shape)}"
        )
    if not input.size:
        return jnp.zeros(input.shape, out_dtype)
    rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
    wanted = input.reshape(rows.shape[0], -1)
    found = jax.vmap(functools.partial(jnp.searchsorted, side=side))(rows, wanted)
    return found.reshape(input.shape).astype(out_dtype)


@op(promote="same", layout="contiguous", method=False)
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """The index of the bucket that each element falls into; `right` decides where a boundary itself belongs."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"torch.bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)

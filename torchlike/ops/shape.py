"""Ops that join, repeat, turn and mask. Views (reshape, transpose, slices, splits) are in `view.py`."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base.dtypes import default_float
from torchlike.ops.checks import dim_in_range, dims_in_range
from torchlike.ops.reduce import widened
from torchlike.ops.registry import op

_JOIN: dict[str, Any] = {"promote": "same", "layout": "contiguous", "linear": True, "method": False}


# --- joining -----------------------------------------------------------------------------------------------------------


@op(**_JOIN, aliases=("concat", "concatenate"))
def cat(*tensors, dim=0):
    """The tensors one after the other along `dim`; a tensor of shape (0,) is passed over.

    Raises:
        RuntimeError: where the other sizes differ, and for zero-dim tensors.
    """
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for at, tensor in enumerate(tensors):
        if not tensor.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {at}) cannot be concatenated")
    joined = [tensor for tensor in tensors if tensor.shape != (0,)]
    if not joined:
        return tensors[0]
    first = joined[0]
    dim = dim_in_range(dim, first.ndim)
    for at, tensor in enumerate(tensors):
        if tensor.shape == (0,):
            continue
        if tensor.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {tensor.ndim}")
        for d, (want, got) in enumerate(zip(first.shape, tensor.shape, strict=True)):
            if d != dim and want != got:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {want} but got size {got} for "
                    f"tensor number {at} in the list."
                )
    return jnp.concatenate(joined, axis=dim)


@op(**_JOIN)
def stack(*tensors, dim=0):
    """The tensors along a new dimension `dim`. Raises RuntimeError unless all have one shape."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for at, tensor in enumerate(tensors):
        if tensor.shape != tensors[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(tensor.shape)} at entry {at}"
            )
    return jnp.stack(tensors, axis=dim_in_range(dim, tensors[0].ndim + 1))


def _some(name: str, tensors) -> None:
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")


@op(**_JOIN)
def hstack(*tensors):
    """Joined along the second dimension (the first, for vectors)."""
    _some("hstack", tensors)
    tensors = tuple(jnp.atleast_1d(x) for x in tensors)
    return cat(*tensors, dim=0 if tensors and tensors[0].ndim == 1 else 1)


@op(**_JOIN, aliases=("row_stack",))
def vstack(*tensors):
    """Joined along the first dimension; vectors are rows."""
    _some("vstack", tensors)
    return cat(*(jnp.atleast_2d(x) for x in tensors), dim=0)


@op(**_JOIN)
def dstack(*tensors):
    """Joined along the third dimension."""
    _some("dstack", tensors)
    return cat(*(jnp.atleast_3d(x) for x in tensors), dim=2)


@op(**_JOIN)
def column_stack(*tensors):
    """Joined along the second dimension; vectors are columns."""
    _some("column_stack", tensors)
    return cat(*(x.reshape(x.size, 1) if x.ndim <= 1 else x for x in tensors), dim=1)


@op(**{**_JOIN, "ns": ""})
def block_diag(*tensors):
    """The matrices along the diagonal of a larger one; vectors are rows."""
    blocks = [jnp.atleast_2d(x) for x in tensors]
    width = sum(block.shape[1] for block in blocks)
    before, bands = 0, []
    for block in blocks:
        after = width - before - block.shape[1]
        bands.append(jnp.pad(block, ((0, 0), (before, after))))
        before += block.shape[1]
    return jnp.concatenate(bands) if bands else jnp.zeros((1, 0), jnp.float32)


# --- repeating ---------------------------------------------------------------------------------------------------------


@op(ns="", method=False, linear=True)
def repeat(input, *, repeats: tuple[int, ...]):
    """The whole tensor again and again, `repeats[i]` times along dimension i; new dimensions come in front."""
    if len(repeats) < input.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = (1,) * (len(repeats) - input.ndim) + input.shape
    if min(repeats, default=0) < 0:
        worst = min(n * r for n, r in zip(shape, repeats, strict=True))
        raise RuntimeError(f"Trying to create tensor with negative dimension {worst}")
    pairs = [d for n, r in zip(shape, repeats, strict=True) for d in (r, n)]
    spread = jnp.broadcast_to(input.reshape([d for n in shape for d in (1, n)]), pairs)
    return spread.reshape([n * r for n, r in zip(shape, repeats, strict=True)])


@op(ns="", method=False, linear=True)
def tile(input, *, dims: tuple[int, ...]):
    """As `repeat`; missing leading entries of `dims` are 1."""
    return repeat(input, repeats=(1,) * (input.ndim - len(dims)) + tuple(dims))


@op(ns="", method=False, linear=True)
def repeat_interleave(input, *, repeats: int, dim: int | None = None):
    """Each element `repeats` times in a row along `dim` (in the flattened tensor by default)."""
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    if dim is None or not input.ndim:
        input, dim = input.reshape(-1), 0
    dim = dim_in_range(dim, input.ndim)
    head, tail = input.shape[: dim + 1], input.shape[dim + 1 :]
    spread = jnp.broadcast_to(jnp.expand_dims(input, dim + 1), (*head, repeats, *tail))
    return spread.reshape(*head[:-1], head[-1] * repeats, *tail)


# --- turning -----------------------------------------------------------------------------------------------------------


@op(ns="", method=False, linear=True, layout="like")
def flip(input, *, dims: tuple[int, ...]):
    """The order of the elements reversed along each of `dims`."""
    return jnp.flip(input, dims_in_range(dims, input.ndim)) if dims else input


@op(linear=True)
def fliplr(input):
    """Reversed along the second dimension."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return jnp.flip(input, 1)


@op(linear=True)
def flipud(input):
    """Reversed along the first dimension."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return jnp.flip(input, 0)


@op(linear=True)
def roll(input, *, shifts: int | tuple[int, ...], dims: int | tuple[int, ...] | None = None):
    """Moved by `shifts` along `dims`, what falls out coming in again; the flattened tensor where `dims` is not given."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not input.ndim and dims:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if not dims and len(shifts) == 1:
        return jnp.roll(input.reshape(-1), shifts[0]).reshape(input.shape)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return jnp.roll(input, shifts, tuple(dim_in_range(d, input.ndim) for d in dims))


# --- triangles and diagonals -------------------------------------------------------------------------------------------


def _triangle(name, fn, input, diagonal):
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return fn(input, diagonal)


@op(inplace=True, linear=True)
def tril(input, *, diagonal=0):
    """The lower triangle of each matrix, the rest 0."""
    return _triangle("tril", jnp.tril, input, diagonal)


@op(inplace=True, linear=True)
def triu(input, *, diagonal=0):
    """The upper triangle of each matrix, the rest 0."""
    return _triangle("triu", jnp.triu, input, diagonal)


@op(linear=True)
def diag(input, *, diagonal=0):
    """A vector becomes a matrix with that diagonal, a matrix gives its diagonal (a copy)."""
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return diag_embed(input, offset=diagonal) if input.ndim == 1 else jnp.diagonal(input, diagonal)


@op(linear=True)
def diagflat(input, *, offset=0):
    """A matrix whose diagonal is the flattened tensor."""
    return diag_embed(input.reshape(-1), offset=offset)


@op(linear=True)
def diag_embed(input, *, offset=0, dim1=-2, dim2=-1):
    """Matrices (in dimensions `dim1`, `dim2`) whose diagonals are the vectors of the last dimension."""
    ndim = input.ndim + 1
    first, second = dim_in_range(dim1, ndim), dim_in_range(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    pad = [(0, 0)] * (input.ndim - 1) + [(0, abs(offset))]
    line = jnp.pad(input, pad)
    size = line.shape[-1]
    row, column = np.arange(size)[:, None], np.arange(size)[None, :]
    spread = line[..., :, None] if offset >= 0 else line[..., None, :]
    out = jnp.where(column == row + offset, spread, jnp.zeros((), input.dtype))
    return jnp.moveaxis(out, (-2, -1), (first, second))


# --- neighbours --------------------------------------------------------------------------------------------------------


@op(ns="", method=False, promote="same", layout="like", linear=True)
def diff(input, prepend=None, append=None, *, n=1, dim=-1):
    """The differences of neighbours along `dim`, `n` times; of `input` alone, without its ends, for 0."""
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    dim = dim_in_range(dim, input.ndim)
    if n == 0:
        return input
    ends = [x if x is None or x.ndim else jnp.broadcast_to(x, (*input.shape[:dim], 1, *input.shape[dim + 1 :]))
            for x in (prepend, append)]  # fmt: skip
    parts = [x for x in (ends[0], input, ends[1]) if x is not None]
    out = cat(*parts, dim=dim) if len(parts) > 1 else input
    for _ in range(n):
        size = out.shape[dim]
        after = lax.slice_in_dim(out, min(1, size), size, axis=dim)
        before = lax.slice_in_dim(out, 0, max(size - 1, 0), axis=dim)
        out = after ^ before if out.dtype == jnp.bool_ else after - before
    return out


@op(promote="same", layout="contiguous", method=False, aliases=("trapz",))
def trapezoid(y, x=None, *, dx=1.0, dim=-1):
    """The integral of `y` along `dim` by the trapezoid rule; the steps are `dx` or the differences of `x`.

    Whole numbers are multiplied as such, and wrap; the result is of the default dtype.
    """
    dim = _trapezoid_dim(dim, y, x)
    if x is not None:
        total = jnp.sum(_widest(_trapezoids(y, x, dim)), axis=dim) / 2
    elif y.shape[dim] == 0:
        total = jnp.sum(y, axis=dim)
    else:
        ends = jnp.take(y, 0, axis=dim) + jnp.take(y, -1, axis=dim)
        total = (jnp.sum(_widest(y), axis=dim) - _widest(ends) / 2) * dx
    return total.astype(default_float(y.dtype))


@op(promote="same", layout="contiguous", method=False)
def cumulative_trapezoid(y, x=None, *, dx=1.0, dim=-1):
    """The running integral of `y` along `dim` by the trapezoid rule; of whole numbers, as `trapezoid`."""
    dim = _trapezoid_dim(dim, y, x)
    sums = jnp.cumsum(_widest(_trapezoids(y, x, dim)), axis=dim)
    return (sums * ((1 if x is not None else dx) / 2)).astype(default_float(y.dtype))


def _trapezoid_dim(dim, y, x):
    if y.dtype == jnp.bool_:
        which = "`y`" if x is None else "`x` or `y`"
        raise RuntimeError(f"trapezoid: received a bool input for {which}, but bool is not supported")
    return dim_in_range(dim, y.ndim)


def _trapezoids(y, x, dim):
    """Twice the areas between neighbours, in the dtype of `y`: in whole numbers they wrap, as torch's."""
    size = y.shape[dim]
    pairs = lax.slice_in_dim(y, 1, size, axis=dim) + lax.slice_in_dim(y, 0, size - 1, axis=dim)
    if x is None:
        return pairs
    steps = diff(x, dim=-1 if x.ndim == 1 else dim)
    return pairs * (steps.reshape(-1, *(1,) * (y.ndim - dim - 1)) if x.ndim == 1 else steps)


def _widest(x):
    """As sums are accumulated: 16-bit floats in 32 bits, whole numbers in 64."""
    return x.astype(jnp.int64) if jnp.issubdtype(x.dtype, jnp.integer) else widened(x)

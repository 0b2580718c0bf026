"""Extremes over dimensions, running ones, and where they stand. nan counts as the extreme, as in torch."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.ops.checks import dim_in_range, dims_in_range
from torchlike.ops.reduce import Dims
from torchlike.ops.registry import op
from torchlike.ops.supported import require


def refuse_empty(name: str, input, dim: int | tuple[int, ...] | None) -> None:
    """Raise where there is nothing to choose from."""
    if math.prod(input.shape):
        return
    if dim is None or dim == ():
        message = f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
        if name.startswith("arg"):
            raise IndexError(message)
        raise RuntimeError(f"{message} Specify the reduction dim with the 'dim' argument.")
    for d in dims_in_range(dim, input.ndim):
        if not input.shape[d]:
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


def _position(input, dim: int | None, keepdim: bool, largest: bool):
    """The first place of the extreme (nan counts as the extreme) along `dim`, int64."""
    if dim is None:
        input, dim, shape = input.reshape(-1), 0, (1,) * input.ndim if keepdim else ()
    else:
        shape = None
        dim = dim_in_range(dim, input.ndim)
        if input.ndim == 0:
            return jnp.zeros((), jnp.int64)
    if input.dtype == jnp.bool_:
        input = input.astype(jnp.int8)
    narrow = np.int32 if input.shape[dim] < 2**31 else np.int64
    index = (lax.argmax if largest else lax.argmin)(input, dim, narrow).astype(jnp.int64)
    if shape is not None:
        return index.reshape(shape)
    return jnp.expand_dims(index, dim) if keepdim else index


def at_index(input, index, dim: int, keepdim: bool = False):
    """The elements at `index` along `dim`, `index` without (or, with `keepdim`, with) that dimension."""
    if input.ndim == 0:
        return input
    if not keepdim:
        index = jnp.expand_dims(index, dim)
    picked = jnp.take_along_axis(input, index, axis=dim, mode="promise_in_bounds", wrap_negative_indices=False)
    return picked if keepdim else jnp.squeeze(picked, dim)


def _extreme_dim(name, input, dim, keepdim, largest):
    if jnp.iscomplexobj(input):
        raise RuntimeError(f"{name}(): does not support complex input")
    refuse_empty(name, input, dim)
    dim = dim_in_range(dim, input.ndim)
    index = _position(input, dim, keepdim, largest)
    return at_index(input, index, dim, keepdim), index


@op(ns="", method=False, returns=("values", "indices"), grad_name="Max")
def max_dim(input, *, dim: int, keepdim=False):
    """The largest elements along `dim` and where they stand first; the gradient goes to those only."""
    return _extreme_dim("max", input, dim, keepdim, True)


@op(ns="", method=False, returns=("values", "indices"), grad_name="Min")
def min_dim(input, *, dim: int, keepdim=False):
    """The smallest elements along `dim` and where they stand first; the gradient goes to those only."""
    return _extreme_dim("min", input, dim, keepdim, False)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _even(x, dims, largest):
    """The extreme over `dims`, which are kept; equal elements share the gradient evenly."""
    return (jnp.max if largest else jnp.min)(x, dims, keepdims=True)


@_even.defjvp
def _even_jvp(dims, largest, primals, tangents):
    (x,), (t,) = primals, tangents
    out = _even(x, dims, largest)
    if not dims or not x.size:
        return out, t if not dims else jnp.zeros_like(out)
    # Comparing alone is not enough: XLA may compute x again in another kernel, rounded differently, and then nothing is
    # equal to the result. The place of the extreme always counts.
    moved = jnp.moveaxis(x, dims, range(-len(dims), 0))
    flat = moved.reshape(*moved.shape[: -len(dims)], -1)
    place = (jnp.argmax if largest else jnp.argmin)(flat, -1, keepdims=True)
    first = (jnp.arange(flat.shape[-1]) == place).reshape(moved.shape)
    share = ((x == out) | jnp.moveaxis(first, range(-len(dims), 0), dims)).astype(t.dtype)
    return out, jnp.sum(t * (share / share.sum(dims, keepdims=True)), dims, keepdims=True)


def _extreme(name, reduce_, input, dim=None, keepdim=False):
    require(input, f"{name}_cpu", jnp.integer, jnp.bool_)
    refuse_empty(name, input, dim)
    dims = dims_in_range(dim, input.ndim)
    out = _even(input, dims, reduce_ is jnp.max)
    return out if keepdim else lax.squeeze(out, dims)


@op(ns="", method=False, grad_name="Max")
def max_all(input):
    """The largest element; equal ones share the gradient evenly."""
    return _extreme("max", jnp.max, input)


@op(ns="", method=False, grad_name="Min")
def min_all(input):
    """The smallest element; equal ones share the gradient evenly."""
    return _extreme("min", jnp.min, input)


@op()
def amax(input, *, dim: Dims = (), keepdim=False):
    """The largest element over `dim`; equal ones share the gradient evenly."""
    return _extreme("amax", jnp.max, input, dim, keepdim)


@op()
def amin(input, *, dim: Dims = (), keepdim=False):
    """The smallest element over `dim`; equal ones share the gradient evenly."""
    return _extreme("amin", jnp.min, input, dim, keepdim)


@op(returns=("min", "max"))
def aminmax(input, *, dim: int | None = None, keepdim=False):
    """The smallest and the largest element over `dim`."""
    require(input, "aminmax_cpu", jnp.integer, jnp.bool_)
    if dim is None and not math.prod(input.shape):
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.")
    return _extreme("aminmax", jnp.min, input, dim, keepdim), _extreme("aminmax", jnp.max, input, dim, keepdim)


def _argument(name, input, dim, keepdim):
    for kind, what in ((jnp.complexfloating, "complex"), (jnp.bool_, "bool")):
        if jnp.issubdtype(input.dtype, kind):
            raise RuntimeError(f"{name}(): does not support {what} input")
    refuse_empty(name, input, dim)
    return _position(input, dim, keepdim, name == "argmax")


@op()
def argmax(input, *, dim: int | None = None, keepdim=False):
    """Where the largest element stands first, in `dim` or in the flattened tensor (int64)."""
    return _argument("argmax", input, dim, keepdim)


@op()
def argmin(input, *, dim: int | None = None, keepdim=False):
    """Where the smallest element stands first, in `dim` or in the flattened tensor (int64)."""
    return _argument("argmin", input, dim, keepdim)


# --- running extremes --------------------------------------------------------------------------------------------------


def _running_extreme(input, dim, largest):
    """Values and places; of equal ones the last, and nan beats all, as torch does."""

    def later_wins(a, b):
        keep_b = (b[0] >= a[0] if largest else b[0] <= a[0]) | (b[0] != b[0])
        keep_b &= (a[0] == a[0]) | (b[0] != b[0])
        return jnp.where(keep_b, b[0], a[0]), jnp.where(keep_b, b[1], a[1])

    dim = dim_in_range(dim, input.ndim)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    require(input, "cummax_cpu" if largest else "cummin_cpu", jnp.integer, jnp.bool_)
    places = lax.broadcasted_iota(jnp.int32, input.shape, dim)
    _, index = lax.associative_scan(later_wins, (lax.stop_gradient(input), places), axis=dim)
    return at_index(input, index, dim, keepdim=True), index.astype(jnp.int64)


@op(returns=("values", "indices"))
def cummax(input, *, dim: int):
    """The running maximum along `dim` and where it stands (the last of equal ones)."""
    return _running_extreme(input, dim, True)


@op(returns=("values", "indices"))
def cummin(input, *, dim: int):
    """The running minimum along `dim` and where it stands (the last of equal ones)."""
    return _running_extreme(input, dim, False)

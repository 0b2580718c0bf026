"""Reductions and running reductions over dimensions: sums, norms, moments, extremes."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dim_in_range, dims_in_range
from torchlike.ops.elementwise import absolute, is_inexact
from torchlike.ops.registry import op

Dims = int | tuple[int, ...] | None


def _type_name(x: jax.Array) -> str:
    return scalar_name(dtypes.from_numpy(x.dtype))


def _sum_dtype(x: jax.Array, dtype: np.dtype | None) -> np.dtype:
    """torch sums whole numbers and bools in int64."""
    return dtype or (x.dtype if is_inexact(x) else np.dtype(np.int64))


def widened(x: jax.Array) -> jax.Array:
    """16-bit floats in 32 bits: sums are accumulated there and rounded once, at the end."""
    return x.astype(jnp.float32) if x.dtype.itemsize == 2 and is_inexact(x) else x


def _accumulate(fn, input, dtype, **how):
    """Sum or multiply in a wide enough dtype, then round to the one that is wanted."""
    dtype = _sum_dtype(input, dtype)
    return fn(widened(input.astype(dtype)), **how).astype(dtype)


def _count(x: jax.Array, dims: tuple[int, ...]) -> int:
    return math.prod(x.shape[d] for d in dims)


# --- sums and products -------------------------------------------------------------------------------------------------


@op(linear=True)
def sum(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The sum over `dim` (all of them by default). Integers and bools sum to int64."""
    return _accumulate(jnp.sum, input, dtype, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)


@op()
def nansum(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The sum over `dim` that takes nan as 0."""
    kept = jnp.where(input != input, jnp.zeros_like(input), input)
    return _accumulate(jnp.sum, kept, dtype, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)


@op(linear=True)
def mean(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The mean over `dim` (all of them by default). Raises RuntimeError for integers unless `dtype` says a float."""
    dtype = dtype or input.dtype
    if not jnp.issubdtype(dtype, jnp.inexact):
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_name(dtypes.from_numpy(dtype))}"
        )
    dims = dims_in_range(dim, input.ndim)
    if not _count(input, dims):  # 0 / 0, without numpy's warning
        return jnp.full(jnp.sum(input, axis=dims, keepdims=keepdim).shape, jnp.nan, dtype)
    return _accumulate(jnp.mean, input, dtype, axis=dims, keepdims=keepdim)


@op()
def nanmean(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The mean over `dim` of what is not nan."""
    dims, dtype = dims_in_range(dim, input.ndim), dtype or input.dtype
    there, wide = input == input, widened(input.astype(dtype))
    total = jnp.sum(jnp.where(there, wide, 0), axis=dims, keepdims=keepdim)
    return (total / jnp.sum(there, axis=dims, keepdims=keepdim).astype(total.dtype)).astype(dtype)


@op()
def prod(input, *, dim: int | None = None, keepdim=False, dtype=None):
    """The product over `dim` (all of them by default); zeros keep exact gradients."""
    return _accumulate(jnp.prod, input, dtype, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)


@op()
def all(input, *, dim: Dims = None, keepdim=False):
    """Whether all elements over `dim` are true (nonzero). uint8 in, uint8 out, as torch."""
    out = jnp.all(input, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)
    return out.astype(jnp.uint8) if input.dtype == jnp.uint8 else out


@op()
def any(input, *, dim: Dims = None, keepdim=False):
    """Whether any element over `dim` is true (nonzero). uint8 in, uint8 out, as torch."""
    out = jnp.any(input, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)
    return out.astype(jnp.uint8) if input.dtype == jnp.uint8 else out


@op()
def count_nonzero(input, *, dim: Dims = None):
    """How many elements over `dim` are not zero (int64)."""
    return jnp.sum(input != 0, axis=dims_in_range(dim, input.ndim), dtype=jnp.int64)


@op()
def trace(input):
    """The sum of a matrix's diagonal. Raises RuntimeError unless `input` has two dimensions."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return _accumulate(jnp.trace, input, None)


# --- moments -----------------------------------------------------------------------------------------------------------


@jax.custom_jvp
def safe_sqrt(x):
    """The square root whose gradient at 0 is 0: what torch's norm and std do."""
    return jnp.sqrt(x)


@safe_sqrt.defjvp
def _safe_sqrt_jvp(primals, tangents):
    root = safe_sqrt(primals[0])
    zero = root == 0
    return root, jnp.where(zero, 0, tangents[0] / jnp.where(zero, 1, 2 * root))


def _moments(input, dim, correction, keepdim):
    if not is_inexact(input):
        raise RuntimeError("std and var only support floating point and complex dtypes")
    dims = dims_in_range(dim, input.ndim)
    count = _count(input, dims)
    wide = widened(input)
    center = jnp.sum(wide, axis=dims, keepdims=True) / wide.dtype.type(count) if count else jnp.full_like(wide, jnp.nan)
    distance = jnp.sum(_size_squared(wide - center), axis=dims, keepdims=keepdim)
    free = max(count - correction, 0)
    spread = distance / free if free else distance / jnp.zeros_like(distance)
    if count:
        return spread, center.reshape(distance.shape)
    return spread, jnp.full(distance.shape, jnp.nan, wide.dtype)


@op(ns="", method=False)
def var(input, *, dim: Dims = None, correction=1, keepdim=False):
    """The variance over `dim`, divided by `N - correction`."""
    spread, _ = _moments(input, dim, correction, keepdim)
    return spread.astype(_real_dtype(input))


@op(ns="", method=False)
def std(input, *, dim: Dims = None, correction=1, keepdim=False):
    """The standard deviation over `dim`, divided by `N - correction`; its gradient where it is 0 is 0."""
    spread, _ = _moments(input, dim, correction, keepdim)
    return safe_sqrt(spread).astype(_real_dtype(input))


@op(ns="", method=False)
def var_mean(input, *, dim: Dims = None, correction=1, keepdim=False):
    """`(var, mean)` over `dim`."""
    spread, center = _moments(input, dim, correction, keepdim)
    return spread.astype(_real_dtype(input)), center.astype(input.dtype)


@op(ns="", method=False)
def std_mean(input, *, dim: Dims = None, correction=1, keepdim=False):
    """`(std, mean)` over `dim`."""
    spread, center = _moments(input, dim, correction, keepdim)
    return safe_sqrt(spread).astype(_real_dtype(input)), center.astype(input.dtype)


def _real_dtype(x) -> np.dtype:
    return np.dtype(x.real.dtype)


# --- norms -------------------------------------------------------------------------------------------------------------


@op(ns="", method=False)
def vector_norm(input, *, ord: float = 2, dim: Dims = None, keepdim=False, dtype=None):
    """The `ord`-norm of the elements over `dim`. The gradient at 0 is 0."""
    if not is_inexact(input):
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {_type_name(input)}")
    if dtype is not None:
        input = input.astype(dtype)
    dims, out_dtype = dims_in_range(dim, input.ndim), _real_dtype(input)
    return norm(widened(input), float(ord), dims, keepdim).astype(out_dtype)


def _size_squared(x):
    return jnp.square(x.real) + jnp.square(x.imag) if jnp.iscomplexobj(x) else jnp.square(x)


def norm(x, ord, dims, keepdim):
    if ord in (math.inf, -math.inf):
        if math.prod(x.shape) == 0 and ord > 0:
            return jnp.sum(absolute(x), axis=dims, keepdims=keepdim)
        return (jnp.max if ord > 0 else jnp.min)(absolute(x), axis=dims, keepdims=keepdim)
    if ord == 0:
        return jnp.sum(x != 0, axis=dims, keepdims=keepdim, dtype=_real_dtype(x))
    if ord == 1:
        return jnp.sum(absolute(x), axis=dims, keepdims=keepdim)
    if ord == 2:
        return safe_sqrt(jnp.sum(_size_squared(x), axis=dims, keepdims=keepdim))
    size = absolute(x)
    zero = size == 0
    powers = jnp.where(zero, 0 if ord > 0 else math.inf, jnp.power(jnp.where(zero, 1, size), ord))
    total = jnp.sum(powers, axis=dims, keepdims=keepdim)
    empty = (total == 0) | jnp.isinf(total)
    flat = jnp.where(empty, lax.stop_gradient(jnp.power(total, 1 / ord)), 1)
    return jnp.where(empty, flat, jnp.power(jnp.where(empty, 1, total), 1 / ord))


@op(promote="same", layout="contiguous")
def dist(input, other, *, p: float = 2.0):
    """The p-norm of `input - other`."""
    return norm(widened(input - other), float(p), tuple(range(max(input.ndim, other.ndim))), False).astype(_real_dtype(input))


@op(ns="torch special", promote="float", layout="contiguous")
def logsumexp(input, *, dim: Dims, keepdim=False):
    """`log(sum(exp(input)))` over `dim`, without overflow."""
    dims = dims_in_range(dim, input.ndim)
    if not _count(input, dims):
        return jnp.full(jnp.sum(input, axis=dims, keepdims=keepdim).shape, -jnp.inf, input.dtype)
    return jax.nn.logsumexp(widened(input), axis=dims, keepdims=keepdim).astype(input.dtype)


# --- extremes ----------------------------------------------------------------------------------------------------------


def _refuse_empty(name: str, input, dim: int | tuple[int, ...] | None) -> None:
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
    _refuse_empty(name, input, dim)
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
    if not dims:
        return out, t
    # Comparing alone is not enough: XLA may compute x again in another kernel, rounded differently, and then nothing is
    # equal to the result. The place of the extreme always counts.
    moved = jnp.moveaxis(x, dims, range(-len(dims), 0))
    flat = moved.reshape(*moved.shape[: -len(dims)], -1)
    place = (jnp.argmax if largest else jnp.argmin)(flat, -1, keepdims=True)
    first = (jnp.arange(flat.shape[-1]) == place).reshape(moved.shape)
    share = ((x == out) | jnp.moveaxis(first, range(-len(dims), 0), dims)).astype(t.dtype)
    return out, jnp.sum(t * (share / share.sum(dims, keepdims=True)), dims, keepdims=True)


def _extreme(name, reduce_, input, dim=None, keepdim=False):
    _refuse_empty(name, input, dim)
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
    if not math.prod(input.shape):
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.")
    return _extreme("aminmax", jnp.min, input, dim, keepdim), _extreme("aminmax", jnp.max, input, dim, keepdim)


@op()
def argmax(input, *, dim: int | None = None, keepdim=False):
    """Where the largest element stands first, in `dim` or in the flattened tensor (int64)."""
    _refuse_empty("argmax", input, dim)
    return _position(input, dim, keepdim, True)


@op()
def argmin(input, *, dim: int | None = None, keepdim=False):
    """Where the smallest element stands first, in `dim` or in the flattened tensor (int64)."""
    _refuse_empty("argmin", input, dim)
    return _position(input, dim, keepdim, False)


# --- running reductions ------------------------------------------------------------------------------------------------


def _running(fn, input, dim):
    dim = dim_in_range(dim, input.ndim)
    wide = widened(input)
    return (fn(wide.reshape(1), 0).reshape(()) if input.ndim == 0 else fn(wide, dim)).astype(input.dtype)


@op(inplace=True, linear=True)
def cumsum(input, *, dim: int, dtype=None):
    """The running sum along `dim`. Integers and bools sum to int64."""
    return _running(lax.cumsum, input.astype(_sum_dtype(input, dtype)), dim)


@op(inplace=True)
def cumprod(input, *, dim: int, dtype=None):
    """The running product along `dim`; zeros keep exact gradients."""
    return _running(lax.cumprod, input.astype(_sum_dtype(input, dtype)), dim)


@op()
def logcumsumexp(input, *, dim: int):
    """The logarithm of the running sum of exponentials along `dim`."""
    return _running(lax.cumlogsumexp, input, dim)


def _running_extreme(input, dim, largest):
    """Values and places; of equal ones the last, and nan beats all, as torch does."""

    def later_wins(a, b):
        keep_b = (b[0] >= a[0] if largest else b[0] <= a[0]) | (b[0] != b[0])
        keep_b &= (a[0] == a[0]) | (b[0] != b[0])
        return jnp.where(keep_b, b[0], a[0]), jnp.where(keep_b, b[1], a[1])

    dim = dim_in_range(dim, input.ndim)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
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

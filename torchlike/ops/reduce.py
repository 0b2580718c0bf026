"""Sums, products and counts over dimensions, and running ones; what other reductions are made of."""

from __future__ import annotations

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
from torchlike.ops.supported import require

Dims = int | tuple[int, ...] | None


def type_name(x: jax.Array) -> str:
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


def count_over(x: jax.Array, dims: tuple[int, ...]) -> int:
    return math.prod(x.shape[d] for d in dims)


def real_dtype(x) -> np.dtype:
    return np.dtype(x.real.dtype)


@jax.custom_jvp
def safe_sqrt(x):
    """The square root whose gradient at 0 is 0: what torch's norm and std do."""
    return jnp.sqrt(x)


@safe_sqrt.defjvp
def _safe_sqrt_jvp(primals, tangents):
    root = safe_sqrt(primals[0])
    zero = root == 0
    return root, jnp.where(zero, 0, tangents[0] / jnp.where(zero, 1, 2 * root))


def size_squared(x):
    return jnp.square(x.real) + jnp.square(x.imag) if jnp.iscomplexobj(x) else jnp.square(x)


def norm(x, ord, dims, keepdim):
    if ord in (math.inf, -math.inf):
        if math.prod(x.shape) == 0 and ord > 0:
            return jnp.sum(absolute(x), axis=dims, keepdims=keepdim)
        return (jnp.max if ord > 0 else jnp.min)(absolute(x), axis=dims, keepdims=keepdim)
    if ord == 0:
        return jnp.sum(x != 0, axis=dims, keepdims=keepdim, dtype=real_dtype(x))
    if ord == 1:
        return jnp.sum(absolute(x), axis=dims, keepdims=keepdim)
    if ord == 2:
        return safe_sqrt(jnp.sum(size_squared(x), axis=dims, keepdims=keepdim))
    size = absolute(x)
    zero = size == 0
    powers = jnp.where(zero, 0 if ord > 0 else math.inf, jnp.power(jnp.where(zero, 1, size), ord))
    total = jnp.sum(powers, axis=dims, keepdims=keepdim)
    empty = (total == 0) | jnp.isinf(total)
    flat = jnp.where(empty, lax.stop_gradient(jnp.power(total, 1 / ord)), 1)
    return jnp.where(empty, flat, jnp.power(jnp.where(empty, 1, total), 1 / ord))


@op(ns="", method=False)
def vector_norm(input, *, ord: float = 2, dim: Dims = None, keepdim=False, dtype=None):
    """The `ord`-norm of the elements over `dim`. The gradient at 0 is 0."""
    if not is_inexact(input):
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {type_name(input)}")
    if dtype is not None:
        input = input.astype(dtype)
    dims, out_dtype = dims_in_range(dim, input.ndim), real_dtype(input)
    if (ord < 0 or ord == math.inf) and not count_over(input, dims):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord:g} norm on an empty tensor (shape {list(input.shape)}, dim {dims}) "
            "because the operation does not have an identity"
        )
    return norm(widened(input), float(ord), dims, keepdim).astype(out_dtype)


@op(promote="same", layout="contiguous")
def dist(input, other, *, p: float = 2.0):
    """The p-norm of `input - other`."""
    return norm(widened(input - other), float(p), tuple(range(max(input.ndim, other.ndim))), False).astype(real_dtype(input))


# --- sums and products -------------------------------------------------------------------------------------------------


@op(linear=True)
def sum(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The sum over `dim` (all of them by default). Integers and bools sum to int64."""
    return _accumulate(jnp.sum, input, dtype, axis=dims_in_range(dim, input.ndim), keepdims=keepdim)


@op()
def nansum(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The sum over `dim` that takes nan as 0."""
    if jnp.iscomplexobj(input):
        raise RuntimeError("nansum does not support complex inputs")
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
    if not count_over(input, dims):  # 0 / 0, without numpy's warning
        return jnp.full(jnp.sum(input, axis=dims, keepdims=keepdim).shape, jnp.nan, dtype)
    return _accumulate(jnp.mean, input, dtype, axis=dims, keepdims=keepdim)


@op()
def nanmean(input, *, dim: Dims = None, keepdim=False, dtype=None):
    """The mean over `dim` of what is not nan."""
    if not jnp.issubdtype(input.dtype, jnp.floating):
        raise RuntimeError(f"nanmean(): expected input to have floating point dtype but got {type_name(input)}")
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


# --- running sums ------------------------------------------------------------------------------------------------------


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
    require(input, "logcumsumexp_out_cpu", jnp.complexfloating)
    return _running(_complex_logcumsumexp if jnp.iscomplexobj(input) else lax.cumlogsumexp, input, dim)


def _complex_logcumsumexp(x, dim):
    """One after the other, as torch: phases are those of the terms, not brought back into (-pi, pi]."""

    def step(total, term):
        keep = total.real >= term.real
        large, small = jnp.where(keep, total, term), jnp.where(keep, term, total)
        nothing = jnp.isneginf(small.real)  # adds nothing, and its difference to another -inf is nan
        total = large + jnp.where(nothing, 0, jnp.log1p(jnp.exp(jnp.where(nothing, 0, small) - jnp.where(nothing, 0, large))))
        return total, total

    terms = jnp.moveaxis(x, dim, 0)
    if not x.size:
        return x
    first = jnp.full(terms.shape[1:], -jnp.inf, x.dtype)
    return jnp.moveaxis(lax.scan(step, first, terms)[1], 0, dim)

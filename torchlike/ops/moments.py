"""Variances, standard deviations and logsumexp over dimensions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from torchlike.ops.checks import dims_in_range
from torchlike.ops.elementwise import is_inexact
from torchlike.ops.reduce import Dims, count_over, real_dtype, safe_sqrt, size_squared, widened
from torchlike.ops.registry import op

# --- moments -----------------------------------------------------------------------------------------------------------


def _moments(input, dim, correction, keepdim):
    if not is_inexact(input):
        raise RuntimeError("std and var only support floating point and complex dtypes")
    dims = dims_in_range(dim, input.ndim)
    n = count_over(input, dims)
    wide = widened(input)
    center = jnp.sum(wide, axis=dims, keepdims=True) / wide.dtype.type(n) if n else jnp.full_like(wide, jnp.nan)
    distance = jnp.sum(size_squared(wide - center), axis=dims, keepdims=keepdim)
    free = max(n - correction, 0)
    spread = distance / free if free else distance / jnp.zeros_like(distance)
    if n:
        return spread, center.reshape(distance.shape)
    return spread, jnp.full(distance.shape, jnp.nan, wide.dtype)


@op(ns="", method=False)
def var(input, *, dim: Dims = None, correction=1, keepdim=False):
    """The variance over `dim`, divided by `N - correction`."""
    spread, _ = _moments(input, dim, correction, keepdim)
    return spread.astype(real_dtype(input))


@op(ns="", method=False)
def std(input, *, dim: Dims = None, correction=1, keepdim=False):
    """The standard deviation over `dim`, divided by `N - correction`; its gradient where it is 0 is 0."""
    spread, _ = _moments(input, dim, correction, keepdim)
    return safe_sqrt(spread).astype(real_dtype(input))


@op(ns="", method=False)
def var_mean(input, *, dim: Dims = None, correction=1, keepdim=False):
    """`(var, mean)` over `dim`."""
    spread, center = _moments(input, dim, correction, keepdim)
    return spread.astype(real_dtype(input)), center.astype(input.dtype)


@op(ns="", method=False)
def std_mean(input, *, dim: Dims = None, correction=1, keepdim=False):
    """`(std, mean)` over `dim`."""
    spread, center = _moments(input, dim, correction, keepdim)
    return safe_sqrt(spread).astype(real_dtype(input)), center.astype(input.dtype)


@op(ns="torch special", promote="float", layout="contiguous")
def logsumexp(input, *, dim: Dims, keepdim=False):
    """`log(sum(exp(input)))` over `dim`, without overflow."""
    dims = dims_in_range(dim, input.ndim)
    if not count_over(input, dims):
        return jnp.full(jnp.sum(input, axis=dims, keepdims=keepdim).shape, -jnp.inf, input.dtype)
    return jax.nn.logsumexp(widened(input), axis=dims, keepdims=keepdim).astype(input.dtype)

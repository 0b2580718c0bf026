"""Norms of vectors and matrices, determinants, condition numbers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dim_in_range, dims_in_range
from torchlike.ops.elementwise import absolute
from torchlike.ops.extremes import amax, amin
from torchlike.ops.linalg_common import need_float, need_matrix, need_square, own_width, real_dtype
from torchlike.ops.linalg_solvers import inverse
from torchlike.ops.linalg_spectral import singular_values
from torchlike.ops.reduce import Dims, norm, widened
from torchlike.ops.registry import op

Order = float | str | None

# --- norms ---------------------------------------------------------------------------------------------------------------


def _in_dtype(x, dtype, name: str):
    """`x` in the dtype that is asked for. Raises RuntimeError where that narrows it or changes real to complex or back."""
    if dtype is None:
        return x
    dtype = np.dtype(dtype)
    wanted = scalar_name(dtypes.from_numpy(dtype))
    if not jnp.issubdtype(dtype, jnp.inexact):
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {wanted}")
    if jnp.iscomplexobj(x) != jnp.issubdtype(dtype, jnp.complexfloating):
        kind = "complex" if jnp.iscomplexobj(x) else "real"
        raise RuntimeError(f"{name}: dtype should be {kind} for {kind} inputs, but got {wanted}")
    if jnp.promote_types(x.dtype, dtype) != dtype:
        raise RuntimeError(
            f"{name}: the dtype of the input ({scalar_name(dtypes.from_numpy(x.dtype))}) should be convertible without "
            f"narrowing to the specified dtype ({wanted})"
        )
    return x.astype(dtype)


def _check_vector_norm(x, ord: float, dim: Dims) -> None:
    """torch has no infinity norm (nor a negative one) of nothing."""
    if x.size or not (ord < 0 or math.isinf(ord)):
        return
    if dim is None or dim == ():
        raise RuntimeError(f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because it has no identity")
    for d in (dim,) if isinstance(dim, int) else dim:
        if not x.shape[dim_in_range(d, x.ndim)]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on the dimension {d} because this dimension is empty and "
                "the operation does not have an identity"
            )


def _vector_norm(x, ord: float, dim: Dims, keepdim: bool):
    return norm(widened(x), float(ord), dims_in_range(dim, x.ndim), keepdim).astype(real_dtype(x))


@op(ns="linalg", method=False)
def linalg_vector_norm(x, *, ord: float = 2, dim: Dims = None, keepdim=False, dtype=None):
    """The `ord`-norm of the elements over `dim` (all of them by default). The gradient at 0 is 0."""
    need_float(x, "linalg.vector_norm", low_precision=True)
    _check_vector_norm(x, float(ord), dim)
    return _vector_norm(_in_dtype(x, dtype, "linalg.vector_norm"), ord, dim, keepdim)


_NAMED = ("fro", "nuc")


def _two_dims(dim: Any, ndim: int, name: str) -> tuple[int, int]:
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    first, second = (dim_in_range(d, ndim) for d in dim)
    if first == second:
        raise RuntimeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


@op(ns="linalg", method=False)
def linalg_matrix_norm(A, *, ord: Order = "fro", dim: tuple[int, int] = (-2, -1), keepdim=False, dtype=None):
    """A norm of the matrices in the two dimensions `dim`.

    `ord` is "fro" (of all elements), "nuc" (the sum of the singular values), 2 or -2 (the largest and smallest of them), inf or
    -inf (the largest and smallest sum of a row's sizes), 1 or -1 (of a column's).

    Raises:
        RuntimeError: for another `ord`, and for a tensor with fewer than two dimensions.
    """
    name = "linalg.matrix_norm"
    need_matrix(A, name)
    need_float(A, name, low_precision=True)
    dims = _two_dims(dim, A.ndim, name)
    if isinstance(ord, str):
        if ord not in _NAMED:
            raise RuntimeError(f"{name}: Order {ord} not supported.")
    elif ord is None or abs(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"{name}: Order {ord} not supported.")
    A = _in_dtype(A, dtype, name)
    if ord in ("nuc", 2, -2):
        need_float(A, "linalg.svd")
        return _of_singular_values(A, ord, dims, keepdim)
    if ord == "fro":
        return norm(widened(A), 2.0, dims, keepdim).astype(real_dtype(A))
    summed, chosen = dims if abs(float(ord)) == 1 else dims[::-1]
    sums = jnp.sum(widened(absolute(A)), axis=summed, keepdims=True).astype(real_dtype(A))
    out = _extreme(sums, chosen, float(ord) > 0)
    return out if keepdim else lax.squeeze(out, dims)


def _extreme(x, dim: int, largest: bool):
    """The largest or smallest along `dim`, which is kept; of nothing the largest size is 0."""
    if largest and not x.shape[dim]:
        return jnp.sum(x, axis=dim, keepdims=True)
    return (amax if largest else amin)(x, dim=dim, keepdim=True)


def _of_singular_values(a, ord: Order, dims: tuple[int, int], keepdim: bool):
    sizes = singular_values(jnp.moveaxis(a, dims, (-2, -1)))
    out = jnp.sum(sizes, -1) if ord == "nuc" else _extreme(sizes, -1, ord == 2)[..., 0]
    return jnp.expand_dims(out, dims) if keepdim else out


@op(ns="linalg", method=False)
def linalg_norm(A, *, ord: Order = None, dim: Dims = None, keepdim=False, dtype=None):
    """A vector norm over one dimension, a matrix norm over two; without `ord` and `dim` the length of all elements."""
    need_float(A, "linalg.norm", low_precision=True)
    if dim is not None and not isinstance(dim, int) and len(dim) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if ord is None:
        return _vector_norm(_in_dtype(A, dtype, "linalg.norm"), 2.0, dim, keepdim)
    if dim is None:
        if A.ndim not in (1, 2):
            raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
        dim = tuple(range(A.ndim))
    if isinstance(dim, int) or len(dim) == 1:
        if isinstance(ord, str):
            raise RuntimeError(f"linalg.norm: Order {ord} not supported for a vector")
        return linalg_vector_norm(A, ord=ord, dim=dim, keepdim=keepdim, dtype=dtype)
    return linalg_matrix_norm(A, ord=ord, dim=dim, keepdim=keepdim, dtype=dtype)


@op(method=False)
def nuclear_norm(input, *, dim: tuple[int, int] | None = None, keepdim=False):
    """The sum of the singular values of the matrices in the two dimensions `dim`."""
    return linalg_matrix_norm(input, ord="nuc", dim=(-2, -1) if dim is None else dim, keepdim=keepdim)


@op(method=False)
def frobenius_norm(input, *, dim: Dims, keepdim=False):
    """The length of all elements over one or two dimensions."""
    need_float(input, "linalg.vector_norm", low_precision=True)
    return _vector_norm(input, 2.0, dim, keepdim)


@op(ns="", method=False, inplace=True, grad_name="Renorm")
def renorm_slices(input, *, p: float, dim: int, maxnorm: float):
    """Each slice along `dim` scaled down to `maxnorm` where its p-norm is above that."""
    others = tuple(d for d in range(input.ndim) if d != dim_in_range(dim, input.ndim))
    size = norm(widened(input), p, others, True)
    above = size > maxnorm
    scale = jnp.where(above, maxnorm / (jnp.where(above, size, 1) + 1e-7), 1)
    return input * scale.astype(input.dtype)


@op(ns="linalg", method=False)
def linalg_cond(A, *, p: Order = None):
    """The condition number `|A| |A^-1|` in the norm `p` (by default 2: the ratio of the extreme singular values)."""
    need_matrix(A, "linalg.cond")
    need_float(A, "linalg.cond")
    if p in (None, 2, -2):
        if not A.size:
            return jnp.zeros(A.shape[:-2], real_dtype(A))
        sizes = singular_values(A)
        return sizes[..., -1] / sizes[..., 0] if p == -2 else sizes[..., 0] / sizes[..., -1]
    need_square(A, "linalg.cond")
    if not A.size:
        return jnp.zeros(A.shape[:-2], real_dtype(A))
    turned, info = inverse(A)
    product = linalg_matrix_norm(A, ord=p) * linalg_matrix_norm(turned, ord=p)
    return jnp.where(info > 0, jnp.inf, product)


# --- determinants --------------------------------------------------------------------------------------------------------


@op(ns="linalg", method=False)
def linalg_det(A):
    """The determinant of square matrices: `(..., n, n) -> (...)`."""
    need_square(A, "linalg.det")
    need_float(A, "linalg.det")
    if not A.size:
        return jnp.ones(A.shape[:-2], A.dtype)
    with own_width(A):
        return jnp.linalg.det(A)


@op(ns="linalg", method=False, returns=("sign", "logabsdet"))
def linalg_slogdet(A):
    """The sign (of complex matrices the phase) and the logarithm of the size of the determinant."""
    need_square(A, "linalg.slogdet")
    need_float(A, "linalg.slogdet")
    if not A.size:
        return jnp.ones(A.shape[:-2], A.dtype), jnp.zeros(A.shape[:-2], real_dtype(A))
    with own_width(A):
        return tuple(jnp.linalg.slogdet(A))


@op()
def logdet(input):
    """The logarithm of the determinant; nan where that is negative."""
    sign, size = linalg_slogdet(input)
    if jnp.iscomplexobj(input):
        return jnp.log(sign) + size
    return jnp.where(sign == -1, jnp.nan, size)

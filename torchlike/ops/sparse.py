"""Products and conversions of sparse matrices, given as coordinates (sparse dims, n) and values (n, ...)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from torchlike.ops.registry import op

_PRIVATE: dict[str, Any] = {"ns": "", "method": False, "out": False}


@op(**_PRIVATE)
def sparse_to_dense(indices, values, *, shape: tuple[int, ...]):
    """The dense tensor of `shape`; values at the same coordinates add up."""
    if values.dtype == jnp.bool_:
        return sparse_to_dense(indices, values.astype(jnp.uint8), shape=shape) > 0
    return jnp.zeros(shape, values.dtype).at[tuple(indices)].add(values)


@op(**_PRIVATE)
def sparse_gather(input, indices):
    """The elements of a dense tensor at the coordinates."""
    return input[tuple(indices)]


@op(**_PRIVATE)
def sparse_coalesced(values, places, *, count: int):
    """Sums of the values that share a place: (n, ...) and (n,) -> (count, ...)."""
    if values.dtype == jnp.bool_:
        return sparse_coalesced(values.astype(jnp.uint8), places, count=count) > 0
    return jax.ops.segment_sum(values, places, count)


@op(**_PRIVATE)
def sparse_mm(indices, values, dense, *, shape: tuple[int, int]):
    """The product (rows, inner) x (inner, columns) or (inner,) of a sparse matrix and a dense one."""
    if dense.shape[0] != shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({shape[0]}x{shape[1]} and {'x'.join(map(str, dense.shape))})"
        )
    from jax.experimental.sparse import BCOO  # a fifth of a second, which only sparse products should cost

    return BCOO((values, indices.T), shape=shape) @ dense


_EXTREMES = {"amax": jax.ops.segment_max, "amin": jax.ops.segment_min}


@op(**_PRIVATE)
def sparse_mm_reduce(indices, values, dense, *, shape: tuple[int, int], reduce: str):
    """As `sparse_mm`, with the mean, the maximum or the minimum of the products in place of their sum; empty rows give 0."""
    rows, columns = indices
    products = values[:, None] * dense[columns]
    count = jax.ops.segment_sum(jnp.ones(rows.shape, jnp.int32), rows, shape[0])[:, None]
    if reduce in _EXTREMES:
        return jnp.where(count > 0, _EXTREMES[reduce](products, rows, shape[0]), 0).astype(values.dtype)
    total = jax.ops.segment_sum(products, rows, shape[0])
    if reduce == "sum":
        return total
    if reduce != "mean":
        raise RuntimeError(f"torch.sparse.mm: reduce must be one of sum, mean, amax, amin, got {reduce}")
    return total / jnp.maximum(count, 1).astype(values.dtype)


@op(**_PRIVATE)
def sparse_sampled(indices, values, mat1, mat2, *, beta: Any = 1.0, alpha: Any = 1.0):
    """`beta * values + alpha * (mat1 @ mat2)` at the coordinates only."""
    rows, columns = indices
    products = jnp.sum(mat1[rows] * mat2.T[columns], -1)
    return (beta * values + alpha * products).astype(values.dtype)

"""What the linear algebra families share: argument checks in torch's words, adjoints, batches, 32-bit tracing."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import broadcast_shapes


def need_matrix(x: jax.Array, name: str, argument: str = "A") -> None:
    """Raises RuntimeError where `x` has fewer than two dimensions."""
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")


def need_square(x: jax.Array, name: str, argument: str = "A") -> None:
    """Raises RuntimeError unless `x` is a batch of square matrices."""
    need_matrix(x, name, argument)
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise RuntimeError(f"{name}: {argument} must be batches of square matrices, but they are {rows} by {columns} matrices")


def need_float(x: jax.Array, name: str, low_precision: bool = False) -> None:
    """Raises RuntimeError for whole numbers and bools, and for 16-bit floats unless `low_precision`."""
    kind = scalar_name(dtypes.from_numpy(x.dtype))
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {kind}")
    if x.dtype.itemsize == 2 and not low_precision:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {kind}")


def need_same_dtype(a: jax.Array, b: jax.Array, name: str, names: tuple[str, str] = ("A", "B")) -> None:
    """Raises RuntimeError where two operands differ in dtype."""
    if a.dtype != b.dtype:
        kinds = [scalar_name(dtypes.from_numpy(x.dtype)) for x in (a, b)]
        raise RuntimeError(
            f"{name}: Expected {names[0]} and {names[1]} to have the same dtype, but found {names[0]} of type {kinds[0]} and "
            f"{names[1]} of type {kinds[1]} instead"
        )


def adjoint(x: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    turned = jnp.swapaxes(x, -1, -2)
    return jnp.conj(turned) if jnp.iscomplexobj(turned) else turned


def times(*factors: Any) -> Any:
    """The matrix product in full precision (an accelerator's default rounds 32-bit operands)."""
    product = factors[0]
    for factor in factors[1:]:
        product = jnp.matmul(product, factor, precision="highest")
    return product


def diagonal(x: Any) -> Any:
    """The diagonals of the last two dimensions."""
    return jnp.diagonal(x, axis1=-2, axis2=-1)


def eye_like(x: Any, rows: int, columns: int | None = None) -> Any:
    """Identity matrices with `x`'s dtype and batch dimensions."""
    columns = rows if columns is None else columns
    return jnp.broadcast_to(jnp.eye(rows, columns, dtype=x.dtype), (*x.shape[:-2], rows, columns))


def real_dtype(x: Any) -> np.dtype:
    return np.dtype(x.real.dtype)


def same_batch(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both matrices spread over their common batch dimensions."""
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return jnp.broadcast_to(a, (*batch, *a.shape[-2:])), jnp.broadcast_to(b, (*batch, *b.shape[-2:]))


def own_width(x: Any) -> Any:
    """A context in which JAX's iterative algorithms count and branch in the width of `x`: no 64-bit loops for 32-bit input.

    Accelerators run 64-bit integers in software, and the TPU compiler cannot rewrite all of them.
    """
    return jax.enable_x64(real_dtype(x).itemsize == 8)

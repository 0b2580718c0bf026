"""Matrix products of float8 with scales, and of many matrices of different heights."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import wide
from torchlike.ops.registry import op

_FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")


def _type_name(x: Array) -> str:
    return scalar_name(dtypes.from_numpy(x.dtype))


# --- scaled ------------------------------------------------------------------------------------------------------------


@op("_scaled_mm", method=False)
def scaled_mm(
    input, mat2, scale_a, scale_b, bias=None, scale_result=None, *, out_dtype=None, use_fast_accum=False
):  # fmt: skip
    """(input * scale_a) @ (mat2 * scale_b) + bias of float8 matrices, accumulated in float32.

    `(M, K)`, `(K, N)` -> `(M, N)`; the scales are one number each, or `(M, 1)` and `(1, N)`. The result has the dtype of
    `input` unless `out_dtype` says another. `scale_result` has no effect, as in torch on CPU.
    """
    for i, x in enumerate((input, mat2), 1):
        if x.ndim != 2:
            raise RuntimeError(f"mat{i} must be a matrix")
    (m, k), (k2, n) = input.shape, mat2.shape
    if k != k2:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({m}x{k} and {k2}x{n})")
    if not (scale_a.size == scale_b.size == 1 or (scale_a.shape == (m, 1) and scale_b.shape == (1, n))):
        raise ValueError(
            f"Invalid scaling configuration: scales are one number each, or ({m}, 1) and (1, {n}); "
            f"got {list(scale_a.shape)} and {list(scale_b.shape)}"
        )
    for i, x in enumerate((input, mat2), 1):
        if x.dtype.name not in _FLOAT8:
            raise RuntimeError(f"Expected mat{i} to be Float8 matrix got {_type_name(x)}")
    if bias is not None and bias.shape != (n,):
        raise RuntimeError(f"Bias must be size {n} but got {bias.size}")
    product = jnp.matmul(input.astype(jnp.float32), mat2.astype(jnp.float32))
    rows, columns = (s.astype(jnp.float32).reshape(() if s.size == 1 else s.shape) for s in (scale_a, scale_b))
    out = product * rows * columns
    if bias is not None:
        out = out + bias.astype(jnp.float32)
    return out.astype(out_dtype or input.dtype)


# --- grouped -----------------------------------------------------------------------------------------------------------


@op("_grouped_mm", method=False, out=False)
def grouped_mm(input, mat2, offs=None, bias=None, *, out_dtype=None):
    """A product for each group, the groups being pieces of a jagged dimension that end at `offs` `(G,)` int32.

    | input | mat2 | result | jagged |
    |---|---|---|---|
    | `(M, K)` | `(G, K, N)` | `(M, N)` | M |
    | `(G, M, K)` | `(K, N)` | `(M, N)` | N |
    | `(M, K)` | `(K, N)` | `(G, M, N)` | K |
    | `(G, M, K)` | `(G, K, N)` | `(G, M, N)` | none |

    What lies behind the last offset is 0 (torch leaves it undefined).
    """
    _check_grouped(input, mat2, offs, bias)
    if out_dtype is not None and out_dtype != input.dtype:
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")
    a, b = wide(input), wide(mat2)
    if offs is None:
        return jnp.matmul(a, b).astype(input.dtype)
    sizes = jnp.diff(offs, prepend=0)
    if a.ndim == 2 and b.ndim == 3:
        out = lax.ragged_dot(a, b, sizes)
    elif b.ndim == 2 and a.ndim == 3:
        out = lax.ragged_dot(b.T, a.swapaxes(1, 2), sizes).T
    else:
        numbers = lax.RaggedDotDimensionNumbers((((1,), (0,)), ((), ())), (1,), ())
        out = lax.ragged_dot_general(a, b, sizes, numbers)
    return out.astype(input.dtype)


def _check_grouped(a: Array, b: Array, offs: Array | None, bias: Array | None) -> None:
    for name, x in (("mat_a", a), ("mat_b", b)):
        if x.dtype not in (jnp.float32, jnp.bfloat16, jnp.float16):
            raise RuntimeError(f"Expected {name} to be Float32, BFloat16 or Float16 matrix, got {_type_name(x)}")
    for name, x in (("mat_a", a), ("mat_b", b)):
        if x.ndim not in (2, 3):
            raise RuntimeError(f"{name} has to be 2 or 3d")
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (offs is not None) != (a.ndim == 2 or b.ndim == 2):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    counts = [len(x) for x in (a, b, offs) if x is not None and x.ndim in (1, 3)]
    if len({*counts}) > 1:
        raise RuntimeError("matrix batch sizes have to match")
    if offs is not None and offs.dtype != jnp.int32:
        raise RuntimeError("Offsets have to be int32")

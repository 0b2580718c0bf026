"""Powers, exponentials and products of matrices and vectors."""

from __future__ import annotations

import functools
import itertools
import math

import jax.numpy as jnp
from jax import lax

from torchlike.ops.checks import broadcast_shapes, dim_in_range
from torchlike.ops.linalg_common import eye_like, need_float, need_square, own_width, real_dtype, times
from torchlike.ops.linalg_solvers import inverse, linalg_solve_ex
from torchlike.ops.reduce import widened
from torchlike.ops.registry import op

_DEGREE = 18
_REACH = {4: 3.01, 8: 1.09}  # bytes of a real number -> the 1-norm up to which the polynomial is exact to rounding
_SQUARINGS = 32  # matrices with a norm up to 2**32 times that


def _polynomial(a):
    """The Taylor polynomial of the exponential of degree 18, with seven products (Paterson and Stockmeyer 1973)."""
    one = jnp.eye(a.shape[-1], dtype=a.dtype)
    square = times(a, a)
    cube = times(square, a)
    fourth = times(square, square)
    parts = (one, a, square, cube)

    def block(start: int):
        last = min(start + 4, _DEGREE + 1)
        return sum(p * jnp.asarray(1 / math.factorial(n), a.dtype) for n, p in zip(range(start, last), parts, strict=False))

    total = block(16)
    for start in (12, 8, 4, 0):
        total = times(total, fourth) + block(start)
    return total


def exponential(a):
    """Scaling and squaring of the Taylor polynomial (P. Bader, S. Blanes and F. Casas, "Computing the matrix exponential with
    an optimized Taylor polynomial approximation", 2019): products only, no linear systems.
    """
    kind = real_dtype(a)
    norm = lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(a), -2), -1))
    needed = jnp.ceil(jnp.log2(jnp.maximum(norm / jnp.asarray(_REACH[kind.itemsize], kind), 1)))
    count = jnp.clip(needed, 0, _SQUARINGS).astype(jnp.int32)
    most = jnp.max(count)
    scaled = a * jnp.exp2(-count.astype(kind))[..., None, None].astype(a.dtype)

    def squared(x, turn):
        return jnp.where((turn < count)[..., None, None], times(x, x), x)

    def step(x, turn):
        return lax.cond(turn < most, squared, lambda x, turn: x, x, turn), None

    return lax.scan(step, _polynomial(scaled), jnp.arange(_SQUARINGS, dtype=jnp.int32))[0]


@op(ns="torch linalg")
def matrix_exp(input):
    """The matrix exponential of square matrices."""
    if not jnp.issubdtype(input.dtype, jnp.inexact):
        raise RuntimeError("linalg.matrix_exp: Expected a floating point or complex tensor as input")
    need_square(input, "linalg.matrix_exp")
    if not input.size:
        return input
    wide = widened(input)
    with own_width(wide):
        return exponential(wide).astype(input.dtype)


def power(a, n: int):
    """`a` to the n-th power by repeated squaring, n >= 0."""
    result = None
    while n:
        if n & 1:
            result = a if result is None else jnp.matmul(result, a)
        n >>= 1
        if n:
            a = jnp.matmul(a, a)
    return eye_like(a, a.shape[-1]) if result is None else result


@op(ns="", method=False)
def linalg_matrix_power(A, *, n: int):
    """`(A^n, info)`: for a negative n a power of the inverse, info as in `linalg.inv_ex`."""
    need_square(A, "linalg.matrix_power")
    need_float(A, "linalg.matrix_power", low_precision=n >= 0)
    a, info = inverse(A) if n < 0 else (A, jnp.zeros(A.shape[:-2], jnp.int32))
    return power(a, abs(n)), info


@op(ns="linalg", method=False)
def linalg_vecdot(x, y, *, dim=-1):
    """The inner products `sum(conj(x) * y)` along `dim`; the other dimensions broadcast."""
    shape = broadcast_shapes(x.shape, y.shape)
    need_float(x, "linalg.vecdot", low_precision=True)
    if x.dtype != y.dtype:
        raise RuntimeError("linalg.vecdot: Expected x and y to have the same dtype")
    products = jnp.conj(x) * y if x.dtype.itemsize > 2 else widened(x) * widened(y)
    return jnp.sum(products, axis=dim_in_range(dim, len(shape))).astype(x.dtype)


@op(ns="linalg", method=False)
def linalg_cross(input, other, *, dim=-1):
    """The cross products of 3-vectors along `dim`; the other dimensions broadcast."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    dim = dim_in_range(dim, input.ndim)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    shape = broadcast_shapes(input.shape, other.shape)
    kind = jnp.promote_types(input.dtype, other.dtype)
    a, b = (widened(jnp.broadcast_to(x, shape).astype(kind)) for x in (input, other))
    return (jnp.roll(a, -1, dim) * jnp.roll(b, 1, dim) - jnp.roll(a, 1, dim) * jnp.roll(b, -1, dim)).astype(kind)


@op(promote="same", layout="contiguous")
def cross(input, other, *, dim: int | None = None):
    """The cross products of 3-vectors along `dim` (by default the first dimension of size 3)."""
    if dim is None:
        dim = next((d for d, size in enumerate(input.shape) if size == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return linalg_cross(input, other, dim=dim)


@op(ns="", method=False)
def linalg_multi_dot(*tensors):
    """The product of a chain of matrices (the ends may be vectors), multiplied in the cheapest order."""
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for at, x in enumerate(tensors):
        if x.dtype != tensors[0].dtype:
            raise RuntimeError(f"multi_dot(): all tensors must have the same dtype, but tensor {at} is {x.dtype}")
        ends = at in (0, len(tensors) - 1)
        if x.ndim != 2 and not (ends and x.ndim == 1):
            raise RuntimeError(f"multi_dot(): tensor {at} must be {'1D or 2D' if ends else '2D'} but got {x.ndim}D")
    first = tensors[0][None] if tensors[0].ndim == 1 else tensors[0]
    last = tensors[-1][:, None] if tensors[-1].ndim == 1 else tensors[-1]
    chain = [first, *tensors[1:-1], last]
    for a, b in itertools.pairwise(chain):
        if a.shape[1] != b.shape[0]:
            raise RuntimeError(f"multi_dot(): tensors with shapes {list(a.shape)} and {list(b.shape)} cannot be multiplied")
    out = _in_order(chain)
    return out.reshape(out.shape[tensors[0].ndim == 1 : 2 - (tensors[-1].ndim == 1)])


def _in_order(chain):
    """The product of matrices in the order that needs the fewest multiplications (dynamic programming over the ends)."""
    sizes = [chain[0].shape[0], *(x.shape[1] for x in chain)]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The cost of the product of matrices i to j, and where it is split."""
        if i == j:
            return 0, i
        cost = [(best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
        return min(cost)

    def product(i: int, j: int):
        if i == j:
            return chain[i]
        split = best(i, j)[1]
        return jnp.matmul(product(i, split), product(split + 1, j))

    return product(0, len(chain) - 1)


@op(ns="linalg", method=False)
def linalg_vander(x, *, N: int | None = None):
    """The powers 0 to N - 1 of each element: `(..., n) -> (..., n, N)`, N = n by default. Whole numbers give int64."""
    x = jnp.atleast_1d(x)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    base = x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.int64)
    repeated = jnp.broadcast_to(base[..., None], (*base.shape, count - 1))
    return jnp.concatenate([jnp.ones_like(base)[..., None], jnp.cumprod(repeated, -1)], -1)


@op(method=False)
def vander(x, *, N: int | None = None, increasing=False):
    """The powers N - 1 to 0 (0 to N - 1 where `increasing`) of each element of a vector, N its size by default."""
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    base = x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.int64)
    ones = jnp.ones((x.shape[0], min(count, 1)), base.dtype)
    powers = jnp.cumprod(jnp.broadcast_to(base[:, None], (x.shape[0], max(count - 1, 0))), -1)
    rising = jnp.concatenate([ones, powers], -1)
    return rising if increasing else rising[:, ::-1]


# --- tensor equations -------------------------------------------------------------------------------------------------------


@op(ns="", method=False)
def linalg_tensorinv(A, *, ind=2):
    """`(inverse, info)` of A as a linear map from its last dimensions to its first `ind`."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, rest = A.shape[:ind], A.shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(rest)} != {math.prod(first)}"
        )
    made, info = inverse(A.reshape(math.prod(rest), math.prod(first)))
    return made.reshape(*rest, *first), info


@op(ns="", method=False)
def linalg_tensorsolve(A, B, *, dims: tuple[int, ...] | None = None):
    """`(X, info)` with `tensordot(A, X, X.ndim) = B`; `dims` of A are moved to its end first."""
    if dims is not None:
        moved = tuple(dim_in_range(d, A.ndim) for d in dims)
        A = jnp.transpose(A, [*(d for d in range(A.ndim) if d not in moved), *moved])
    out = A.shape[B.ndim :]
    rows = math.prod(out)
    if rows != math.prod(B.shape):
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            f"{rows} != {math.prod(A.shape[: B.ndim])}"
        )
    x, info = linalg_solve_ex(A.reshape(math.prod(B.shape), rows), B.reshape(-1))
    return x.reshape(out), info

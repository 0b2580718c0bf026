"""Products of vectors and matrices.

16-bit floats are left to XLA's dot, which adds up in 32 bits and rounds once; asking for a 32-bit result here would make
the backward products mix dtypes and run in 32 bits.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import broadcast_shapes, dim_in_range, tensors_only
from torchlike.ops.elementwise import is_inexact
from torchlike.ops.reduce import norm, safe_sqrt, widened
from torchlike.ops.registry import op

# The C++ names that the matrix kernels print.
_C_NAMES = {"float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long long",
            "int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char", "bool": "bool",
            "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}  # fmt: skip


def _name(x: jax.Array) -> str:
    return scalar_name(dtypes.from_numpy(x.dtype))


def _same_dtype(a: jax.Array, b: jax.Array, words: str = "") -> None:
    if a.dtype == b.dtype:
        return
    if words:
        raise RuntimeError(words.format(_name(a), _name(b)))
    c_names = [_C_NAMES.get(x.dtype.name, x.dtype.name) for x in (a, b)]
    raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {c_names[0]} != {c_names[1]}")


_SCALAR_TYPE = "expected scalar type {} but found {}"


def _check_matrices(a: Sequence[int], b: Sequence[int]) -> None:
    if a[1] != b[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})")


def _check_batches(a: Sequence[int], b: Sequence[int]) -> None:
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )


def _check_matrix_vector(rows: int, a: Sequence[int], b: Sequence[int]) -> None:
    if a[1] != b[0]:
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({a[0]}x{a[1]}), vec ({b[0]})")


def _check_vectors(a: jax.Array, b: jax.Array, name: str) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    _same_dtype(a, b, f"{name} : expected both vectors to have same dtype, but found {{}} and {{}}")
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number of "
            f"elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )


@op(check=tensors_only)
def matmul(input, other):
    """The matrix product; batch dimensions broadcast, a vector is a row on the left and a column on the right.

    Raises:
        RuntimeError: for inner sizes or dtypes that differ, and for zero-dim tensors.
    """
    if not input.ndim or not other.ndim:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {input.ndim}D and {other.ndim}D")
    _check_matmul(input.shape, other.shape)
    plain = input.ndim <= 2 or other.ndim <= 2
    _same_dtype(input, other, "" if plain else _SCALAR_TYPE)
    return jnp.matmul(input, other)


def _check_matmul(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """What torch says depends on the kernel that it folds the product into."""
    if len(a) == 1 and len(b) == 1:
        if a != b:
            raise RuntimeError(
                f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of elements, "
                f"but got {a[0]} and {b[0]} elements respectively"
            )
    elif len(b) == 1:
        rows = math.prod(a[:-1])
        _check_matrix_vector(rows, (rows, a[-1]), b)
    elif len(b) == 2:
        _check_matrices((math.prod(a[:-1]), a[-1]), b)
    elif len(a) > 2:
        batch = broadcast_shapes(a[:-2], b[:-2])
        _check_batches((math.prod(batch), *a[-2:]), (math.prod(batch), *b[-2:]))
    else:
        _check_batches((math.prod(b[:-2]), a[-2] if len(a) == 2 else 1, a[-1]), (math.prod(b[:-2]), *b[-2:]))


@op(check=tensors_only)
def mm(input, mat2):
    """The product of two matrices `(n, k) x (k, m) -> (n, m)`; nothing broadcasts."""
    for x, which in ((input, "self"), (mat2, "mat2")):
        if x.ndim != 2:
            raise RuntimeError(f"{which} must be a matrix")
    _check_matrices(input.shape, mat2.shape)
    _same_dtype(input, mat2)
    return jnp.matmul(input, mat2)


@op(check=tensors_only)
def bmm(input, mat2):
    """A product per batch entry: `(b, n, k) x (b, k, m) -> (b, n, m)`; nothing broadcasts."""
    _check_bmm(input, mat2)
    return jnp.matmul(input, mat2)


def _check_bmm(batch1: jax.Array, batch2: jax.Array) -> None:
    for x, which in ((batch1, "batch1"), (batch2, "batch2")):
        if x.ndim != 3:
            raise RuntimeError(f"{which} must be a 3D tensor")
    _check_batches(batch1.shape, batch2.shape)
    _same_dtype(batch1, batch2, _SCALAR_TYPE)


@op(check=tensors_only)
def mv(input, vec):
    """The product of a matrix and a vector: `(n, k) x (k) -> (n)`."""
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    _check_matrix_vector(input.shape[0], input.shape, vec.shape)
    _same_dtype(input, vec)
    return jnp.matmul(input, vec)


@op(check=tensors_only)
def dot(input, tensor):
    """The inner product of two vectors of one size."""
    _check_vectors(input, tensor, "dot")
    return jnp.dot(input, tensor)


@op()
def vdot(input, other):
    """The inner product of two vectors, the first conjugated."""
    _check_vectors(input, other, "vdot")
    return jnp.dot(jnp.conj(input), other)


@op(promote="same", layout="contiguous", aliases=("ger",))
def outer(input, vec2):
    """The product of every pair: `(n) x (m) -> (n, m)`."""
    for x, which in ((input, "self"), (vec2, "vec2")):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {which}, but got {x.ndim}-D")
    return input[:, None] * vec2[None, :]


@op()
def inner(input, other):
    """The sum of products over the last dimension of both; the others stay. A zero-dim tensor multiplies."""
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    _same_dtype(input, other)
    return jnp.inner(input, other)


def _blend(input, product, beta, alpha):
    """`beta * input + alpha * product`, `input` spread over the product's shape; with beta 0 it is not read at all."""
    sizes = (1,) * (product.ndim - input.ndim) + input.shape
    for at, (size, target) in enumerate(zip(sizes, product.shape, strict=False)):
        if size not in (1, target) or input.ndim > product.ndim:
            raise RuntimeError(
                f"The expanded size of the tensor ({target}) must match the existing size ({size}) at non-singleton "
                f"dimension {at}.  Target sizes: {list(product.shape)}.  Tensor sizes: {list(input.shape)}"
            )
    if product.dtype == jnp.bool_:  # addr's: a product is an "and", a sum an "or"
        return (product & jnp.asarray(alpha).astype(bool)) | (input & jnp.asarray(beta).astype(bool))
    scaled = product if _is_one(alpha) else jnp.asarray(alpha).astype(product.dtype) * product
    if not (isinstance(beta, int | float) and beta == 0):
        wide = input.astype(product.dtype)
        scaled = scaled + (wide if _is_one(beta) else jnp.asarray(beta).astype(wide.dtype) * wide)
    return scaled.astype(input.dtype)


@jax.custom_jvp
def _wide_product(a, b):
    """The matrix product of 16-bit floats before it is rounded; derivatives stay in 16 bits, where they are fast."""
    return jnp.matmul(a, b, preferred_element_type=jnp.float32)


@_wide_product.defjvp
def _wide_product_jvp(primals, tangents):
    (a, b), (da, db) = primals, tangents
    return _wide_product(a, b), (jnp.matmul(da, b) + jnp.matmul(a, db)).astype(jnp.float32)


def _product(a, b):
    return _wide_product(a, b) if a.dtype.itemsize == 2 and is_inexact(a) else jnp.matmul(a, b)


# The numbers take the matrices' dtype (0.5 is 0 beside whole numbers); nothing is promoted.
_BLEND: dict[str, Any] = {"inplace": True, "raw": True, "wide": True, "layout": "contiguous"}


def _is_one(x) -> bool:
    return isinstance(x, int | float) and x == 1


def _whole_numbers(*kinds: Any) -> None:
    """For `Op.check`: raises RuntimeError where integers would meet a fraction."""
    if any(getattr(kind, "dtype", None) is not None and kind.dtype.is_differentiable for kind in kinds):
        return
    for name, kind in zip(("beta", "alpha"), kinds[3:], strict=False):
        if kind is float:
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")


_SELF_AND = "self and mat2 must have the same dtype, but got {} and {}"


@op(**_BLEND)
def addmm(input, mat1, mat2, beta=1, alpha=1):
    """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts to the product."""
    for x, which in ((mat1, "mat1"), (mat2, "mat2")):
        if x.ndim != 2:
            raise RuntimeError(f"{which} must be a matrix, got {x.ndim}-D tensor")
    _check_matrices(mat1.shape, mat2.shape)
    _same_dtype(input, mat2, _SELF_AND)
    _same_dtype(mat1, mat2)
    return _blend(input, _product(mat1, mat2), beta, alpha)


@op(**_BLEND)
def baddbmm(input, batch1, batch2, beta=1, alpha=1):
    """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the product."""
    _same_dtype(input, batch1, _SCALAR_TYPE)
    _check_bmm(batch1, batch2)
    return _blend(input, _product(batch1, batch2), beta, alpha)


@op(**_BLEND)
def addbmm(input, batch1, batch2, beta=1, alpha=1):
    """`beta * input + alpha * bmm(batch1, batch2).sum(0)`."""
    _check_bmm(batch1, batch2)
    _same_dtype(input, batch1, _SCALAR_TYPE)
    rows, columns = batch1.shape[1], batch2.shape[2]
    left = jnp.moveaxis(batch1, 0, 1).reshape(rows, -1)  # one long product adds up over the batch as well
    return _blend(input, _product(left, batch2.reshape(-1, columns)), beta, alpha)


@op(**_BLEND)
def addmv(input, mat, vec, beta=1, alpha=1):
    """`beta * input + alpha * (mat @ vec)`."""
    if mat.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.ndim}, {mat.ndim}, {vec.ndim}")
    rows = input.shape[0] if input.ndim else 1
    if mat.shape[1] != vec.shape[0] or rows not in (1, mat.shape[0]):
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({mat.shape[0]}x{mat.shape[1]}), vec ({vec.shape[0]})")
    _same_dtype(mat, vec)
    _same_dtype(input, mat, _SCALAR_TYPE)
    return _blend(input, _product(mat, vec), beta, alpha)


@op(inplace=True, raw=True, promote="same", promoted=("input", "vec1", "vec2"), layout="contiguous", check=_whole_numbers)
def addr(input, vec1, vec2, beta=1, alpha=1):
    """`beta * input + alpha * outer(vec1, vec2)`."""
    for x, which in ((vec1, "vec1"), (vec2, "vec2")):
        if x.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {which}, but got {x.ndim}-D")
    return _blend(input, widened(vec1)[:, None] * widened(vec2)[None, :], beta, alpha)


@op(ns="", method=False)
def einsum(*tensors, equation: str):
    """Einstein's sum convention; sizes of 1 broadcast. The output defaults to the sorted letters that occur once."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        few = "fewer" if len(tensors) < len(terms) else "more"
        raise RuntimeError(f"einsum(): {few} operands were provided than specified in the equation")
    for tensor in tensors[1:]:
        _same_dtype(tensors[0], tensor, _SCALAR_TYPE)
    _check_einsum(terms, tensors)
    kept = set(output) if arrow else {letter for letter in inputs if inputs.count(letter) == 1}
    if not is_inexact(tensors[0]):  # what is summed on its own, before the product, is a sum of whole numbers
        others = ["".join(terms[:at] + terms[at + 1 :]) for at in range(len(terms))]
        alone = [set(term) - kept - set(other) - {"."} for term, other in zip(terms, others, strict=True)]
        tensors = tuple(x.astype(jnp.int64) if letters else x for x, letters in zip(tensors, alone, strict=True))
    return jnp.einsum(",".join(terms) + arrow + output, *tensors)


def _check_einsum(terms: list[str], tensors: Sequence[jax.Array]) -> None:
    sizes: dict[str, int] = {}
    for at, (term, tensor) in enumerate(zip(terms, tensors, strict=True)):
        head, dots, tail = term.partition("...")
        letters = head + tail
        for letter in letters:
            if letter not in string.ascii_letters:
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {term.index(letter)} in the equation string, "
                    "subscripts must be in [a-zA-Z]"
                )
        if len(letters) > tensor.ndim or (len(letters) < tensor.ndim and not dots):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(letters)}) "
                f"{'is more than' if dots else 'does not match'} the number of dimensions ({tensor.ndim}) for operand {at}"
                f"{'' if dots else ' and no ellipsis was given'}"
            )
        for letter, size in zip(letters, tensor.shape[: len(head)] + tensor.shape[tensor.ndim - len(tail) :], strict=True):
            seen = sizes.get(letter, 1)
            if 1 not in (seen, size) and seen != size:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} for operand {at} which does not broadcast with "
                    f"previously seen size {seen}"
                )
            sizes[letter] = size if seen == 1 else seen


@op(ns="", method=False)
def tensordot(a, b, *, dims: tuple[tuple[int, ...], tuple[int, ...]]):
    """The product of `a` and `b` summed over the paired dimensions `dims`."""
    _same_dtype(a, b)
    pairs = [tuple(dim_in_range(d, x.ndim) for d in given) for given, x in zip(dims, (a, b), strict=True)]
    if len(pairs[0]) != len(pairs[1]):
        raise RuntimeError("both dimension lists should have same length")
    for i, j, di, dj in zip(*pairs, *dims, strict=True):
        if a.shape[i] == 1:  # a size of 1 meets any: the other is summed alone
            b = jnp.sum(b, axis=j, keepdims=True, dtype=b.dtype)
        elif b.shape[j] == 1:
            a = jnp.sum(a, axis=i, keepdims=True, dtype=a.dtype)
        elif a.shape[i] != b.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {di} and second has size "
                f"{b.shape[j]} in dim {dj}"
            )
    return jnp.tensordot(a, b, axes=pairs)


@op(promote="same", layout="contiguous")
def kron(input, other):
    """The Kronecker product."""
    ndim = max(input.ndim, other.ndim)
    a, b = ((1,) * (ndim - x.ndim) + x.shape for x in (input, other))
    spread = jnp.multiply(
        input.reshape([n for size in a for n in (size, 1)]), other.reshape([n for size in b for n in (1, size)])
    )
    return spread.reshape([m * n for m, n in zip(a, b, strict=True)])


@op(method=False)
def cdist(x1, x2, *, p: float = 2.0, compute_mode: str | None = None):
    """The p-norm distance of every row of `x1` to every row of `x2`: `(..., n, d), (..., m, d) -> (..., n, m)`.

    From 26 rows on the Euclidean distance goes through a matrix product, as torch's default `compute_mode` has it.
    """
    if x1.ndim < 2 or x2.ndim < 2:
        which, x = ("X1", x1) if x1.ndim < 2 else ("X2", x2)
        raise RuntimeError(f"cdist only supports at least 2D tensors, {which} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    large = max(x1.shape[-2], x2.shape[-2]) > 25 and compute_mode != "donot_use_mm_for_euclid_dist"
    if p == 2 and (large or compute_mode == "use_mm_for_euclid_dist"):
        squares = jnp.sum(x1 * x1, axis=-1)[..., :, None] + jnp.sum(x2 * x2, axis=-1)[..., None, :]
        return safe_sqrt(jnp.maximum(squares - 2 * jnp.matmul(x1, jnp.swapaxes(x2, -1, -2)), 0))
    return norm(x1[..., :, None, :] - x2[..., None, :, :], float(p), (-1,), False)

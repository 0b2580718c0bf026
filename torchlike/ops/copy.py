"""Copies, casts, fills, gathers by index tensors and their write-backs, and constant creation."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.registry import op


@op(method=False, ns="", linear=True, layout="copy", grad_name="ToCopy", out=False)
def cast(input, *, dtype):
    """`input` in another dtype; complex to real keeps the real part, float to integer truncates."""
    if jnp.iscomplexobj(input) and not np.issubdtype(dtype, np.complexfloating):
        return (input != 0) if dtype == np.bool_ else input.real.astype(dtype)
    if dtype in _NARROW and input.dtype != dtype:
        return _narrowed(input, dtype)
    return input.astype(dtype)


_NARROW = frozenset(map(np.dtype, (jnp.float8_e4m3fn, jnp.float8_e8m0fnu)))


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _narrowed(input, dtype):
    """The casts to eight bits that torch has its own way with: e4m3fn keeps to its largest numbers where XLA gives NaN, and
    e8m0fnu, which has no sign, takes the nearer power of two, the greater one from halfway on."""
    if dtype == jnp.float8_e4m3fn:
        most = jnp.asarray(jnp.finfo(dtype).max, jnp.float32)
        return jnp.clip(input.astype(jnp.float32), -most, most).astype(dtype)
    bits = jax.lax.bitcast_convert_type(input.astype(jnp.float32), jnp.uint32)
    exponent, rest = (bits >> 23) & 0xFF, bits & 0x7FFFFF
    up = (rest >= 0x400000) & ((exponent > 0) | (rest > 0x400000))
    made = jnp.where(exponent == 0xFF, exponent, exponent + up)
    return jax.lax.bitcast_convert_type(made.astype(jnp.uint8), dtype)


@_narrowed.defjvp
def _narrowed_jvp(dtype, primals, tangents):
    return _narrowed(primals[0], dtype), tangents[0].astype(dtype)


@op(method=False, ns="", linear=True, layout="copy", grad_name="Clone", out=False)
def clone_like(input):
    return input


@op(method=False, ns="", linear=True, grad_name="Clone", out=False)
def reshape_copy(input, *, shape):
    """A copy in another shape, for when no view will do."""
    return input.reshape(shape)


@op(name="copy_into", method=False, ns="", linear=True, overwrites=True, grad_name="Copy", out=False)
def copy_into(input, src):
    """`src` broadcast and cast to `input`'s shape and dtype; `input` gets a zero gradient."""
    if broadcast_shapes(input.shape, src.shape) != input.shape:
        raise RuntimeError(
            f"The expanded size of the tensor ({list(input.shape)}) must match the existing size ({list(src.shape)}): "
            "the source of a copy broadcasts to its target, not the other way round"
        )
    return jnp.broadcast_to(cast(src, dtype=input.dtype), input.shape)


@op(name="fill_into", method=False, ns="", linear=True, wide=True, overwrites=True, grad_name="Fill", out=False)
def fill_into(input, value):
    if value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    return jnp.full(input.shape, cast(value, dtype=input.dtype))


@op(method=False, ns="", linear=True, overwrites=True, grad_name="Zero", out=False)
def zero_into(input):
    return jnp.zeros_like(input)


@op(method=False, ns="", wide=True, out=False)
def full_of(value, *, size, dtype):
    """A tensor of one number."""
    return jnp.full(size, cast(value, dtype=dtype))


@op(method=False, ns="", wide=True, out=False)
def iota(start, step, *, size, dtype):
    """`start + step * i` for i below `size`; computed in float64 or int64 as torch does, then cast."""
    wide = np.float64 if np.result_type(start.dtype, step.dtype).kind == "f" else np.int64
    return (start.astype(wide) + step.astype(wide) * jnp.arange(size, dtype=wide)).astype(dtype)


@op(method=False, ns="", linear=lambda *tensor: False, grad_name="Index", out=False)
def index(*operands, dims):
    """numpy's advanced indexing of the first operand by the others, which stand at `dims`."""
    input, indices = operands[0], operands[1:]
    return input[_full_index(input, indices, dims)]


@op(method=False, ns="", layout="like", grad_name="IndexPut", out=False)
def index_put_into(*operands, dims, accumulate):
    """The first operand with the second written (or added) where the index tensors say."""
    input, values, indices = operands[0], operands[1], operands[2:]
    where = input.at[_full_index(input, indices, dims)]
    values = cast(values, dtype=input.dtype)
    target = jax.eval_shape(lambda x: x[_full_index(x, indices, dims)], input).shape
    if broadcast_shapes(target, values.shape) != target:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape "
            f"{list(target)}"
        )
    return where.add(values) if accumulate else where.set(values)


def _full_index(input, indices, dims):
    full = [slice(None)] * input.ndim
    for dim, where in zip(dims, indices, strict=True):
        full[dim] = where.astype(np.int32) if input.shape[dim] < 2**31 else where
    try:
        broadcast_shapes(*(w.shape for w in indices))
    except RuntimeError:
        shapes = ", ".join(str(list(w.shape)) for w in indices)
        raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
    return tuple(full)


@op(method=False, ns="", promote="same", promoted=("input", "value"), grad_name="MaskedFill", out=False)
def mask_into(input, mask, value):
    """`value` (zero-dim) where the mask, which broadcasts to the input, is true."""
    return jnp.where(mask, value, input)


@op(method=False, ns="", wide=True, out=False)
def spaced(start, end, step, *, size):
    """float32 numbers from `start` to `end` in equal steps, counted from the nearer end.

    torch rounds `start + step * i` once; here a product of two float32 numbers is exact in float64.
    """
    i = jnp.arange(size, dtype=np.int32)
    near = i < size // 2
    count = jnp.where(near, i, i - (size - 1)).astype(np.float32).astype(np.float64)
    return (jnp.where(near, start, end) + step * count).astype(np.float32)


@op(method=False, ns="", wide=True, out=False)
def diagonal_of(value, *, rows, columns, dtype):
    """A matrix with one number on its diagonal."""
    return jnp.where(jnp.eye(rows, columns, dtype=bool), cast(value, dtype=dtype), jnp.zeros((), dtype))

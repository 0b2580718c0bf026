"""Views that pick elements (diagonals, windows, any strides) or read their parts (real, imaginary, conjugate, bytes)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import op
from torchlike.ops.view import Ints, view

# ---- diagonals, windows, strides ------------------------------------------------------------------------------


def _through_positions(read: Callable) -> Callable:
    """The write-back of a view that only picks elements: find out which by reading positions."""

    def write(base, new, **static):
        where = read(jnp.arange(base.size, dtype=np.int32).reshape(base.shape), **static)
        return base.reshape(-1).at[where.reshape(-1)].set(new.reshape(-1)).reshape(base.shape)

    kind = inspect.Parameter
    static = [p for p in inspect.signature(read).parameters.values() if p.kind == kind.KEYWORD_ONLY]
    operands = [kind(name, kind.POSITIONAL_OR_KEYWORD) for name in ("base", "new")]
    write.__signature__ = inspect.Signature([*operands, *static])  # type: ignore[attr-defined]  # the row's static names
    return write


def _diagonal_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, diagonal_offset: int, dim1: int, dim2: int):
    a, b = dim1 % len(shape), dim2 % len(shape)
    start = offset + (diagonal_offset * strides[b] if diagonal_offset >= 0 else -diagonal_offset * strides[a]) * (out[-1] > 0)
    kept = [st for i, st in enumerate(strides) if i not in (a, b)]
    return (*kept, strides[a] + strides[b]), start


def diagonal_of(input, *, diagonal_offset=0, dim1=0, dim2=1, xp: Any = jnp):
    a, b = dim_in_range(dim1, input.ndim), dim_in_range(dim2, input.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return xp.diagonal(input, diagonal_offset, a, b)


def _diagonal(input, *, diagonal_offset=0, dim1=0, dim2=1):
    return diagonal_of(input, diagonal_offset=diagonal_offset, dim1=dim1, dim2=dim2)


view(_through_positions(_diagonal), _diagonal_layout, name="diagonal_view", grad_name="Diagonal")(_diagonal)


def _unfold_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dimension: int, size: int, step: int):
    if not shape:
        return (1,), offset
    d = dimension % len(shape)
    return (*strides[:d], strides[d] * step, *strides[d + 1 :], strides[d]), offset


def _unfold(input, *, dimension, size, step):
    d = dim_in_range(dimension, input.ndim)
    have = input.shape[d] if input.ndim else 1
    if size > have:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {have} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not input.ndim:
        return input.reshape(1)[:size]
    starts = np.arange(0, have - size + 1, step, dtype=np.int32)
    windows = jnp.take(input, starts[:, None] + np.arange(size, dtype=np.int32), axis=d)
    return jnp.moveaxis(windows, d + 1, -1)


view(_through_positions(_unfold), _unfold_layout, name="unfold_view", grad_name="Unfold")(_unfold)


def as_strided_positions(numel: int, size: Ints, stride: Ints, offset: int, itemsize: int) -> np.ndarray:
    """Where in a storage of `numel` elements the elements of a strided view stand, of shape `size`.

    Raises:
        RuntimeError: where some stand outside, and for sizes, strides or an offset that mean nothing.
    """
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {len(size)} sizes and {len(stride)} strides")
    if any(st < 0 for st in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    if any(n < 0 for n in size):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    last = offset + sum((n - 1) * st for n, st in zip(size, stride, strict=True)) if 0 not in size else -1
    if last >= numel:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {itemsize} "
            f"requiring a storage size of {(last + 1) * itemsize} are out of bounds for storage of size {numel * itemsize}"
        )
    where = np.full(size, offset, np.int32 if numel < 2**31 else np.int64)
    for d, (n, step) in enumerate(zip(size, stride, strict=True)):
        where += (np.arange(n, dtype=where.dtype) * step).reshape([-1 if i == d else 1 for i in range(len(size))])
    return where


def _as_strided(input, *, size, stride, storage_offset):
    where = as_strided_positions(input.size, size, stride, storage_offset, input.dtype.itemsize)
    return input.reshape(-1)[where] if where.size else jnp.zeros(size, input.dtype)


view(
    _through_positions(_as_strided),
    lambda shape, strides, offset, out, /, *, size, stride, storage_offset: (stride, storage_offset),
    name="as_strided_view",
    grad_name="AsStrided",
)(_as_strided)


@op(ns="", method=False, out=False, grad_name="AsStrided")
def as_strided_of(input, memory, *, held, size, stride, storage_offset):
    """A strided view of `memory`, of which the window `held` (size, stride, offset) is `input`, where the gradient goes.

    An element that `input` shows several times divides its gradient among them, as in torch.
    """
    held_size, held_stride, held_offset = held
    where = as_strided_positions(memory.size, held_size, held_stride, held_offset, input.dtype.itemsize).reshape(-1)
    counts = np.bincount(where, minlength=memory.size)[where]
    share = input.reshape(-1) if (counts == 1).all() else input.reshape(-1) / counts.astype(input.dtype)
    flat = lax.stop_gradient(memory).reshape(-1).at[where].set(0).at[where].add(share)
    return _as_strided(flat, size=size, stride=stride, storage_offset=storage_offset)


@op(ns="", method=False, out=False, linear=True)
def padded(input, *, count):
    """A vector with zeros behind, `count` elements long."""
    return jnp.pad(input.reshape(-1), (0, count - input.size))


# ---- complex parts and reinterpreted bytes --------------------------------------------------------------------


@view(
    lambda base, new: lax.complex(new[..., 0], new[..., 1]),
    lambda shape, strides, offset, out, /: ((*(2 * s for s in strides), 1), 2 * offset),
    ns="torch",
)
def view_as_real(input):
    if not jnp.iscomplexobj(input):
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return jnp.stack([input.real, input.imag], -1)


@view(
    lambda base, new: jnp.stack([new.real, new.imag], -1),
    lambda shape, strides, offset, out, /: (tuple(s // 2 for s in strides[:-1]), offset // 2),
    ns="torch",
)
def view_as_complex(input):
    if input.ndim == 0 or input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return lax.complex(input[..., 0], input[..., 1])


def _part_layout(shift: int) -> Callable:
    return lambda shape, strides, offset, out, /: (tuple(2 * s for s in strides), 2 * offset + shift)


@view(lambda base, new: jnp.conj(new), lambda shape, strides, offset, out, /: (strides, offset), grad_name="Conj")
def conj_view(input):
    return jnp.conj(input)


@view(lambda base, new: -new, lambda shape, strides, offset, out, /: (strides, offset), grad_name="NegView")
def neg_view(input):
    return -input


view(lambda base, new: lax.complex(new, base.imag), _part_layout(0), name="real_view", grad_name="Real")(
    lambda input: input.real
)
view(lambda base, new: lax.complex(base.real, new), _part_layout(1), name="imag_view", grad_name="Imag")(
    lambda input: input.imag
)


def _bits(input, *, dtype):
    if input.dtype == np.bool_ or dtype == np.bool_:
        return input.astype(np.uint8).astype(dtype) if input.dtype == np.bool_ else (input != 0)
    old, new = input.dtype.itemsize, np.dtype(dtype).itemsize
    if input.dtype == dtype:
        return input
    if jnp.iscomplexobj(input):  # XLA knows the bits of their parts only
        parts = jnp.stack([input.real, input.imag], -1)
        out = _bits(parts.reshape(*input.shape[:-1], -1), dtype=dtype)
        return out.reshape(input.shape) if old == new else out
    if np.issubdtype(dtype, np.complexfloating):
        parts = _bits(input.reshape(-1) if not input.ndim else input, dtype=np.float32 if new == 8 else np.float64)
        parts = parts.reshape(*(input.shape if old == new else (*parts.shape[:-1], -1)), 2)
        return lax.complex(parts[..., 0], parts[..., 1])
    if old == new:
        return lax.bitcast_convert_type(input, dtype)
    if old > new:
        out = lax.bitcast_convert_type(input, dtype)
        return out.reshape(*input.shape[:-1], -1)
    k = new // old
    if not input.ndim or input.shape[-1] % k:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {k} to view {input.dtype} as {dtype} (different element sizes), "
            f"but got {input.shape[-1] if input.ndim else 1}"
        )
    return lax.bitcast_convert_type(input.reshape(*input.shape[:-1], -1, k), dtype)


def _bits_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dtype: Any) -> tuple[Ints, int]:
    if shape == out:
        return strides, offset
    old, new = (shape[-1], out[-1]) if shape else (1, 1)
    scale = (lambda n: n * new // old) if old else (lambda n: n)
    return (*(scale(s) for s in strides[:-1]), 1), scale(offset)


view(lambda base, new, *, dtype: _bits(new, dtype=base.dtype), _bits_layout, name="view_dtype", grad_name="ViewDtype")(_bits)

"""`torch.fft`: discrete Fourier transforms over any dimensions, of complex, real and Hermitian signals.

All rest on three transforms: complex to complex, real to half spectrum, half spectrum to real. A Hermitian transform is
that of the conjugate signal in the other direction: `hfft(x) = irfft(conj(x))` and `ihfft(x) = conj(rfft(x))`, with the
scaling of the direction it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dim_in_range, dims_in_range
from torchlike.ops.registry import op

_OTHER_WAY = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
_LAST_TWO = (-2, -1)


# ---- arguments ------------------------------------------------------------------------------------------------


def _norm(norm: str | None) -> str:
    """The kind of scaling. Raises RuntimeError for one that does not exist."""
    if norm is None:
        return "backward"
    if norm not in _OTHER_WAY:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm


def _signal(name: str, x: Array, real: bool = False) -> Array:
    """`x` in a dtype that can be transformed: complex, or floating where `real`.

    Raises:
        RuntimeError: for a complex signal where a real one is asked for, and for 16-bit floats, as torch on CPU.
    """
    kind = dtypes.from_numpy(x.dtype)
    if kind.is_complex:
        if real:
            raise RuntimeError(f"{name} expects a real input tensor, but got {scalar_name(kind)}")
        return x
    if not kind.is_floating_point:
        kind = dtypes.get_default_dtype()
    if kind.itemsize < 4:
        raise RuntimeError(f"Unsupported dtype {scalar_name(kind)}")
    return x.astype(kind.np if real else kind.to_complex().np)


def _one(x: Array, n: int | None, dim: int) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """The dimension and the length of a one-dimensional transform, as the others have them."""
    if isinstance(n, float):
        raise TypeError("argument 'n' (position 2) must be int, not float")
    return (dim_in_range(dim, x.ndim),), (n,)


def _many(x: Array, s: Any, dim: Any) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Dimensions and lengths (None: as they are) of a transform.

    Raises:
        RuntimeError: where dimensions repeat or do not go with the lengths. IndexError: for one that is not there.
    """
    s = (s,) if isinstance(s, int) else s
    dim = (dim,) if isinstance(dim, int) else dim
    if dim is not None:
        dims = tuple(dim_in_range(d, x.ndim) for d in dim)
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError(
                f"When given, dim and shape arguments must have the same length: got dim={list(dim)} and s={list(s)}"
            )
    elif s is not None:
        if len(s) > x.ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {x.ndim} dimensions.")
        dims = tuple(range(x.ndim - len(s), x.ndim))
    else:
        dims = tuple(range(x.ndim))
    lengths = (None,) * len(dims) if s is None else tuple(None if n == -1 else n for n in s)
    return dims, lengths


def _check_length(n: int) -> None:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")


def _fitted(x: Array, dims: Sequence[int], lengths: Sequence[int]) -> Array:
    """`x` cut or padded with zeros at the end to the lengths of the dimensions."""
    for n in lengths:
        _check_length(n)
    cut = x[tuple(slice(dict(zip(dims, lengths, strict=True)).get(d)) for d in range(x.ndim))]
    grow = [0] * x.ndim
    for d, n in zip(dims, lengths, strict=True):
        grow[d] = n - cut.shape[d]
    return jnp.pad(cut, [(0, g) for g in grow]) if any(grow) else cut


def _lengths(x: Array, dims: Sequence[int], lengths: Sequence[int | None]) -> list[int]:
    return [x.shape[d] if n is None else n for d, n in zip(dims, lengths, strict=True)]


# ---- the three transforms -------------------------------------------------------------------------------------


def _over(transform: Callable, x: Array, dims: Sequence[int], norm: str) -> Array:
    """One-dimensional complex transforms over several dimensions."""
    if x.size == 0:
        return x
    for d in dims:
        x = transform(x, axis=d, norm=norm)
    return x


def _complex(name: str, x: Array, dims: Any, lengths: Any, norm: str | None, inverse: bool) -> Array:
    x, scale = _signal(name, x), _norm(norm)
    return _over(_inverse if inverse else jnp.fft.fft, _fitted(x, dims, _lengths(x, dims, lengths)), dims, scale)


def _inverse(x: Array, axis: int, norm: str) -> Array:
    """The inverse along one dimension; without its factor 1/n it is the conjugate of the conjugate's transform."""
    if norm == "forward":
        return jnp.conj(jnp.fft.fft(jnp.conj(x), axis=axis))
    return jnp.fft.ifft(x, axis=axis, norm=norm)


def _to_half(name: str, x: Array, dims: Any, lengths: Any, norm: str | None, hermitian: bool = False) -> Array:
    """Real to half spectrum along the last of `dims`, complex along the others."""
    x, scale = _signal(name, x, real=True), _norm(norm)
    _need_dims(name, dims)
    x = _fitted(x, dims, _lengths(x, dims, lengths))
    scale = _OTHER_WAY[scale] if hermitian else scale
    last = dims[-1]
    if x.size == 0:
        shape = [n // 2 + 1 if d == last else n for d, n in enumerate(x.shape)]
        return jnp.zeros(shape, jnp.result_type(x.dtype, jnp.complex64))
    half = _over(jnp.fft.fft, jnp.fft.rfft(x, axis=last, norm=scale), dims[:-1], scale)
    return jnp.conj(half) if hermitian else half


def _from_half(name: str, x: Array, dims: Any, lengths: Any, norm: str | None, hermitian: bool = False) -> Array:
    """Half spectrum to real along the last of `dims`, complex along the others."""
    x, scale = _signal(name, x), _norm(norm)
    _need_dims(name, dims)
    last = dims[-1]
    n = 2 * (x.shape[last] - 1) if lengths[-1] is None else lengths[-1]
    _check_length(n)
    x = _fitted(x, dims, [*_lengths(x, dims[:-1], lengths[:-1]), n // 2 + 1])
    scale = _OTHER_WAY[scale] if hermitian else scale
    if x.size == 0:
        return jnp.zeros([n if d == last else m for d, m in enumerate(x.shape)], x.real.dtype)
    full = _over(_inverse, jnp.conj(x) if hermitian else x, dims[:-1], scale)
    return _real_of_half(full, n, last, scale)


def _real_of_half(x: Array, n: int, dim: int, norm: str) -> Array:
    """The real signal of length `n`; the imaginary parts that a real signal cannot have are not looked at."""
    return jnp.fft.irfft(x, n, axis=dim, norm=norm)


def _need_dims(name: str, dims: Sequence[int]) -> None:
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")


# ---- rows -----------------------------------------------------------------------------------------------------


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_fft(input, *, n=None, dim=-1, norm=None):
    """The transform along `dim`, cut or padded to length `n`. `norm` is "backward" (no scaling), "ortho" or "forward"."""
    return _complex("fft", input, *_one(input, n, dim), norm, False)


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_ifft(input, *, n=None, dim=-1, norm=None):
    """The inverse of `fft`, scaled by 1/n unless `norm` says otherwise."""
    return _complex("ifft", input, *_one(input, n, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_fft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`fftn` over the last two dimensions (or `dim`)."""
    return _complex("fft2", input, *_many(input, s, dim), norm, False)


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_ifft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`ifftn` over the last two dimensions (or `dim`)."""
    return _complex("ifft2", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_fftn(input, *, s=None, dim=None, norm=None):
    """The transform over `dim` (all, or the last `len(s)`), each cut or padded to its length in `s` (-1: as it is)."""
    return _complex("fftn", input, *_many(input, s, dim), norm, False)


@op(ns="fft", method=False, grad_name="FftC2C")
def fft_ifftn(input, *, s=None, dim=None, norm=None):
    """The inverse of `fftn`."""
    return _complex("ifftn", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_rfft(input, *, n=None, dim=-1, norm=None):
    """The first n // 2 + 1 numbers of a real signal's transform. Raises RuntimeError for a complex input."""
    return _to_half("rfft", input, *_one(input, n, dim), norm)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_rfft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`rfftn` over the last two dimensions (or `dim`)."""
    return _to_half("rfft2", input, *_many(input, s, dim), norm)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_rfftn(input, *, s=None, dim=None, norm=None):
    """The transform of a real signal, half of it along the last of `dim`."""
    return _to_half("rfftn", input, *_many(input, s, dim), norm)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_irfft(input, *, n=None, dim=-1, norm=None):
    """The real signal of length `n` (2 * (size - 1)) of a half spectrum."""
    return _from_half("irfft", input, *_one(input, n, dim), norm)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_irfft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`irfftn` over the last two dimensions (or `dim`)."""
    return _from_half("irfft2", input, *_many(input, s, dim), norm)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_irfftn(input, *, s=None, dim=None, norm=None):
    """The inverse of `rfftn`."""
    return _from_half("irfftn", input, *_many(input, s, dim), norm)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_hfft(input, *, n=None, dim=-1, norm=None):
    """The real transform of half a signal that is Hermitian in time."""
    return _from_half("hfft", input, *_one(input, n, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_hfft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`hfftn` over the last two dimensions (or `dim`)."""
    return _from_half("hfft2", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftC2R")
def fft_hfftn(input, *, s=None, dim=None, norm=None):
    """The real transform of a signal that is Hermitian in time, of which half is given along the last of `dim`."""
    return _from_half("hfftn", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_ihfft(input, *, n=None, dim=-1, norm=None):
    """The inverse of `hfft`: half a Hermitian signal of a real spectrum."""
    return _to_half("ihfft", input, *_one(input, n, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_ihfft2(input, *, s=None, dim=_LAST_TWO, norm=None):
    """`ihfftn` over the last two dimensions (or `dim`)."""
    return _to_half("ihfft2", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, grad_name="FftR2C")
def fft_ihfftn(input, *, s=None, dim=None, norm=None):
    """The inverse of `hfftn`."""
    return _to_half("ihfftn", input, *_many(input, s, dim), norm, True)


@op(ns="fft", method=False, linear=True, out=False, grad_name="Roll")
def fft_fftshift(input, *, dim=None):
    """The zero frequency moved to the middle of each of `dim` (all of them)."""
    dims = dims_in_range(dim, input.ndim)
    return jnp.roll(input, [input.shape[d] // 2 for d in dims], dims)


@op(ns="fft", method=False, linear=True, out=False, grad_name="Roll")
def fft_ifftshift(input, *, dim=None):
    """What `fftshift` did, undone."""
    dims = dims_in_range(dim, input.ndim)
    return jnp.roll(input, [-(input.shape[d] // 2) for d in dims], dims)

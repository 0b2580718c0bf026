"""Short-time Fourier transforms: `torch.stft` and `torch.istft` behind the arguments that `overloads/spectral` settles.

The inverse is the least-squares estimate of D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier
transform", IEEE Trans. ASSP 32(2), 1984: windowed frames added where they overlap, over the sum of the squared windows.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from torchlike.ops.registry import op

_FEW = 16  # up to so many hops in a frame, frames are slices (added where they overlap); else they are gathered
_PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def frames(x: Array, length: int, hop: int) -> Array:
    """Windows of `length` numbers every `hop`: (..., L) to (..., T, length)."""
    count = 1 + (x.shape[-1] - length) // hop
    pieces = -(-length // hop)
    if pieces > _FEW:
        return x[..., np.arange(count, dtype=np.int32)[:, None] * hop + np.arange(length, dtype=np.int32)]
    blocks = count + pieces - 1
    grow = blocks * hop - x.shape[-1]
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, grow)]) if grow > 0 else x[..., : blocks * hop]
    x = x.reshape(*x.shape[:-1], blocks, hop)
    parts = [lax.slice_in_dim(x, i, i + count, axis=x.ndim - 2) for i in range(pieces)]
    return jnp.concatenate(parts, -1)[..., :length]


def overlap_add(x: Array, hop: int) -> Array:
    """What `frames` does, transposed: (..., T, length) to (..., length + (T - 1) * hop), summed where frames overlap."""
    count, length = x.shape[-2:]
    whole = jax.ShapeDtypeStruct((*x.shape[:-2], length + (count - 1) * hop), x.dtype)
    return jax.linear_transpose(lambda y: frames(y, length, hop), whole)(x)[0]


def _centered_window(window: Array, n_fft: int) -> Array:
    """The window with zeros on both sides, as long as the transform."""
    left = (n_fft - window.shape[0]) // 2
    return jnp.pad(window, (left, n_fft - window.shape[0] - left))


def pad_ends(x: Array, left: int, right: int, mode: str) -> Array:
    """A signal (..., L) continued at both ends.

    Raises:
        RuntimeError: where a reflection would need more than there is. NotImplementedError: for an unknown mode.
    """
    if mode not in _PAD_MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if mode == "reflect" and max(left, right) >= x.shape[-1]:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({left}, {right}) at dimension {x.ndim - 1} of input {list(x.shape)}"
        )
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(left, right)], mode=_PAD_MODES[mode])


@op(name="stft_of", ns="", method=False, promote="same", layout="contiguous", out=False, grad_name="Stft")
def stft_of(input, window, *, n_fft, hop, padding, pad_mode, normalized, onesided):
    """Transforms of windowed frames: (..., L) to (..., frequencies, T), complex."""
    if any(padding):
        input = pad_ends(input, padding[0], padding[1], pad_mode)
    if not 0 < n_fft <= input.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft < {input.shape[-1]}, but got n_fft={n_fft}")
    cut = frames(input, n_fft, hop) * _centered_window(window, n_fft)
    scale = "ortho" if normalized else "backward"
    if onesided:
        spectra = jnp.fft.rfft(cut, norm=scale)
    else:
        spectra = jnp.fft.fft(cut.astype(jnp.result_type(cut.dtype, jnp.complex64)), norm=scale)
    return jnp.swapaxes(spectra, -1, -2)


@op(name="istft_of", ns="", method=False, layout="contiguous", out=False, grad_name="Istft")
def istft_of(input, window, *, n_fft, hop, start, stop, normalized, real):
    """The signal between `start` and `stop` of which `input` (..., frequencies, T) are the transforms."""
    spectra = jnp.swapaxes(input, -1, -2)
    scale = "ortho" if normalized else "backward"
    if real:
        pieces = jnp.fft.irfft(spectra[..., : n_fft // 2 + 1], n_fft, norm=scale)
    else:
        pieces = jnp.fft.ifft(spectra, norm=scale)
    window = _centered_window(window, n_fft).astype(jnp.result_type(window.dtype, pieces.real.dtype))
    signal = overlap_add(pieces * window, hop)[..., start:stop]
    weights = jnp.broadcast_to(window**2, (input.shape[-1], n_fft))
    found = signal / overlap_add(weights, hop)[start:stop]
    missing = stop - start - found.shape[-1]
    return jnp.pad(found, [(0, 0)] * (found.ndim - 1) + [(0, missing)]) if missing > 0 else found

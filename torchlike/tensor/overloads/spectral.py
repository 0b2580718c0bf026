"""torch.stft and torch.istft: their many arguments, settled for the rows that do the work."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.engine.record import local
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import ones
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor
from torchlike.tensor.views import view_as_real

_warned: set[str] = set()


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, UserWarning, stacklevel=4)


def _given_window(name: str, window: Any, input: Tensor, win_length: int) -> Tensor:
    """The window, or one of ones. Raises RuntimeError where it is not a vector of `win_length`."""
    if window is None:
        _warn_once(
            "A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. Other "
            "windows such as torch.hann_window or torch.hamming_window are recommended to reduce spectral leakage."
        )
        return ones(win_length, dtype=input.dtype.to_real(), device=input.device)
    if window.ndim != 1 or window.shape[0] != win_length:
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={win_length}, but got window with size "
            f"{list(window.shape)}"
        )
    return window


def _check_lengths(name: str, n_fft: int, hop: int, win_length: int) -> None:
    if n_fft <= 0:
        raise RuntimeError(f"{name}: expected n_fft > 0, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{name}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"{name}: expected 0 < win_length <= n_fft, but got win_length={win_length}")


@overload("stft")
def stft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Tensor | None = None,
    center: bool = True, pad_mode: str = "reflect", normalized: bool = False, onesided: bool | None = None,
    return_complex: bool | None = None, align_to_window: bool | None = None,
) -> Tensor:  # fmt: skip
    """Short-time Fourier transforms of windowed frames: (B?, L) to (B?, frequencies, T).

    Args:
        onesided: only the frequencies up to n_fft // 2; where the signal and the window are real, that is the default.
        return_complex: required for a real signal; False appends a dimension of size 2 instead.

    Raises:
        RuntimeError: for lengths and windows that do not go together.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if not input.dtype.is_differentiable:
        raise RuntimeError("stft: expected a tensor of floating point or complex values")
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, but got {input.ndim}D")
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    is_complex = input.dtype.is_complex or (window is not None and window.dtype.is_complex)
    if return_complex is None and not is_complex:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further require that "
            "return_complex=True in a future PyTorch release."
        )
    _check_lengths("stft", n_fft, hop, width)
    filled = _given_window("stft", window, input, width)
    if onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    _check_float(input)
    padding = (n_fft // 2, n_fft // 2) if center else (0, 0)
    if align_to_window:
        padding = ((n_fft - width) // 2,) * 2
        pad_mode = "constant"
    half = not is_complex if onesided is None else onesided
    found = ops.stft_of(input, filled, n_fft, hop, padding, pad_mode, bool(normalized), half)
    return found if return_complex or return_complex is None else view_as_real(found)


def _check_float(input: Tensor) -> None:
    if input.dtype in (dtypes.float16, dtypes.bfloat16):
        raise RuntimeError(f"FFT doesn't support tensors of type: {input.dtype}")


@overload("istft")
def istft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Tensor | None = None,
    center: bool = True, normalized: bool = False, onesided: bool | None = None, length: int | None = None,
    return_complex: bool = False,
) -> Tensor:  # fmt: skip
    """The signal of which `input` (B?, frequencies, T) are the short-time transforms: the least-squares estimate, (B?, length).

    Raises:
        RuntimeError: for lengths and windows that do not go together, or windows that leave a sample uncovered.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    _check_transforms(input, n_fft, hop, width)
    bins, count = input.shape[-2:]
    half = bins != n_fft if onesided is None else onesided
    if bins != (n_fft // 2 + 1 if half else n_fft):
        expected = f"n_fft / 2 + 1 = {n_fft // 2 + 1} when onesided=True" if half else f"n_fft = {n_fft} when onesided=False"
        raise RuntimeError(f"istft: expected the frequency dimension (3rd to the last) of the input tensor to match {expected}")
    if window is not None and window.dtype.is_complex and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    filled = _given_window("istft", window, input, width)
    if return_complex and half:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    total = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else total - n_fft // 2 if center else total
    _check_covered(window, width, n_fft, hop, count, start, stop)
    if stop > total:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
            "Please check your center and hop_length settings.",
            UserWarning,
            stacklevel=3,
        )
    return ops.istft_of(input, filled, n_fft, hop, start, stop, bool(normalized), not return_complex)


def _check_transforms(input: Tensor, n_fft: int, hop: int, width: int) -> None:
    if not input.dtype.is_complex:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if not input.numel():
        raise RuntimeError("istft: input tensor cannot be empty.")
    if not 2 <= input.ndim <= 3:
        raise RuntimeError(f"istft: expected a tensor with 3 or 4 dimensions, but got {input.ndim + 1}")
    if not 0 < hop <= width:
        raise RuntimeError("istft: expected 0 < hop_length <= win_length")
    _check_lengths("istft", n_fft, hop, width)


def _check_covered(window: Tensor | None, width: int, n_fft: int, hop: int, count: int, start: int, stop: int) -> None:
    """Raises RuntimeError where the windows sum to nothing somewhere. Not looked at inside a JAX transform or a capture."""
    if window is None:
        array = np.ones(width)
    else:
        value = window._read()
        if value.aval.traced or (value.array is None and local.state.capture is not None):
            return
        array = value.numpy()
    lowest = _least_cover(array.tobytes(), str(array.dtype), n_fft, hop, count, start, stop)
    if lowest is None:
        raise RuntimeError("istft: there is nothing between the ends: give more frames, or center=False")
    if lowest <= 1e-11:
        raise RuntimeError("istft: window overlap add min: 1, the windows leave samples uncovered (the NOLA condition fails)")


@functools.lru_cache(64)
def _least_cover(window: bytes, kind: str, n_fft: int, hop: int, count: int, start: int, stop: int) -> float | None:
    """The smallest sum of squared windows between the ends, None where nothing is between them."""
    values = np.frombuffer(window, kind)
    left = (n_fft - len(values)) // 2
    squares = np.pad(values, (left, n_fft - len(values) - left)) ** 2
    envelope = np.zeros(n_fft + hop * (count - 1), values.dtype)
    for i in range(count):
        envelope[i * hop : i * hop + n_fft] += squares
    between = np.abs(envelope[start:stop])
    return float(between.min()) if between.size else None

"""Window functions (torch.signal.windows and the older torch.hann_window and kin) and the frequencies of transforms.

All are computed in float64 on the host and rounded once. For the formulas see F. J. Harris, "On the Use of Windows for
Harmonic Analysis with the Discrete Fourier Transform", Proc. IEEE 66(1), 1978.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layouts import strided
from torchlike.base.promotion import scalar_name
from torchlike.engine.value import Value, aval, host
from torchlike.tensor.options import deliver, settle, whole, with_grad
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor, bare


def _on(array: np.ndarray, kind: DType, where: devices.device) -> Tensor:
    if where is devices.META:
        return bare(Value(aval(array.shape, kind, where)))
    return bare(host(array.astype(kind.np), where))


# ---- formulas: (number of points, place of each, period) -> values ----------------------------------------------


def _cosines(coefficients: Any) -> Callable[[np.ndarray, int], np.ndarray]:
    """A sum of cosines with alternating signs: `a0 - a1 cos(2 pi k / n) + a2 cos(4 pi k / n) - ...`."""

    def window(k: np.ndarray, period: int) -> np.ndarray:
        return sum((-1) ** i * a * np.cos(2 * math.pi * i * k / period) for i, a in enumerate(coefficients))

    return window


def _triangle(k: np.ndarray, period: int) -> np.ndarray:
    return 1 - np.abs(2 * k / period - 1)


def _kaiser(beta: float) -> Callable[[np.ndarray, int], np.ndarray]:
    def window(k: np.ndarray, period: int) -> np.ndarray:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * k / period - 1) ** 2, 0))) / np.i0(beta)

    return window


def _points(formula: Callable[[np.ndarray, int], np.ndarray], count: int, symmetric: bool) -> np.ndarray:
    """The formula at `count` places: of a whole window where symmetric, else of one period of a periodic one."""
    if count == 0:
        return np.zeros(0)
    if count == 1:
        return np.ones(1)
    return formula(np.arange(count, dtype=np.float64), count - 1 if symmetric else count)


# ---- torch.signal.windows ---------------------------------------------------------------------------------------


def _settled(name: str, count: Any, dtype: Any, layout: Any, device: Any) -> tuple[int, DType, Any]:
    """Raises ValueError for a negative length, another layout than strided, and other dtypes than the two wide floats."""
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.given(dtype)
    if not isinstance(count, int):
        raise TypeError(f"{name} requires an integer window length, got M={count!r}")
    if count < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={count}")
    if layout is not None and repr(layout) != repr(strided):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if kind not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    return count, kind, devices.resolve(device)


def _window(name: str, doc: str, make: Callable[..., Callable], **defaults: Any) -> None:
    """Register `signal.windows.<name>(M, *, <parameters>, sym, dtype, layout, device, requires_grad)`.

    Args:
        make: the parameters -> the formula. Raises what torch raises for parameters that make no window.
        defaults: the window's own parameters; `...` where torch has no default.
    """

    def window(
        M: int, *, sym: bool = True, dtype: Any = None, layout: Any = strided, device: Any = None, requires_grad: bool = False,
        **own: Any,
    ) -> Tensor:  # fmt: skip
        if unknown := set(own) - set(defaults):
            raise TypeError(f"{name}() got an unexpected keyword argument '{min(unknown)}'")
        if missing := [p for p, default in defaults.items() if default is ... and p not in own]:
            raise TypeError(f"{name}() missing 1 required keyword-only argument: '{missing[0]}'")
        count, kind, where = _settled(name, M, dtype, layout, device)
        formula = make(**{**defaults, **own}, sym=sym)
        return with_grad(_on(_points(formula, count, sym), kind, where), requires_grad)

    window.__doc__ = f"{doc} `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative length."
    overload(f"signal.windows.{name}")(window)


def _exponential(center: float | None, tau: float, sym: bool) -> Callable:
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return lambda k, period: np.exp(-np.abs(k - (period / 2 if center is None else center)) / tau)


def _gaussian(std: float, sym: bool) -> Callable:
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return lambda k, period: np.exp(-0.5 * ((k - period / 2) / std) ** 2)


def _checked_kaiser(beta: float, sym: bool) -> Callable:
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _kaiser(beta)


def _general_cosine(a: Any, sym: bool) -> Callable:
    if not isinstance(a, (list, tuple)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _cosines(a)


_NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)
_BLACKMAN = (0.42, 0.5, 0.08)
_window("bartlett", "A triangle that is 0 at its ends.", lambda sym: _triangle)
_window("blackman", "Three cosines.", lambda sym: _cosines(_BLACKMAN))
_window("cosine", "Half a sine.", lambda sym: lambda k, period: np.sin(math.pi * (k + 0.5) / (period + 1)))
_window("exponential", "`exp(-|k - center| / tau)`, `center` in the middle by default.", _exponential, center=None, tau=1.0)
_window("gaussian", "A bell of standard deviation `std`.", _gaussian, std=1.0)
_window("general_cosine", "The sum of cosines with the coefficients `a`, of alternating signs.", _general_cosine, a=...)
_window("general_hamming", "`alpha - (1 - alpha) cos`.", lambda alpha, sym: _cosines((alpha, 1 - alpha)), alpha=0.54)
_window("hamming", "`0.54 - 0.46 cos`.", lambda sym: _cosines((0.54, 0.46)))
_window("hann", "`0.5 - 0.5 cos`.", lambda sym: _cosines((0.5, 0.5)))
_window("kaiser", "Kaiser's window of shape `beta`.", _checked_kaiser, beta=12.0)
_window("nuttall", "Nuttall's minimal four terms.", lambda sym: _cosines(_NUTTALL))


# ---- torch.hann_window and kin ----------------------------------------------------------------------------------


def _old_window(name: str, doc: str, make: Callable[..., Callable], **defaults: float) -> None:
    """Register `<name>(window_length, periodic=True, <parameters>, *, dtype, layout, device, pin_memory, requires_grad)`."""

    def window(
        window_length: int, periodic: bool = True, *args: float, dtype: Any = None, layout: Any = None, device: Any = None,
        pin_memory: bool = False, requires_grad: bool = False, **own: float,
    ) -> Tensor:  # fmt: skip
        if len(args) > len(defaults) or set(own) - set(defaults):
            raise TypeError(f"{name}() received an invalid combination of arguments")
        if layout is not None and repr(layout) != repr(strided):
            raise RuntimeError(f"{name} is not implemented for sparse types, got: {layout}")
        kind, where = settle(None, dtype, device)
        count = whole(name, "window_length", 1, window_length)
        if not kind.is_differentiable:
            raise RuntimeError(f"{name} expects floating point dtypes, got: {kind}")
        if kind.is_complex:
            raise NotImplementedError(f"\"arange_cpu\" not implemented for '{scalar_name(kind)}'")
        if count < 0:
            raise RuntimeError(f"{name} requires non-negative window_length, got window_length={count}")
        formula = make(**{**defaults, **dict(zip(defaults, args, strict=False)), **own})
        return with_grad(_on(_points(formula, count, not periodic), kind, where), requires_grad)

    window.__doc__ = f"{doc} `window_length` points, periodic by default. Raises RuntimeError for a negative length."
    overload(name, method=False)(window)


_old_window("bartlett_window", "A triangle.", lambda: _triangle)
_old_window("blackman_window", "Three cosines.", lambda: _cosines(_BLACKMAN))
_old_window("hann_window", "`0.5 - 0.5 cos`.", lambda: _cosines((0.5, 0.5)))
_old_window("hamming_window", "`alpha - beta cos`.", lambda alpha, beta: _cosines((alpha, beta)), alpha=0.54, beta=0.46)
_old_window("kaiser_window", "Kaiser's window of shape `beta`.", _kaiser, beta=12.0)


# ---- frequencies ------------------------------------------------------------------------------------------------


def _frequencies(name: str, find: Callable[[int], np.ndarray], doc: str) -> None:
    def frequencies(
        n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        kind, where = settle(out, dtype, device, layout)
        if not kind.is_differentiable:
            raise RuntimeError(f"{name} requires a floating point or complex dtype")
        with np.errstate(all="ignore"):
            found = find(whole(name, "n", 1, n)) * np.float64(1.0 / (n * d) if n and d else math.inf)
        return deliver(out, _on(found, kind, where), requires_grad)

    frequencies.__doc__ = doc
    overload(f"fft.{name}")(frequencies)


def _centered(n: int) -> np.ndarray:
    return np.fft.ifftshift(np.arange(n) - n // 2)


_frequencies("fftfreq", _centered, "The frequencies of `fft` for `n` samples at distance `d`, the negative ones last.")
_frequencies("rfftfreq", lambda n: np.arange(n // 2 + 1), "The frequencies of `rfft` for `n` samples at distance `d`.")

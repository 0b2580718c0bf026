"""The arithmetic under the CPU generator: what torch's compiled kernels round where numpy would round otherwise.

torch's kernels are built with fused multiply-add and, for `randn` in float32, with the Cephes polynomials for log,
sin and cos. The functions here repeat those roundings in plain numpy, so that the numbers agree bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

_F32 = np.float32
_SPLIT = 134217729.0  # 2**27 + 1 cuts a double into two halves whose products are exact (Veltkamp)
_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))

# Cephes logf: polynomial in x on [sqrt(1/2) - 1, sqrt(2) - 1], then e * log(2) in two parts.
_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
_LN2_LOW, _LN2_HIGH = _F32(-2.12194440e-4), _F32(0.693359375)
# Cephes sinf and cosf: pi/4 in three parts, then one polynomial for each on [-pi/4, pi/4].
_PI_4 = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)


def fma32(a: np.ndarray, b: Any, c: Any) -> np.ndarray:
    """`a * b + c` in float32, rounded once: the product is exact in float64."""
    wide = a.astype(np.float64)
    wide *= b
    wide += c
    return wide.astype(_F32)


def fma64(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """`a * b + c` in float64, rounded once: exact product and exact sum as pairs, added at the end."""
    product, low = _exact_product(a, b)
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)
    fused = total + (error + low)
    return np.where(np.isfinite(fused), fused, a * b + c)  # the splitting overflows before the value does


def _exact_product(a: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    product = a * b
    high_a = _SPLIT * a
    high_a = high_a - (high_a - a)
    high_b = _SPLIT * b
    high_b = high_b - (high_b - b)
    low_a, low_b = a - high_a, b - high_b
    return product, ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b


def libm(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    """Apply a `math` function to every element. numpy's own vector loops differ from the C library in the last bit."""
    return np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size).reshape(values.shape)


def log32(x: np.ndarray) -> np.ndarray:
    """Natural logarithm of positive normal float32 numbers, as torch's float32 `randn` computes it."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < _F32(0.707106781186547524)
    e = exponent.astype(_F32) - small.astype(_F32)
    x = (mantissa - _F32(1)) + mantissa * small
    z = x * x
    y = _horner(x, _LOG) * x
    y = fma32(y, z, e * _LN2_LOW)
    y = fma32(z, _F32(-0.5), y)
    return fma32(e, _LN2_HIGH, x + y)


def sincos32(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of float32 angles in [0, 2 pi], as torch's float32 `randn` computes them."""
    octant = (x * _F32(4 / math.pi)).astype(np.int32)
    octant = (octant + 1) & ~1
    y = octant.astype(_F32)
    for part in _PI_4:
        x = fma32(y, _F32(part), x)
    z = x * x
    sine = fma32(_horner(z, _SIN) * z, x, x)
    cosine = fma32(_horner(z, _COS) * z, z, -(z * _F32(0.5))) + _F32(1)
    straight = (octant & 2) == 0
    sin = np.where(straight, sine, cosine)
    cos = np.where(straight, cosine, sine)
    np.negative(sin, out=sin, where=(octant & 4) != 0)
    np.negative(cos, out=cos, where=((octant - 2) & 4) == 0)
    return sin, cos


def _horner(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    """A polynomial in float32 by fused steps; in place, for this is where `randn` spends its time."""
    wide = x.astype(np.float64)
    y = np.full_like(x, coefficients[0])
    step = np.empty_like(wide)
    for c in coefficients[1:]:
        np.multiply(y, wide, out=step)
        step += float(_F32(c))
        y[...] = step
    return y


def round_to(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Cast as C++ does; float64 reaches the 16-bit floats through float32."""
    if dtype in _HALVES and values.dtype == np.float64:
        values = values.astype(_F32)
    return values if values.dtype == dtype else values.astype(dtype)

"""Special functions, complex numbers, functions of two numbers from mathematics, bits."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.arithmetic import clamp
from torchlike.ops.elementwise import FLOAT, SAME, binary, elementwise, refuse, unary, with_slopes
from torchlike.ops.special_bessel import bessel_i0
from torchlike.ops.special_gamma import log_gamma, polygamma_of

SPECIAL: dict[str, Any] = {**FLOAT, "ns": "torch special"}

unary({**SPECIAL, "widen": True}, exp2=jnp.exp2, expm1=lax.expm1, log1p=lax.log1p, sinc=jnp.sinc)
unary({**SPECIAL, "refuses": "c", "widen": True}, erf=lax.erf, erfc=lax.erfc, erfinv=lax.erf_inv)
unary({**SPECIAL, "refuses": "c", "widen": True, "aliases": ("special.psi",)}, digamma=polygamma_of(0))
unary(
    {**FLOAT, "refuses": "c", "widen": True, "aliases": ("special.gammaln",)},
    lgamma=log_gamma,
)


@elementwise(promote="float", inplace=True, ns="torch special", refuses="c", widen=True)
def logit(input, *, eps=None):
    """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside)."""
    if eps is not None:
        input = clamp(input, eps, 1.0 - eps)
    return _logit(input)


def _logit_slope(out, x):
    return jnp.where((x < 0) | (x > 1), jnp.nan, 1 / jnp.abs(x * (1 - x)))


_logit = with_slopes(lambda x: jnp.log(x / (1 - x)), _logit_slope)


@elementwise(promote="float", inplace=True, ns="torch special", refuses="c", widen=True)
def i0(input):
    """The modified Bessel function of the first kind, order 0."""
    return bessel_i0(input)


def _check_mvlgamma(input):
    if input.dtype is dtypes.bool_:
        raise RuntimeError("The input tensor may not be a boolean tensor.")


@elementwise(promote="float", inplace=True, refuses="c", widen=True, check=_check_mvlgamma)
def mvlgamma(input, *, p):
    """The logarithm of the multivariate gamma function of dimension `p`. Raises RuntimeError for p < 1."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    total = sum(log_gamma(input - j / 2.0) for j in range(p))
    return total + p * (p - 1) / 4.0 * math.log(math.pi)


@elementwise(promote="float", ns="", inplace=True, refuses="c", widen=True)
def polygamma(input, *, n):
    """The n-th derivative of the digamma function. Raises RuntimeError for n < 0."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return polygamma_of(n)(input)


# --- of two ------------------------------------------------------------------------------------------------------------


def _per_square(a, b):
    """1 / (a^2 + b^2), 0 at the origin: what keeps atan2's gradient finite there."""
    square = a * a + b * b
    return jnp.where(square == 0, 0, 1 / jnp.where(square == 0, 1, square))


def _logaddexp(a, b):
    """`log(exp(a) + exp(b))`; of complex numbers the branch that lies next to the larger one."""
    if not jnp.iscomplexobj(a):
        return jnp.logaddexp(a, b)
    larger, smaller = jnp.where(a.real >= b.real, a, b), jnp.where(a.real >= b.real, b, a)
    return larger + jnp.log1p(jnp.exp(smaller - larger))


_FLOAT_PAIR = {"promote": "float", "inplace": True, "widen": True, "tensors": 2}
binary(
    {**_FLOAT_PAIR, "refuses": "c", "aliases": ("arctan2",)},
    atan2=with_slopes(jnp.arctan2, lambda out, a, b: b * _per_square(a, b), lambda out, a, b: -a * _per_square(a, b)),
)
binary(
    {**_FLOAT_PAIR, "promote": "same", "refuses": "bic"},
    hypot=with_slopes(jnp.hypot, lambda out, a, b: a / out, lambda out, a, b: b / out),
)
binary(
    {"promote": "same", "widen": True, "tensors": 2, "refuses": "bi"},
    logaddexp=with_slopes(_logaddexp, lambda out, a, b: lax.logistic(a - b), lambda out, a, b: lax.logistic(b - a)),
)
binary(
    {"promote": "same", "widen": True, "tensors": 2, "refuses": "bic"},
    logaddexp2=with_slopes(
        jnp.logaddexp2, lambda out, a, b: 1 / (1 + jnp.exp2(b - a)), lambda out, a, b: 1 / (1 + jnp.exp2(a - b))
    ),
)
_WHOLE: dict[str, Any] = {"inplace": True, "tensors": 2, "refuses": "bhfc"}


@elementwise(**_WHOLE)
def gcd(input, other):
    """The greatest common divisor, by Euclid's algorithm (`jnp.gcd` never ends for the lowest number)."""

    def step(pair):
        a, b = pair
        divisor = jnp.where(b == 0, 1, b)
        return jnp.where(b == 0, a, b), jnp.where(b == 0, 0, lax.rem(a, divisor))

    return jnp.abs(lax.while_loop(lambda pair: jnp.any(pair[1] != 0), step, tuple(jnp.broadcast_arrays(input, other)))[0])


@elementwise(**_WHOLE)
def lcm(input, other):
    """The least common multiple; 0 where one of them is 0."""
    dtype = input.dtype
    if dtype.itemsize < 4:  # where it overflows, the bits of C's int stay
        input, other = input.astype(jnp.int32), other.astype(jnp.int32)
    divisor = gcd(input, other)
    return jnp.abs(lax.div(jnp.broadcast_to(input, divisor.shape), jnp.where(divisor == 0, 1, divisor)) * other).astype(dtype)


@elementwise(inplace=True, tensors=2, refuses="bic")
def nextafter(input, other):
    """The next number after `input` in the direction of `other`; the gradient goes to `input` where they differ."""
    input, other = jnp.broadcast_arrays(input, other)
    return _nextafter(input, lax.stop_gradient(other))


_nextafter = with_slopes(lax.nextafter, lambda out, a, b: (a != b).astype(out.dtype), lambda out, a, b: jnp.zeros_like(out))


@elementwise(promote="float", inplace=True, refuses="c", tensors=1)
def copysign(input, other):
    """The size of `input` with the sign of `other`; no gradient where `input` is 0."""
    out = jnp.copysign(input, other)
    return jnp.where(input == 0, lax.stop_gradient(out), out)


@elementwise(inplace=True, refuses="c", refusal=RuntimeError, tensors=2)
def heaviside(input, values):
    """0 below zero, 1 above, `values` at zero."""
    return jnp.where(input == 0, values, (input > 0).astype(input.dtype))


@elementwise(promote="float", inplace=True, ns="torch special", refuses="c", widen=True)
def xlogy(input, other):
    """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan)."""
    return _xlogy(input, other)


_xlogy = with_slopes(
    lambda x, y: jnp.where((x == 0) & (y == y), 0, x * jnp.log(y)),
    lambda out, x, y: jnp.where((x == 0) & (y <= 0), 0, jnp.log(y)),
    lambda out, x, y: x / y,
)


@elementwise(promote="float", inplace=True, tensors=2, widen=True)
def ldexp(input, other):
    """`input * 2 ** other`."""
    return input * jnp.exp2(other)


def _mantissa_slope(out, x):
    """One over the power of two that was taken out."""
    return jnp.where(x == 0, 1, out / jnp.where(x == 0, 1, x))


def _take_apart(x):
    """`jnp.frexp` that also has the numbers below the normal ones, which XLA's CPU arithmetic takes for 0: by their bits."""
    info = jnp.finfo(x.dtype)
    bits = lax.bitcast_convert_type(x, jnp.int32 if info.bits == 32 else jnp.int64)
    fraction = bits & ((1 << info.nmant) - 1)
    low = (fraction != 0) & (((bits >> info.nmant) & ((1 << info.nexp) - 1)) == 0)
    lifted = fraction.astype(x.dtype)
    mantissa, exponent = jnp.frexp(jnp.where(low, jnp.where(bits < 0, -lifted, lifted), x))
    return mantissa, exponent + jnp.where(low, info.minexp - info.nmant, 0)


_mantissa = with_slopes(lambda x: _take_apart(x)[0], _mantissa_slope)


@elementwise(returns=("mantissa", "exponent"), refuses="bic", refusal=RuntimeError)
def frexp(input):
    """`(mantissa, exponent)` with `input = mantissa * 2 ** exponent` and the mantissa's size in [0.5, 1), or 0."""
    wide = input.astype(jnp.float32) if input.dtype.itemsize == 2 else input
    mantissa = _mantissa(wide).astype(input.dtype)
    return mantissa, _take_apart(lax.stop_gradient(wide))[1].astype(jnp.int32)


# --- complex numbers ----------------------------------------------------------------------------------------------------


@elementwise(promote="float")
def angle(input):
    """The angle of each (complex) number in radians; the gradient at 0 is 0."""
    if not jnp.issubdtype(input.dtype, jnp.complexfloating):
        flat = jnp.where(input < 0, jnp.asarray(math.pi, input.dtype), jnp.zeros_like(input))
        return lax.stop_gradient(jnp.where(input != input, input, flat))
    zero = input == 0
    safe = jnp.where(zero, 1, input)
    return jnp.where(zero, lax.stop_gradient(jnp.angle(input)), lax.atan2(safe.imag, safe.real))


@elementwise(linear=True)
def conj(input):
    """The complex conjugate (a copy, never a lazy view)."""
    return jnp.conj(input)


@elementwise(inplace=True, linear=True)
def conj_physical(input):
    return jnp.conj(input)


@elementwise("complex", method=False)
def complex_(real, imag):
    """The complex number of two real ones. Raises RuntimeError unless both are of one floating dtype."""
    _complex_parts(real, imag)
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@elementwise(method=False)
def polar(abs, angle):
    """The complex number of a length and an angle in radians."""
    _complex_parts(abs, angle)
    return lax.complex(*jnp.broadcast_arrays(abs * jnp.cos(angle), abs * jnp.sin(angle)))


def _complex_parts(*parts):
    if any(part.dtype not in (jnp.float32, jnp.float64) for part in parts):
        names = " and ".join(scalar_name(dtypes.from_numpy(part.dtype)) for part in parts)
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {names}")


# --- bits --------------------------------------------------------------------------------------------------------------


def _bits(kernel: str, fn: Callable, refuses: str = "hfc") -> Callable:
    def bitwise(*operands):
        refuse(kernel, refuses, *operands)
        return fn(*operands)

    bitwise.__doc__ = fn.__doc__
    return bitwise


def _shielded(fn: Callable) -> Callable:
    """`fn(a, b)` with `a` inverted twice: XLA's CPU compiler (jaxlib 0.10.2) dies of "and" or "or" right after two casts to
    fewer bits."""

    def shielded(a, b):
        if a.dtype.itemsize in (2, 4):
            ones = ~np.zeros((), a.dtype)
            a = (a ^ ones) ^ ones
        return fn(a, b)

    return functools.wraps(fn)(shielded)


def _shift(fn: Callable, beyond: Callable) -> Callable:
    """Shifts by less than 0 or more than there are bits give `beyond(a)`: C leaves them open, torch does not."""

    def shift(a, b):
        a, b = jnp.broadcast_arrays(a, b)
        bits = a.dtype.itemsize * 8
        outside = (b < 0) | (b >= bits)
        return jnp.where(outside, beyond(a), fn(a, jnp.where(outside, 0, b)))

    return functools.wraps(fn)(shift)


unary(SAME, bitwise_not=_bits("bitwise_not_cpu", jnp.bitwise_not))
binary(
    SAME,
    bitwise_and=_bits("bitwise_and_cpu", _shielded(jnp.bitwise_and)),
    bitwise_or=_bits("bitwise_or_cpu", _shielded(jnp.bitwise_or)),
    bitwise_xor=_bits("bitwise_xor_cpu", jnp.bitwise_xor),
    bitwise_left_shift=_bits("lshift_cpu", _shift(jnp.left_shift, jnp.zeros_like), "bhfc"),
    bitwise_right_shift=_bits(
        "rshift_cpu", _shift(jnp.right_shift, lambda a: jnp.where(a < 0, -1, 0).astype(a.dtype)), "bhfc"
    ),
)  # fmt: skip

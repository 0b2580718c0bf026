"""Numbers as integers: real = (integer - zero point) * scale. Choosing scales, rounding to integers, and back again."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.ops.registry import op

_SMALL_SCALE = 6.1e-5  # scales below are torch's smallest normal float16, so that requantizing does not overflow


def along(values: Array, axis: int | None, ndim: int) -> Array:
    """`(C,)` shaped to broadcast along `axis` of an array with `ndim` dimensions; as it is where `axis` is None."""
    return values if axis is None else values.reshape([-1 if d == axis else 1 for d in range(ndim)])


def to_integers(x: Array, scale: Array, zero_point: Array, low: int, high: int, fused: bool = True) -> Array:
    """round(x / scale + zero point) within `low ... high`, as float32.

    torch multiplies with the rounded 1 / scale and, in its vectorized kernel (`fused`), adds the zero point before it rounds
    the sum to float32. XLA's CPU compiler would fuse as it likes, hence float64 there.
    """
    inverse = 1 / scale.astype(jnp.float32)
    x = x.astype(jnp.float32)

    def exactly(x: Array, inverse: Array, zero_point: Array) -> Array:
        product = x.astype(jnp.float64) * inverse.astype(jnp.float64) if fused else (x * inverse).astype(jnp.float64)
        return (product + zero_point.astype(jnp.float64)).astype(jnp.float32)

    def plainly(x: Array, inverse: Array, zero_point: Array) -> Array:
        return x * inverse + zero_point.astype(jnp.float32)

    places = lax.platform_dependent(x, inverse, zero_point, cpu=exactly, default=plainly)
    return jnp.clip(jnp.round(jnp.nan_to_num(places, nan=0.0, posinf=jnp.inf, neginf=-jnp.inf)), low, high)


@op("quantize_affine", ns="", method=False, out=False, wide=True)
def quantize_affine(input, scale, zero_point, *, axis=None, dtype=None, low=None, high=None):
    """Floats as integers of `dtype`: round(input / scale) + zero_point, clipped to `low ... high`.

    Args:
        scale, zero_point: one number each, or `(C,)` along `axis`.
    """
    info = jnp.iinfo(dtype)
    low, high = info.min if low is None else low, info.max if high is None else high
    scale, zero_point = (along(v, axis, input.ndim) for v in (scale, zero_point))
    if jnp.issubdtype(zero_point.dtype, jnp.floating) and axis is not None:  # a zero point that is no integer
        shifted = input.astype(jnp.float32) / scale.astype(jnp.float32) + zero_point.astype(jnp.float32)
        return jnp.clip(jnp.round(shifted), low, high).astype(dtype)
    if info.bits == 32:  # float32 does not hold them
        rounded = jnp.round(input.astype(jnp.float32) * (1 / scale.astype(jnp.float32))).astype(jnp.float64)
        return jnp.clip(rounded + zero_point, low, high).astype(dtype)
    return to_integers(input, scale, zero_point, low, high, fused=axis is None).astype(dtype)


@op("dequantize_affine", ns="", method=False, out=False, wide=True)
def dequantize_affine(input, scale, zero_point, *, axis=None):
    """Integers as float32: (input - zero_point) * scale."""
    scale, zero_point = (along(v, axis, input.ndim) for v in (scale, zero_point))
    if jnp.issubdtype(zero_point.dtype, jnp.floating):
        return (input.astype(jnp.float32) - zero_point.astype(jnp.float32)) * scale.astype(jnp.float32)
    wide = jnp.int64 if input.dtype == jnp.int32 else jnp.int32
    steps = input.astype(wide) - zero_point.astype(wide)
    if axis is not None:  # torch multiplies these in float64
        return (steps.astype(jnp.float64) * scale).astype(jnp.float32)
    return steps.astype(jnp.float32) * scale.astype(jnp.float32)


# ---- scales from ranges -----------------------------------------------------------------------------------------------


@op("observed_qparams", ns="", method=False, out=False, wide=True)
def observed_qparams(low, high, eps, *, quant_min, quant_max, symmetric=False, middle=0, float_zero=False):
    """float32 scales and int64 zero points for values within `low ... high`, as torch's observers choose them.

    Ranges that nobody has seen yet (inf to -inf) get scale 1 and zero point 0.

    Args:
        eps: the smallest scale.
        middle: the zero point of symmetric ranges.
        float_zero: zero points are floats, such that `low` becomes `quant_min` exactly.
    """
    steps = float(quant_max - quant_min)
    unseen = jnp.isinf(low) & jnp.isinf(high) & (low > high)
    low, high = (jnp.where(unseen, 0, v).astype(jnp.float32) for v in (low, high))
    eps = eps.astype(jnp.float32)
    if float_zero:
        scale = _quotient(high - low, steps)
        scale = jnp.where(scale > eps, scale, 1)
        return jnp.where(unseen, 1, scale), -_divided(low, scale)
    below, above = jnp.minimum(low, 0), jnp.maximum(high, 0)
    if symmetric:
        scale = jnp.maximum(_quotient(jnp.maximum(-below, above), steps / 2), eps)
        zero_point = jnp.full(scale.shape, middle, jnp.int64)
    else:
        scale = jnp.maximum(_quotient(above - below, steps), eps)
        zero_point = jnp.clip(quant_min - jnp.round(_divided(below, scale)), quant_min, quant_max).astype(jnp.int64)
    return jnp.where(unseen, 1, scale), jnp.where(unseen, 0, zero_point)


def _quotient(x: Array, divisor: float) -> Array:
    # XLA makes a product of a division by a constant; in float64 that does not show in the float32 result.
    return (x.astype(jnp.float64) / divisor).astype(jnp.float32)


def _divided(x: Array, y: Array) -> Array:
    return (x.astype(jnp.float64) / y.astype(jnp.float64)).astype(jnp.float32)


@op("chosen_qparams", ns="", method=False, out=False)
def chosen_qparams(low, high, *, quant_min, quant_max, symmetric=False):
    """float64 scales and int64 zero points as torch's kernels choose them (dynamic quantization, fused fake quantization)."""
    return choose(low, high, quant_min, quant_max, symmetric)


def choose(low: Array, high: Array, quant_min: int, quant_max: int, symmetric: bool = False) -> tuple[Array, Array]:
    """The zero point is what the end of the range with the smaller error asks for, rounded into the integers' range."""
    low, high = jnp.minimum(low.astype(jnp.float32), 0), jnp.maximum(high.astype(jnp.float32), 0)
    both = (low < 0) & (high > 0)
    if symmetric:
        half = (quant_max - quant_min) // 2
        most = jnp.maximum(jnp.abs(_quotient(low, -(half + 1))), jnp.abs(_quotient(high, half)))
        low, high = jnp.where(both, most * -(half + 1), low), jnp.where(both, most * half, high)
    steps = quant_max - quant_min
    divisor = lax.optimization_barrier(jnp.float64(steps))  # or XLA multiplies with its rounded inverse
    scale = (high.astype(jnp.float64) - low.astype(jnp.float64)) / divisor
    narrow = scale.astype(jnp.float32)
    scale = jnp.where((narrow == 0) | jnp.isinf(1 / narrow), 0.1, scale)
    low, high, scale = _not_too_small(low, high, scale, steps)
    from_low, from_high = quant_min - low / scale, quant_max - high / scale
    errors = abs(quant_min) + jnp.abs(low / scale), abs(quant_max) + jnp.abs(high / scale)
    zero_point = jnp.where(errors[0] < errors[1], from_low, from_high)
    if symmetric:
        zero_point = jnp.where(both, (quant_min + quant_max) / 2, zero_point)
    return scale, jnp.clip(jnp.round(zero_point), quant_min, quant_max).astype(jnp.int64)


def _not_too_small(low: Array, high: Array, scale: Array, steps: int) -> tuple[Array, Array, Array]:
    """A very small scale is raised, and the range with it. All come back as float64."""
    small = scale < _SMALL_SCALE
    amplifier = _SMALL_SCALE / scale.astype(jnp.float32)
    widened_low = jnp.where(low == 0, low, jnp.where(high == 0, -_SMALL_SCALE * steps, low * amplifier))
    widened_high = jnp.where(low == 0, _SMALL_SCALE * steps, jnp.where(high == 0, high, high * amplifier))
    low, high = (
        jnp.where(small, w, v).astype(jnp.float64) for w, v in ((widened_low, low), (widened_high, high))
    )  # fmt: skip
    return low, high, jnp.where(small, jnp.float32(_SMALL_SCALE).astype(jnp.float64), scale)


@op("observed_average", ns="", method=False, out=False)
def observed_average(running, current, *, constant):
    """running + constant * (current - running), each step rounded; `current` where `running` is infinite still."""
    step = (current - running) * jnp.asarray(constant, running.dtype)
    return jnp.where(jnp.isinf(running), current, running + lax.optimization_barrier(step))  # no fused multiply-add


# ---- fake quantization: floats that are rounded as integers would be ---------------------------------------------------


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def _rounded(x: Array, scale: Array, zero_point: Array, low: int, high: int) -> Array:
    return _fake(x, scale, zero_point, low, high)[0]


def _fake(x: Array, scale: Array, zero_point: Array, low: int, high: int) -> tuple[Array, Array]:
    """The rounded values, and where they were within the range."""
    places = jnp.round(x.astype(jnp.float32) * (1 / scale)) + zero_point
    kept = (places >= low) & (places <= high)
    return ((jnp.clip(places, low, high) - zero_point) * scale).astype(x.dtype), kept


@_rounded.defjvp
def _rounded_jvp(low: int, high: int, primals: Any, tangents: Any) -> Any:
    x, scale, zero_point = primals
    out, kept = _fake(x, scale, zero_point, low, high)
    return out, jnp.where(kept, tangents[0], 0).astype(out.dtype)  # straight through where nothing was clipped


@op("fake_quantize_affine", ns="", method=False, out=False, wide=True, grad_name="FakeQuantizePerTensorAffineCachemask")
def fake_quantize_affine(input, scale, zero_point, enabled=None, *, quant_min, quant_max, axis=None):
    """`input` rounded to the numbers that integers `quant_min ... quant_max` stand for.

    Its gradient is 1 where nothing was clipped and 0 elsewhere (the straight-through estimator, https://arxiv.org/abs/1308.3432).

    Args:
        enabled: nothing is done where it is 0.
    """
    scale, zero_point = (along(v, axis, input.ndim).astype(jnp.float32) for v in (scale, zero_point))
    out = _rounded(input, scale, zero_point, quant_min, quant_max)
    return out if enabled is None else jnp.where(enabled.reshape(()) != 0, out, input)

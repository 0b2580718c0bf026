"""Activations. Each is written by `where` on its pieces, so that JAX's gradient at the joints is torch's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import jax
import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import op

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def wide(x: Array) -> Array:
    """`x` in the type that torch accumulates in: float32 for the 16-bit floats, itself otherwise."""
    return x.astype(jnp.float32) if x.dtype.itemsize < 4 and jnp.issubdtype(x.dtype, jnp.floating) else x


def require_floating(x: Array, kernel: str) -> None:
    """Raises NotImplementedError, as torch's kernels do, for an integer or bool `x`."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(dtypes.from_numpy(x.dtype))}'")


def _floating(kernel: str) -> Callable[[Callable], Callable]:
    """Refuse integers, compute the 16-bit floats in float32 and round once."""

    def decorate(fn: Callable) -> Callable:
        @wraps(fn)
        def rounded_once(input: Array, *operands: Array, **static: object) -> Array:
            require_floating(input, kernel)
            return fn(wide(input), *operands, **static).astype(input.dtype)

        return rounded_once

    return decorate


# --- rectifiers -------------------------------------------------------------------------------------------------


@op(inplace=True, layout="elementwise")
def relu(input):
    """max(0, x); the gradient at 0 is 0."""
    if input.dtype == jnp.bool_:
        raise RuntimeError("Boolean inputs not supported for relu")
    return jnp.where(input <= 0, jnp.zeros_like(input), input)


@op(ns="nn.functional", method=False, inplace=True, layout="elementwise")
def hardtanh(input, *, min_val=-1.0, max_val=1.0):
    """x clipped to [min_val, max_val]; the gradient at both bounds is 0."""
    if input.dtype == jnp.bool_:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    low, high = jnp.asarray(min_val, input.dtype), jnp.asarray(max_val, input.dtype)
    return jnp.where(input <= low, low, jnp.where(input >= high, high, input))


@op(ns="", method=False, inplace=True, layout="elementwise")
def relu6(input):
    return hardtanh(input, min_val=0.0, max_val=6.0)


@op(ns="nn.functional", method=False, inplace=True, layout="elementwise")
@_floating("leaky_relu_cpu")
def leaky_relu(input, *, negative_slope=0.01):
    return jnp.where(input > 0, input, input * negative_slope)


@op(ns="torch nn.functional", layout="like")
def prelu(input, weight):
    """max(0, x) + weight * min(0, x), one weight in all or one per channel (dimension 1)."""
    if input.dtype != weight.dtype:
        names = [scalar_name(dtypes.from_numpy(t.dtype)) for t in (input, weight)]
        raise RuntimeError(f"prelu: Type promoting not supported. Got {names[0]} and {names[1]}")
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.size != 1 and input.ndim == 0:
        raise RuntimeError("Not allow zero-dim input tensor.")
    if weight.size not in (1, channels):
        raise RuntimeError(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{weight.size} and channel size = {channels}."
        )
    slope = weight.reshape((-1,) + (1,) * (input.ndim - 2)) if weight.size != 1 else weight.reshape(())
    return jnp.where(input > 0, input, slope * input)


@op(ns="", method=False, inplace=True, layout="elementwise")
def rrelu_with_noise(input, noise):
    """Leaky ReLU whose slope at each element is `noise` there."""
    return jnp.where(input > 0, input, input * noise)


@op(ns="torch", method=False, inplace=True, layout="elementwise")
def threshold(input, *, threshold, value):
    return jnp.where(input <= threshold, jnp.asarray(value, input.dtype), input)


# --- exponential and smooth rectifiers --------------------------------------------------------------------------


def _elu(x: Array, alpha: float, scale: float, input_scale: float) -> Array:
    below = jnp.expm1(jnp.where(x > 0, 0, x) * input_scale)  # the inner where keeps exp's overflow out of the gradient
    return jnp.where(x > 0, x * scale, below * (alpha * scale))


@op(ns="nn.functional", method=False, inplace=True, layout="elementwise")
@_floating("elu_cpu")
def elu(input, *, alpha=1.0):
    return _elu(input, alpha, 1.0, 1.0)


@op(inplace=True, method=False, layout="elementwise")
@_floating("elu_cpu")
def selu(input):
    return _elu(input, SELU_ALPHA, SELU_SCALE, 1.0)


@op(inplace=True, method=False, layout="elementwise")
@_floating("elu_cpu")
def celu(input, *, alpha=1.0):
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _elu(input, alpha, 1.0, 1.0 / alpha)


@op(ns="nn.functional", method=False, layout="elementwise")
@_floating("GeluKernelImpl")
def gelu(input, *, approximate="none"):
    """x * Phi(x), Phi the normal distribution function; `approximate="tanh"` for the formula with tanh."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return jax.nn.gelu(input, approximate=approximate == "tanh")


@op(ns="", method=False, inplace=True, layout="elementwise")
@_floating("silu_cpu")
def silu(input):
    return input * jax.nn.sigmoid(input)


@op(ns="", method=False, inplace=True, layout="elementwise")
@_floating("mish_cpu")
def mish(input):
    return input * jnp.tanh(jax.nn.softplus(input))


@op(ns="nn.functional", method=False, layout="elementwise")
@_floating("softplus_cpu")
def softplus(input, *, beta=1.0, threshold=20.0):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x > threshold."""
    scaled = input * beta
    linear = scaled > threshold
    return jnp.where(linear, input, jnp.log1p(jnp.exp(jnp.where(linear, 0, scaled))) / beta)


@op(ns="nn.functional", method=False, layout="elementwise")
@_floating("log_sigmoid_cpu")
def logsigmoid(input):
    return jax.nn.log_sigmoid(input)


@op(ns="nn.functional", method=False, promote="float")
def softsign(input):
    return input / (jnp.abs(input) + 1)


@op(ns="nn.functional", method=False, promote="float")
@_floating("tanh_cpu")
def tanhshrink(input):
    return input - jnp.tanh(input)


@op(ns="nn.functional", method=False, layout="elementwise")
@_floating("softshrink_cpu")
def softshrink(input, *, lambd=0.5):
    if not lambd >= 0:
        top, name = float(jnp.finfo(input.dtype).max), scalar_name(dtypes.from_numpy(input.dtype))
        raise RuntimeError(f"lambda must be in range [0, {top:g}] for input dtype {name}, but found {float(lambd):g}")
    inside = input * 0  # not 0, so that NaN stays NaN
    return jnp.where(input > lambd, input - lambd, jnp.where(input < -lambd, input + lambd, inside))


@op(ns="torch nn.functional", layout="elementwise")
@_floating("hardshrink_cpu")
def hardshrink(input, *, lambd=0.5):
    return jnp.where((input >= -lambd) & (input <= lambd), jnp.zeros_like(input), input)


@op(ns="", method=False, inplace=True, layout="elementwise")
@_floating("hardsigmoid")
def hardsigmoid(input):
    return jnp.where(input <= -3, 0, jnp.where(input >= 3, 1, input / 6 + 0.5))


@op(ns="", method=False, inplace=True, layout="elementwise")
@_floating("hardswish_cpu")
def hardswish(input):
    return jnp.where(input <= -3, 0, jnp.where(input >= 3, input, input * (input + 3) / 6))


@op(ns="nn.functional", method=False)
@_floating("glu_cpu")
def glu(input, *, dim=-1):
    """a * sigmoid(b), a and b the halves of `input` along `dim`."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    dim = dim_in_range(dim, input.ndim)
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    a, b = jnp.split(input, 2, axis=dim)
    return a * jax.nn.sigmoid(b)


# --- softmax ----------------------------------------------------------------------------------------------------


def _softmax(fn: Callable, name: str, input: Array, dim: int, dtype: object) -> Array:
    x = input if dtype is None else input.astype(dtype)
    require_floating(x, f"{name}_lastdim_kernel_impl" if dim in (-1, x.ndim - 1) else f"{name}_kernel_impl")
    axis = dim_in_range(dim, x.ndim)
    if x.ndim == 0:
        return fn(wide(x)[None], axis=0)[0].astype(x.dtype)
    return fn(wide(x), axis=axis).astype(x.dtype)


@op()
def softmax(input, *, dim, dtype=None):
    """exp(x) / sum(exp(x)) along `dim`; `dtype` is cast to first."""
    return _softmax(jax.nn.softmax, "softmax", input, dim, dtype)


@op()
def log_softmax(input, *, dim, dtype=None):
    """log(softmax(x)), computed without the quotient."""
    return _softmax(jax.nn.log_softmax, "log_softmax", input, dim, dtype)


@op(ns="", method=False, out=False)
def straight_through_one_hot(input, *, dim):
    """1 at the maximum along `dim` and 0 elsewhere, with the gradient of `input` itself."""
    axis = dim_in_range(dim, input.ndim)
    hard = jax.nn.one_hot(jnp.argmax(input, axis), input.shape[axis], axis=axis, dtype=input.dtype)
    return hard - jax.lax.stop_gradient(input) + input

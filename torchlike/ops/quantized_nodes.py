"""Quantization as single primitives of JAX, which an exporter finds again in what it traced."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.interpreters import mlir

from torchlike.ops.conv import conv, linear
from torchlike.ops.quantized import dequantize_affine, quantize_affine
from torchlike.ops.registry import op


def _quantized(x: Array, *, scale: tuple, zero_point: tuple, axis: int | None, dtype: Any) -> Array:
    return quantize_affine(x, *_numbers(scale, zero_point, axis), axis=axis, dtype=dtype)


def _dequantized(x: Array, *, scale: tuple, zero_point: tuple, axis: int | None) -> Array:
    return dequantize_affine(x, *_numbers(scale, zero_point, axis), axis=axis)


def _numbers(scale: tuple, zero_point: tuple, axis: int | None) -> tuple[Array, Array]:
    if axis is None:
        return jnp.asarray(scale[0], jnp.float64), jnp.asarray(zero_point[0], jnp.int64)
    return jnp.asarray(scale, jnp.float64), jnp.asarray(zero_point, jnp.int64)


@cache
def _primitives() -> tuple[Any, Any]:
    """Made when first used: `jax.extend` brings Pallas, which takes a tenth of a second to import."""
    from jax.extend.core import Primitive

    quantize = _primitive(Primitive("torchlike_quantize"), _quantized, lambda static: np.dtype(static["dtype"]))
    return quantize, _primitive(Primitive("torchlike_dequantize"), _dequantized, lambda static: np.dtype(np.float32))


def _primitive(made: Any, fn: Any, kind: Any) -> Any:
    made.def_impl(fn)
    made.def_abstract_eval(lambda x, **static: jax.core.ShapedArray(x.shape, kind(static)))
    mlir.register_lowering(made, mlir.lower_fun(fn, multiple_results=False))
    return made


def _dequantize(x: Array, **static: Any) -> Array:
    return _primitives()[1].bind(x, **static)


@op("quantize_node", ns="", method=False, out=False)
def quantize_node(input, *, scale, zero_point, axis=None, dtype=None):
    """`quantize_affine` with numbers that are known, as one primitive."""
    return _primitives()[0].bind(input, scale=scale, zero_point=zero_point, axis=axis, dtype=np.dtype(dtype).name)


@op("dequantize_node", ns="", method=False, out=False)
def dequantize_node(input, *, scale, zero_point, axis=None):
    """`dequantize_affine` with numbers that are known, as one primitive."""
    return _dequantize(input, scale=scale, zero_point=zero_point, axis=axis)


@op("linear_node", ns="", method=False, out=False)
def linear_node(input, weight, bias=None, *, scale, zero_point, axis=None):
    """`linear` of floats by integers that become floats in one primitive. `(*, K)`, `(N, K)` -> `(*, N)`."""
    return linear(input, _dequantize(weight, scale=scale, zero_point=zero_point, axis=axis), bias)


@op("conv_node", ns="", method=False, out=False)
def conv_node(
    input, weight, bias=None, *, scale, zero_point, axis=None, stride=1, padding=0, dilation=1, groups=1, output_padding=None
):  # fmt: skip
    """`conv` of floats by integers that become floats in one primitive."""
    real = _dequantize(weight, scale=scale, zero_point=zero_point, axis=axis)
    return conv(
        input, real, bias, ndim=weight.ndim - 2, stride=stride, padding=padding, dilation=dilation, groups=groups,
        output_padding=output_padding,
    )  # fmt: skip

"""A normalization that follows a linear layer, taken into the layer's own weights."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torchlike.nn.modules.batchnorm import _BatchNorm
from torchlike.nn.modules.conv import _ConvNd
from torchlike.nn.modules.linear import Linear
from torchlike.nn.parameter import Parameter
from torchlike.tensor import Tensor, creation

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

ConvT = TypeVar("ConvT", bound=_ConvNd)
LinearT = TypeVar("LinearT", bound=Linear)


def _check(layer: Any, bn: _BatchNorm) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")


def _statistics(bn: _BatchNorm) -> tuple[Any, Any]:
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return bn.running_mean, bn.running_var


def fuse_conv_bn_eval(conv: ConvT, bn: _BatchNorm, transpose: bool = False) -> ConvT:
    """A copy of the convolution that does what `bn(conv(x))` does, both in evaluation mode.

    Args:
        transpose: the convolution is a transposed one.

    Raises:
        AssertionError: in training mode, or without running statistics.
    """
    _check(conv, bn)
    fused = copy.deepcopy(conv)
    mean, var = _statistics(bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, mean, var, bn.eps, bn.weight, bn.bias, transpose)
    return fused


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a convolution with a normalization taken in.

    Args:
        conv_w: `(out, in, *kernel)`, or `(in, out, *kernel)` where `transpose`. conv_b: `(out,)` or None.
        bn_rm, bn_rv: running mean and variance. bn_w, bn_b: weight and bias of the normalization, or None.
    """
    bias_dtype = conv_w.dtype if conv_b is None else conv_b.dtype
    conv_b = creation.zeros_like(bn_rm) if conv_b is None else conv_b
    bn_w = creation.ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = creation.zeros_like(bn_rm) if bn_b is None else bn_b
    rsqrt = _rsqrt(bn_rv + bn_eps)
    shape = [1, -1] if transpose else [-1, 1]
    shape += [1] * (conv_w.ndim - 2)
    weight = (conv_w * (bn_w * rsqrt).reshape(shape)).to(conv_w.dtype)
    bias = ((conv_b - bn_rm) * rsqrt * bn_w + bn_b).to(bias_dtype)
    return Parameter(weight, conv_w.requires_grad), Parameter(bias, conv_b.requires_grad)


def fuse_linear_bn_eval(linear: LinearT, bn: _BatchNorm) -> LinearT:
    """A copy of the linear layer that does what `bn(linear(x))` does for `(N, in_features)`, both in evaluation mode.

    Raises:
        AssertionError: in training mode, without running statistics, or where the numbers of features do not fit.
    """
    _check(linear, bn)
    fused = copy.deepcopy(linear)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    mean, var = _statistics(bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, mean, var, bn.eps, bn.weight, bn.bias)
    return fused


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Tensor, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Weight `(out, in)` and bias `(out,)` of a linear layer with a normalization taken in."""
    bias_dtype = linear_w.dtype if linear_b is None else linear_b.dtype
    linear_b = creation.zeros_like(bn_rm) if linear_b is None else linear_b
    scale = bn_w * _rsqrt(bn_rv + bn_eps)
    weight = linear_w * scale.unsqueeze(-1).to(linear_w.dtype)
    bias = ((linear_b - bn_rm) * scale + bn_b).to(bias_dtype)
    return Parameter(weight, linear_w.requires_grad), Parameter(bias, linear_b.requires_grad)


def _rsqrt(x: Tensor) -> Tensor:
    """1 / sqrt(x), rounded as torch does: XLA's is a bit off on some processors, and that decides over int8 weights."""
    wide = x.float() if x.dtype.itemsize < 4 else x
    return wide.double().sqrt().to(wide.dtype).reciprocal().to(x.dtype)

"""The gradients of convolutions as functions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike import autograd
from torchlike.nn import functional as F
from torchlike.tensor import Tensor

Ints = int | Sequence[int]


def _gradient(function: Callable[..., Any], made: Tensor, grad_output: Tensor) -> Tensor:
    """The gradient of `function(made)`, differentiable itself where gradients are recorded."""
    again = autograd.is_grad_enabled()
    with autograd.enable_grad():
        return autograd.grad(function(made), made, grad_output, create_graph=again)[0]


def _input(ndim: int, input_size: Any, weight: Tensor, grad_output: Tensor, options: tuple) -> Tensor:
    made = grad_output.new_zeros(tuple(input_size)).requires_grad_()
    return _gradient(lambda x: _CONV[ndim](x, weight, None, *options), made, grad_output)


def _weight(ndim: int, input: Tensor, weight_size: Any, grad_output: Tensor, options: tuple) -> Tensor:
    made = grad_output.new_zeros(tuple(weight_size)).requires_grad_()
    return _gradient(lambda w: _CONV[ndim](input, w, None, *options), made, grad_output)


_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def conv1d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` with respect to its input of size `input_size`."""
    return _input(1, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv1d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` with respect to its weight of size `weight_size`."""
    return _weight(1, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its input of size `input_size`."""
    return _input(2, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its weight of size `weight_size`."""
    return _weight(2, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv3d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` with respect to its input of size `input_size`."""
    return _input(3, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv3d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` with respect to its weight of size `weight_size`."""
    return _weight(3, input, weight_size, grad_output, (stride, padding, dilation, groups))

"""Convolution, pooling, padding and sampling under their names in the root namespace, which `nn.functional` partly shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor

# --- convolution -------------------------------------------------------------------------------------------------------


@overload("conv1d", method=False)
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, L)` or `(C, L)` with `weight` `(out, C / groups, k)`; padding is numbers, "same" or "valid"."""
    return ops.conv(input, weight, bias, 1, stride, padding, dilation, groups)


@overload("conv2d", method=False)
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, H, W)` or `(C, H, W)` with `weight` `(out, C / groups, kH, kW)`.

    Raises:
        RuntimeError: channels, groups, ranks or dtypes that do not fit.
    """
    return ops.conv(input, weight, bias, 2, stride, padding, dilation, groups)


@overload("conv3d", method=False)
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, D, H, W)` or `(C, D, H, W)` with `weight` `(out, C / groups, kD, kH, kW)`."""
    return ops.conv(input, weight, bias, 3, stride, padding, dilation, groups)


@overload("conv_transpose1d", method=False)
def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv1d`: `(N, C, L)` with `weight` `(C, out / groups, k)`."""
    _refuse_text(padding, "conv_transpose1d")
    return ops.conv(input, weight, bias, 1, stride, padding, dilation, groups, output_padding)


@overload("conv_transpose2d", method=False)
def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv2d`: `(N, C, H, W)` with `weight` `(C, out / groups, kH, kW)`."""
    _refuse_text(padding, "conv_transpose2d")
    return ops.conv(input, weight, bias, 2, stride, padding, dilation, groups, output_padding)


@overload("conv_transpose3d", method=False)
def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv3d`: `(N, C, D, H, W)` with `weight` `(C, out / groups, kD, kH, kW)`."""
    _refuse_text(padding, "conv_transpose3d")
    return ops.conv(input, weight, bias, 3, stride, padding, dilation, groups, output_padding)


def _refuse_text(padding: object, name: str) -> None:
    if isinstance(padding, str):
        raise TypeError(f"{name}(): argument 'padding' must be tuple of ints, not str")


@overload("convolution", method=False)
def convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """A convolution of the weight's rank, or its transpose where `transposed`."""
    return ops.conv(
        input, weight, bias, weight.ndim - 2, stride, padding, dilation, groups, output_padding if transposed else None
    )


@overload("conv_tbc", method=False)
def conv_tbc(input, weight, bias, pad=0):
    """Convolve over time: `(T, B, C)` with `weight` `(k, C, out)` and bias `(out,)` -> `(T', B, out)`."""
    if input.ndim != 3 or weight.ndim != 3 or bias.ndim != 1:
        raise RuntimeError("conv_tbc: input and weight must have 3 dims (time, batch, channels), bias 1 dim")
    return ops.conv(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, 1, pad, 1, 1).permute(2, 0, 1)


# --- pooling -----------------------------------------------------------------------------------------------------------


def _max_pool(ndim: int) -> Callable:
    def max_pool(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        return ops.max_pool(input, ndim, kernel_size, stride, padding, dilation, ceil_mode)

    max_pool.__doc__ = f"The maximum of each window over the last {ndim} dimensions, `(N, C, *)` or `(C, *)`."
    return max_pool


for _ndim in (1, 2, 3):
    overload(f"max_pool{_ndim}d", method=False)(_max_pool(_ndim))


@overload("max_pool1d_with_indices", method=False)
def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The maximum of each window of `(N, C, L)` or `(C, L)`, and its position."""
    return tuple(ops.max_pool_with_indices(input, 1, kernel_size, stride, padding, dilation, ceil_mode))


@overload("avg_pool1d", method=False)
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window of `(N, C, L)` or `(C, L)`."""
    return ops.avg_pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)


@overload("adaptive_avg_pool1d", method=False)
def adaptive_avg_pool1d(input, output_size):
    """The mean of `output_size` windows that cover `(N, C, L)` evenly."""
    return ops.adaptive_avg_pool(input, 1, output_size)


@overload("adaptive_max_pool1d", method=False)
def adaptive_max_pool1d(input, output_size):
    """The maximum of `output_size` windows that cover `(N, C, L)` evenly, and its position."""
    return tuple(ops.adaptive_max_pool_with_indices(input, 1, output_size))


# --- padding and sampling ----------------------------------------------------------------------------------------------


@overload("constant_pad_nd", method=False)
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: Any = 0) -> Tensor:
    """Pad the last dimensions with `value` by `(left, right)` pairs, last dimension first; negative numbers crop."""
    return ops.pad(input, pad, "constant", value)


_MODES, _PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _grid_sampler(name: str, rank: int | None) -> Callable:
    def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
        if rank is not None and input.ndim != rank + 2:
            raise RuntimeError(
                f"grid_sampler(): expected {rank + 2}D input and grid with same number of dimensions, but got input with "
                f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
            )
        return ops.grid_sample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)

    grid_sampler.__doc__ = (
        f"As `nn.functional.grid_sample`, with numbers for the modes: {dict(enumerate(_MODES))}, {dict(enumerate(_PADDINGS))}."
    )
    grid_sampler.__name__ = name
    return grid_sampler


for _name, _rank in (("grid_sampler", None), ("grid_sampler_2d", 2), ("grid_sampler_3d", 3)):
    overload(_name, method=False)(_grid_sampler(_name, _rank))


@overload("affine_grid_generator", method=False)
def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """As `nn.functional.affine_grid`."""
    return ops.affine_grid(theta, tuple(size), align_corners)


@overload("_upsample_bilinear2d_aa", method=False)
def _upsample_bilinear2d_aa(input, output_size, align_corners, scale_factors=None, scales_w=None, *, scales_h=None):
    """Bilinear `nn.functional.interpolate` with antialiasing; scales as two numbers or as a pair."""
    given = scale_factors if isinstance(scale_factors, (tuple, list)) else (scale_factors or scales_h, scales_w)
    scales = tuple(s and float(s) for s in given)
    if output_size is None:
        if None in scales:
            raise RuntimeError("Must specify exactly one of output_size and scale_factors")
        output_size = [math.floor(n * s) for n, s in zip(input.shape[2:], scales, strict=True)]
    return ops._interpolate(input, tuple(output_size), scales, "bilinear", align_corners, True)

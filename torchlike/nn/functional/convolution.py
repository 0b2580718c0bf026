"""Convolutions: each rank is one call of the N-d op."""

from __future__ import annotations

from torchlike.tensor import functions as ops


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, L)` or `(C, L)` with `weight` `(out, C / groups, k)`; padding is numbers, "same" or "valid"."""
    return ops.conv(input, weight, bias, 1, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, H, W)` or `(C, H, W)` with `weight` `(out, C / groups, kH, kW)`.

    Raises:
        RuntimeError: channels, groups, ranks or dtypes that do not fit.
    """
    return ops.conv(input, weight, bias, 2, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve `(N, C, D, H, W)` or `(C, D, H, W)` with `weight` `(out, C / groups, kD, kH, kW)`."""
    return ops.conv(input, weight, bias, 3, stride, padding, dilation, groups)


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv1d`: `(N, C, L)` with `weight` `(C, out / groups, k)`."""
    _refuse_text(padding, "conv_transpose1d")
    return ops.conv(input, weight, bias, 1, stride, padding, dilation, groups, output_padding)


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv2d`: `(N, C, H, W)` with `weight` `(C, out / groups, kH, kW)`."""
    _refuse_text(padding, "conv_transpose2d")
    return ops.conv(input, weight, bias, 2, stride, padding, dilation, groups, output_padding)


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of `conv3d`: `(N, C, D, H, W)` with `weight` `(C, out / groups, kD, kH, kW)`."""
    _refuse_text(padding, "conv_transpose3d")
    return ops.conv(input, weight, bias, 3, stride, padding, dilation, groups, output_padding)


def _refuse_text(padding: object, name: str) -> None:
    if isinstance(padding, str):
        raise TypeError(f"{name}(): argument 'padding' must be tuple of ints, not str")

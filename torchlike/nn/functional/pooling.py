"""Pooling: each rank is one call of the N-d op."""

from __future__ import annotations

import math

from torchlike.tensor import functions as ops
from torchlike.tensor.binding import into
from torchlike.tensor.overloads.spatial import adaptive_avg_pool1d as adaptive_avg_pool1d
from torchlike.tensor.overloads.spatial import avg_pool1d as avg_pool1d
from torchlike.tensor.random import rand


def _max_pool(ndim, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    if return_indices:
        return tuple(ops.max_pool_with_indices(input, ndim, kernel_size, stride, padding, dilation, ceil_mode))
    return ops.max_pool(input, ndim, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The maximum of each window of `(N, C, L)` or `(C, L)`; the gradient goes to the first maximum."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The maximum of each window of `(N, C, H, W)` or `(C, H, W)`; the gradient goes to the first maximum.

    Raises:
        RuntimeError: padding above half the window, an input smaller than it, or ranks that do not fit.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The maximum of each window of `(N, C, D, H, W)` or `(C, D, H, W)`."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """`max_pool1d` and the position of each maximum."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """`max_pool2d` and the flat position of each maximum in its plane."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """`max_pool3d` and the flat position of each maximum in its volume."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, *, out=None
):
    """The mean of each window of `(N, C, H, W)` or `(C, H, W)`."""
    made = ops.avg_pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return made if out is None else into(out, made)


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, *, out=None
):
    """The mean of each window of `(N, C, D, H, W)` or `(C, D, H, W)`."""
    made = ops.avg_pool(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return made if out is None else into(out, made)


def adaptive_avg_pool2d(input, output_size):
    """The mean of `output_size` (a number or two, None keeps the size) windows of `(N, C, H, W)`."""
    return ops.adaptive_avg_pool(input, 2, output_size)


def adaptive_avg_pool3d(input, output_size):
    """The mean of `output_size` (a number or three, None keeps the size) windows of `(N, C, D, H, W)`."""
    return ops.adaptive_avg_pool(input, 3, output_size)


def _adaptive_max_pool(ndim, input, output_size, return_indices):
    output, indices = ops.adaptive_max_pool_with_indices(input, ndim, output_size)
    return (output, indices) if return_indices else output


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The maximum of `output_size` windows that cover `(N, C, L)` evenly."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The maximum of `output_size` (a number or two, None keeps the size) windows of `(N, C, H, W)`."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """The maximum of `output_size` (a number or three, None keeps the size) windows of `(N, C, D, H, W)`."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool1d` and the position of each maximum."""
    return _adaptive_max_pool(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool2d` and the flat position of each maximum in its plane."""
    return _adaptive_max_pool(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool3d` and the flat position of each maximum in its volume."""
    return _adaptive_max_pool(3, input, output_size, True)


def _max_unpool(ndim, input, indices, kernel_size, stride, padding, output_size):
    kernel = (kernel_size,) * ndim if isinstance(kernel_size, int) else tuple(kernel_size)
    stride = kernel if not stride else (stride,) * ndim if isinstance(stride, int) else tuple(stride)
    padding = (padding,) * ndim if isinstance(padding, int) else tuple(padding)
    default = tuple((n - 1) * s + k - 2 * p for n, s, k, p in zip(input.shape[-ndim:], stride, kernel, padding, strict=True))
    if output_size is None:
        return ops.max_unpool(input, indices, ndim, default)
    given = tuple(output_size)[-ndim:]
    if len(output_size) not in (ndim, ndim + 2):
        raise ValueError(
            f"output_size should be a sequence containing {ndim} or {ndim + 2} elements, "
            f"but it has a length of '{len(output_size)}'"
        )
    for i, (size, middle, s) in enumerate(zip(given, default, stride, strict=True)):
        if not middle - s < size < middle + s:
            raise ValueError(f'invalid output_size "{output_size}" (dim {i} must be between {middle - s} and {middle + s})')
    return ops.max_unpool(input, indices, ndim, given)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put the maxima of `max_pool1d` back where they came from, zeros elsewhere."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put the maxima of `max_pool2d` back where they came from, zeros elsewhere.

    Raises:
        ValueError: an `output_size` that this pooling cannot have had.
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put the maxima of `max_pool3d` back where they came from, zeros elsewhere."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _lp_pool(ndim, input, norm_type, kernel_size, stride, ceil_mode):
    count = kernel_size**ndim if isinstance(kernel_size, int) else math.prod(kernel_size)
    mean = ops.avg_pool(input**norm_type, ndim, kernel_size, stride, 0, ceil_mode)
    return (mean.sign() * mean.abs() * count) ** (1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window of `(N, C, L)`, without the absolute value."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window of `(N, C, H, W)`, without the absolute value."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window of `(N, C, D, H, W)`, without the absolute value."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _fractional(ndim, input, kernel_size, output_size, output_ratio, return_indices, samples):
    name = f"fractional_max_pool{ndim}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = (output_ratio,) * ndim if isinstance(output_ratio, (int, float)) else tuple(output_ratio)
        if len(ratios) != ndim:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        output_size = tuple(int(n * r) for n, r in zip(input.shape[-ndim:], ratios, strict=True))
    if input.ndim <= ndim:
        low, high = -input.ndim, input.ndim - 1
        raise IndexError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {-ndim - 1})")
    if samples is None:  # drawn as torch draws them: for each plane, a number per dimension
        batch = 1 if input.ndim == ndim + 1 else input.shape[0]
        samples = rand(batch, input.shape[-ndim - 1], ndim, dtype=input.dtype, device=input.device)
    made, indices = ops.fractional_max_pool(input, samples, ndim, kernel_size, output_size)
    return (made, indices) if return_indices else made


def fractional_max_pool2d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
    """The maximum of windows that are placed at random, for `(N, C, H, W)` or `(C, H, W)`.

    Args:
        output_size: a number or two; or instead `output_ratio`, the output's size over the input's.
        _random_samples: `(N, C, 2)` in [0, 1), drawn from the default generator where not given.

    Raises:
        ValueError: neither `output_size` nor `output_ratio`.
        RuntimeError: windows that do not fit.
    """
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
    """The maximum of windows that are placed at random, for `(N, C, D, H, W)` or `(C, D, H, W)`; see the 2-d form."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool2d` and the flat position of each maximum in its plane."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool3d` and the flat position of each maximum in its volume."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, True, _random_samples)

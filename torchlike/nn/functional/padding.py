"""Padding, the rearrangements between channels and space, and sliding blocks."""

from __future__ import annotations

from torchlike.tensor import functions as ops

pad = ops.pad
pixel_shuffle = ops.pixel_shuffle
pixel_unshuffle = ops.pixel_unshuffle
channel_shuffle = native_channel_shuffle = ops.channel_shuffle


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Each sliding block as a column. `(N, C, H, W)` -> `(N, C kH kW, blocks)`, or without N."""
    return ops.im2col(input, kernel_size, dilation, padding, stride)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The sum of sliding blocks back in their places. `(N, C kH kW, blocks)` -> `(N, C, H, W)`, or without N."""
    return ops.col2im(input, output_size, kernel_size, dilation, padding, stride)

"""Functions of modules with a gradient of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.autograd.function import Function
from torchlike.nn.modules.backward_hook import BackwardHookFunction
from torchlike.tensor import Tensor, creation

__all__ = ["BackwardHookFunction", "CrossMapLRN2d"]


class CrossMapLRN2d(Function):
    """Normalization across channels as torch's old module computes it.

    Its windows slide by adding the channel that enters and taking off the one that leaves, but the first channel never
    leaves; and its gradient sums over a window of its own. Both are kept, for the numbers to be torch's.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        scale = _over_channels(_window(input.size(1), size), input * input) * (alpha / size) + k
        output = scale**-beta * input
        ctx.save_for_backward(input, output, scale)
        ctx.settings = size, alpha, beta
        return output

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        input, output, scale = ctx.saved_tensors
        size, alpha, beta = ctx.settings
        channels = input.size(1)
        first = int(size - (size - 1) / 2)
        window = np.zeros((channels, channels))
        for channel in range(channels):
            window[channel, max(channel - first, 0) : max(channel + size - first, 0)] = 1
        shared = _over_channels(window, grad_output * output / scale)
        return scale**-beta * grad_output - (2 * alpha * beta / size) * input * shared, None, None, None, None


def _window(channels: int, size: int) -> np.ndarray:
    """Which channels (columns) each channel (row) is normalized by."""
    reach = int((size - 1) / 2 + 1)
    window = np.zeros((channels, channels))
    window[0, :reach] = 1
    for channel in range(1, channels):
        window[channel] = window[channel - 1]
        if channel < channels - reach + 1:
            window[channel, channel + reach - 1] += 1
        if channel > reach:
            window[channel, channel - reach] -= 1
    return window


def _over_channels(weights: np.ndarray, x: Tensor) -> Tensor:
    """`(C, C)` weights on the channels of `(N, C, H, W)`."""
    return (creation.tensor(weights, dtype=x.dtype, device=x.device) @ x.flatten(2)).view(x.shape)

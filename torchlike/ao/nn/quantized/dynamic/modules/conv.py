"""Convolutions of floats with int8 weights."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules import conv
from torchlike.nn import functional as F
from torchlike.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _Dynamic(conv._ConvNd):
    """A convolution of floats, whose integers (and those of the result) have the scale that suits the input."""

    def __init__(self, *args: Any, reduce_range: bool = True, **keywords: Any):
        warnings.warn(
            f"The current implementation of the {self._get_name()} module has poor numerical accuracy and its use is not "
            "recommended",
            stacklevel=2,
        )
        super().__init__(*args, **keywords)

    def forward(self, input: Tensor, reduce_range: bool = True) -> Tensor:
        self._check(input)
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._border(), mode=self.padding_mode), 0
        return kernels.conv_dynamic(input, self._packed_params, reduce_range, **self._steps(padding))

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"


class Conv1d(_Dynamic, conv.Conv1d):
    """`nn.Conv1d` with an int8 weight: arguments and results are floats."""


class Conv2d(_Dynamic, conv.Conv2d):
    """`nn.Conv2d` with an int8 weight: arguments and results are floats."""


class Conv3d(_Dynamic, conv.Conv3d):
    """`nn.Conv3d` with an int8 weight: arguments and results are floats."""


class ConvTranspose1d(_Dynamic, conv.ConvTranspose1d):
    """`nn.ConvTranspose1d` with an int8 weight: arguments and results are floats."""


class ConvTranspose2d(_Dynamic, conv.ConvTranspose2d):
    """`nn.ConvTranspose2d` with an int8 weight: arguments and results are floats."""


class ConvTranspose3d(_Dynamic, conv.ConvTranspose3d):
    """`nn.ConvTranspose3d` with an int8 weight: arguments and results are floats."""

"""The order of a convolution's weights in memory. XLA lays arrays out as it likes: only what strides answer changes."""

from __future__ import annotations

from typing import Any, TypeVar

from torchlike.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from torchlike.nn.modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def _convert(module: Module, kinds: tuple[type[Module], ...], memory_format: Any) -> None:
    for found in module.modules():
        if isinstance(found, kinds):
            weight = found.weight
            weight.data = weight.detach().clone(memory_format=memory_format)


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Put the weights of all `Conv2d` and `ConvTranspose2d` in the module in the order of `memory_format`."""
    _convert(module, (Conv2d, ConvTranspose2d), memory_format)
    return module


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Put the weights of all `Conv3d` and `ConvTranspose3d` in the module in the order of `memory_format`."""
    _convert(module, (Conv3d, ConvTranspose3d), memory_format)
    return module

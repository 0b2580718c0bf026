"""Fused layers: sequences that quantization takes as one."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.nn.modules.activation import LeakyReLU, ReLU, Tanh
from torchlike.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from torchlike.nn.modules.container import Sequential
from torchlike.nn.modules.conv import Conv1d, Conv2d, Conv3d
from torchlike.nn.modules.linear import Linear
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.parametrize import type_before_parametrizations
from torchlike.tensor import Tensor

__all__ = [
    "BNReLU2d", "BNReLU3d", "ConvAdd2d", "ConvAddReLU2d", "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d", "ConvBnReLU2d",
    "ConvBnReLU3d", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d", "LinearBn1d", "LinearLeakyReLU", "LinearReLU", "LinearTanh",
]  # fmt: skip


class _FusedModule(Sequential):
    """Base of fused layers: which classes follow each other is all that a subclass says."""

    parts: ClassVar[tuple[type, ...]] = ()

    def __init__(self, *modules: Module) -> None:
        kinds = [type_before_parametrizations(m) for m in modules]
        if type(self).parts and kinds != list(type(self).parts):
            raise AssertionError(f"Incorrect types for input modules: {' and '.join(k.__name__ for k in kinds)}")
        super().__init__(*modules)


class ConvReLU1d(_FusedModule):
    """A convolution and ReLU."""

    parts = (Conv1d, ReLU)


class ConvReLU2d(_FusedModule):
    """A convolution and ReLU."""

    parts = (Conv2d, ReLU)


class ConvReLU3d(_FusedModule):
    """A convolution and ReLU."""

    parts = (Conv3d, ReLU)


class LinearReLU(_FusedModule):
    """A linear map and ReLU."""

    parts = (Linear, ReLU)


class ConvBn1d(_FusedModule):
    """A convolution and its normalization."""

    parts = (Conv1d, BatchNorm1d)


class ConvBn2d(_FusedModule):
    """A convolution and its normalization."""

    parts = (Conv2d, BatchNorm2d)


class ConvBn3d(_FusedModule):
    """A convolution and its normalization."""

    parts = (Conv3d, BatchNorm3d)


class ConvBnReLU1d(_FusedModule):
    """A convolution, its normalization and ReLU."""

    parts = (Conv1d, BatchNorm1d, ReLU)


class ConvBnReLU2d(_FusedModule):
    """A convolution, its normalization and ReLU."""

    parts = (Conv2d, BatchNorm2d, ReLU)


class ConvBnReLU3d(_FusedModule):
    """A convolution, its normalization and ReLU."""

    parts = (Conv3d, BatchNorm3d, ReLU)


class BNReLU2d(_FusedModule):
    """A normalization and ReLU."""

    parts = (BatchNorm2d, ReLU)


class BNReLU3d(_FusedModule):
    """A normalization and ReLU."""

    parts = (BatchNorm3d, ReLU)


class LinearBn1d(_FusedModule):
    """A linear map and its normalization."""

    parts = (Linear, BatchNorm1d)


class LinearLeakyReLU(_FusedModule):
    """A linear map and LeakyReLU."""

    parts = (Linear, LeakyReLU)


class LinearTanh(_FusedModule):
    """A linear map and tanh."""

    parts = (Linear, Tanh)


class ConvAdd2d(_FusedModule):
    """A convolution whose result is added to another tensor."""

    def __init__(self, conv: Module, add: Any):
        super().__init__(conv)
        self.add = add

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:  # type: ignore[override]  # two operands
        return self.add(self[0](x1), x2)


class ConvAddReLU2d(_FusedModule):
    """A convolution whose result is added to another tensor, and ReLU."""

    def __init__(self, conv: Module, add: Any, relu: Any):
        super().__init__(conv)
        self.add, self.relu = add, relu

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:  # type: ignore[override]  # two operands
        return self.relu(self.add(self[0](x1), x2))

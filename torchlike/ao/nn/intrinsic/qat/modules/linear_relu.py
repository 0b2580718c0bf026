"""A linear map with a rounded weight, and ReLU."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.qat.modules import linear
from torchlike.nn import functional as F
from torchlike.nn.modules.activation import ReLU
from torchlike.tensor import Tensor

__all__ = ["LinearReLU"]


class LinearReLU(linear.Linear, fused._FusedModule):
    """`relu(linear(x))` with a rounded weight."""

    _FLOAT_MODULE = fused.LinearReLU

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(F.linear(input, self.weight_fake_quant(self.weight), self.bias))

    def to_float(self) -> Any:
        return fused.LinearReLU(super().to_float(), ReLU()).train(self.training)

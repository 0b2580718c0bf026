"""Marks in a model: where integers begin, and where they end."""

from __future__ import annotations

from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

__all__ = ["DeQuantStub", "QuantStub", "QuantWrapper"]


class QuantStub(Module):
    """Where integers begin: observed in calibration, `nn.quantized.Quantize` after `convert`."""

    def __init__(self, qconfig: Any = None):
        super().__init__()
        if qconfig:
            self.qconfig = qconfig

    def forward(self, x: Tensor) -> Tensor:
        return x


class DeQuantStub(QuantStub):
    """Where integers end: `nn.quantized.DeQuantize` after `convert`."""


class QuantWrapper(Module):
    """A model between `quant` and `dequant`, stubs of both kinds."""

    def __init__(self, module: Module):
        super().__init__()
        qconfig = getattr(module, "qconfig", None)
        self.add_module("quant", QuantStub(qconfig))
        self.add_module("dequant", DeQuantStub(qconfig))
        self.add_module("module", module)
        self.train(module.training)

    def forward(self, X: Tensor) -> Tensor:
        return self.dequant(self.module(self.quant(X)))


# torch has them in `ao.quantization`, which is where pickles look for them.
for _stub in (QuantStub, DeQuantStub, QuantWrapper):
    _stub.__module__ = "torchlike.ao.quantization.stubs"

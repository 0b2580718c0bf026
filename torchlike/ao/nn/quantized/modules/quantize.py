"""Into integers and out of them."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.utils import factory_kwargs as checked_kwargs
from torchlike.tensor import Tensor, creation
from torchlike.tensor.quantized import QuantizedTensor
from torchlike.tensor.quantized_functions import quantize_per_tensor


class Quantize(Module):
    """Floats as integers with a scale that is known: what a `QuantStub` becomes.

    Attributes:
        scale, zero_point: tensors `(1,)`.
    """

    scale: Tensor
    zero_point: Tensor

    def __init__(self, scale: float, zero_point: int, dtype: Any, factory_kwargs: Any = None):
        super().__init__()
        given = checked_kwargs(factory_kwargs)
        self.register_buffer("scale", creation.tensor([scale], **given))
        self.register_buffer(
            "zero_point", creation.tensor([zero_point], dtype=dtypes.int64, device=given.get("device"))
        )  # fmt: skip
        self.dtype = dtype

    def forward(self, X: Tensor) -> QuantizedTensor:
        return quantize_per_tensor(X.detach(), self.scale, self.zero_point, self.dtype)

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> Quantize:
        """Made of a calibrated stub."""
        seen = mod.activation_post_process
        scale, zero_point = seen.calculate_qparams()
        return Quantize(scale.item(), int(zero_point.item()), seen.dtype)

    def extra_repr(self) -> str:
        return f"scale={self.scale}, zero_point={self.zero_point}, dtype={self.dtype}"


class DeQuantize(Module):
    """Integers as floats: what a `DeQuantStub` becomes."""

    def forward(self, Xq: QuantizedTensor) -> Tensor:
        return Xq.dequantize()

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> DeQuantize:
        return DeQuantize()


# torch has them in the package itself, which is where pickles look for them.
Quantize.__module__ = DeQuantize.__module__ = "torchlike.ao.nn.quantized.modules"

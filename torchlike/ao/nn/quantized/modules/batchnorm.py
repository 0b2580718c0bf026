"""Normalization of integers by running statistics."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.quantized.modules.utils import scale_of
from torchlike.ao.nn.quantized.packed import of, quantized_like
from torchlike.base import dtypes
from torchlike.nn import functional as F
from torchlike.nn.modules import batchnorm
from torchlike.tensor import Tensor, creation

__all__ = ["BatchNorm2d", "BatchNorm3d"]


class _BatchNorm(batchnorm._BatchNorm):
    """Quantized `(N, C, *size)` to the same; `scale` and `zero_point` are the result's."""

    ndim: ClassVar[int]
    relu: ClassVar[bool] = False
    scale: Tensor
    zero_point: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, device: Any = None, dtype: Any = None):
        super().__init__(num_features, eps, momentum, True, True, device, dtype)
        self.register_buffer("scale", creation.tensor(1.0, device=device))
        self.register_buffer("zero_point", creation.tensor(0, device=device))

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != self.ndim + 2:
            raise ValueError(f"Input shape must be `(N, C, {', '.join('DHW'[-self.ndim :])})`!")

    def forward(self, input: Tensor) -> Tensor:
        x = of(input, f"batch_norm{self.ndim}d")
        self._check_input_dim(x)
        out = F.batch_norm(
            x.dequantize(), self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
        )  # fmt: skip
        return quantized_like(x, (out.relu() if self.relu else out).detach(), self.scale, self.zero_point)

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        found = mod.activation_post_process
        bn = mod[0] if cls.relu else mod
        made = cls(bn.num_features, bn.eps)
        made.weight, made.bias = bn.weight, bn.bias
        made.running_mean, made.running_var = bn.running_mean, bn.running_var
        scale, zero_point = scale_of(found)
        made.scale, made.zero_point = creation.tensor([scale]), creation.tensor([zero_point], dtype=dtypes.int64)
        return made


class BatchNorm2d(_BatchNorm):
    """`nn.BatchNorm2d` on integers."""

    ndim = 2


class BatchNorm3d(_BatchNorm):
    """`nn.BatchNorm3d` on integers."""

    ndim = 3

"""Layers of torchvision."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent
from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.tensor.creation import ones, zeros

__all__ = ["FrozenBatchNorm2d"]


class FrozenBatchNorm2d(Module):
    """Batch normalization whose statistics and affine parameters are buffers, and never change (torchvision.ops).

    Args:
        num_features: C of the input (B, C, H, W), which is also the output's shape.
        eps: added to the variance.
    """

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", ones(num_features))
        self.register_buffer("bias", zeros(num_features))
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *rest: Any) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)  # a BatchNorm's, which counts nothing here
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias, mean, var = (
            b.reshape(1, -1, 1, 1) for b in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        scale = weight * (var + self.eps).rsqrt()
        return x * scale + (bias - mean * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


__getattr__ = absent("torchvision.ops.misc")

"""Normalization of integers by their own statistics: floats are computed and rounded to the result's scale."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.quantized.modules.utils import scale_of
from torchlike.ao.nn.quantized.packed import of, quantized_like
from torchlike.nn.modules import instancenorm, normalization
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation

__all__ = ["GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm"]


class _OnFloats(Module):
    """A float layer between dequantization and quantization; its arguments follow weight, bias, scale and zero point."""

    def _take(self: Any, weight: Any, bias: Any, scale: Any, zero_point: Any) -> None:
        self.weight, self.bias = weight, bias
        self.register_buffer("scale", creation.tensor(scale))
        self.register_buffer("zero_point", creation.tensor(zero_point))

    def forward(self: Any, input: Tensor) -> Tensor:
        x = of(input, type(self).__name__)
        return quantized_like(x, super().forward(x.dequantize()).detach(), self.scale, self.zero_point)

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"


class LayerNorm(_OnFloats, normalization.LayerNorm):
    """`nn.LayerNorm` on integers."""

    def __init__(
        self, normalized_shape: Any, weight: Any, bias: Any, scale: float, zero_point: int, eps: float = 1e-5,
        elementwise_affine: bool = True, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        normalization.LayerNorm.__init__(self, normalized_shape, eps, elementwise_affine)
        self._take(weight, bias, scale, zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LayerNorm:
        scale, zero_point = scale_of(mod.activation_post_process)
        return cls(mod.normalized_shape, mod.weight, mod.bias, scale, zero_point, mod.eps, mod.elementwise_affine)


class GroupNorm(_OnFloats, normalization.GroupNorm):
    """`nn.GroupNorm` on integers."""

    def __init__(
        self, num_groups: int, num_channels: int, weight: Any, bias: Any, scale: float, zero_point: int, eps: float = 1e-5,
        affine: bool = True, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        normalization.GroupNorm.__init__(self, num_groups, num_channels, eps, affine)
        self._take(weight, bias, scale, zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> GroupNorm:
        scale, zero_point = scale_of(mod.activation_post_process)
        return cls(mod.num_groups, mod.num_channels, mod.weight, mod.bias, scale, zero_point, mod.eps, mod.affine)


class _InstanceNorm(_OnFloats, instancenorm._InstanceNorm):
    def __init__(
        self, num_features: int, weight: Any, bias: Any, scale: float, zero_point: int, eps: float = 1e-5,
        momentum: float = 0.1, affine: bool = False, track_running_stats: bool = False, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        self._take(weight, bias, scale, zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        scale, zero_point = scale_of(mod.activation_post_process)
        return cls(mod.num_features, mod.weight, mod.bias, scale, zero_point, mod.eps, mod.momentum, mod.affine)


class InstanceNorm1d(_InstanceNorm, instancenorm.InstanceNorm1d):
    """`nn.InstanceNorm1d` on integers."""


class InstanceNorm2d(_InstanceNorm, instancenorm.InstanceNorm2d):
    """`nn.InstanceNorm2d` on integers."""


class InstanceNorm3d(_InstanceNorm, instancenorm.InstanceNorm3d):
    """`nn.InstanceNorm3d` on integers."""

"""Convolutions with rounded weights, and the normalization and ReLU after them."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.intrinsic.qat.modules.batch_norm import WithBatchNorm
from torchlike.ao.nn.qat.modules import conv as qat_conv
from torchlike.ao.nn.qat.modules.conv import shape_of
from torchlike.nn import functional as F
from torchlike.nn.modules import conv as float_conv
from torchlike.nn.modules.activation import ReLU
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.fusion import fuse_conv_bn_weights
from torchlike.tensor import Tensor

__all__ = [
    "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d", "ConvBnReLU2d", "ConvBnReLU3d", "ConvReLU1d", "ConvReLU2d",
    "ConvReLU3d", "freeze_bn_stats", "update_bn_stats",
]  # fmt: skip


class _ConvBnNd(WithBatchNorm, float_conv._Conv, fused._FusedModule):
    """`bn(conv(x))` with a rounded weight; with `_FLOAT_RELU_MODULE` also ReLU."""

    _version = 2
    _FLOAT_MODULE: ClassVar[type]
    _FLOAT_CONV_MODULE: ClassVar[type]
    _FLOAT_RELU_MODULE: ClassVar[type | None] = None
    _FUSED_FLOAT_MODULE: ClassVar[type]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, bias: Any = None, padding_mode: str = "zeros", eps: float = 1e-05, momentum: Any = 0.1,
        freeze_bn: bool = False, qconfig: Any = None,
    ):  # fmt: skip
        float_conv._Conv.__init__(
            self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, False, padding_mode
        )
        self._add_norm(out_channels, bool(bias), self.ndim, eps, momentum, freeze_bn, qconfig)

    def forward(self, input: Tensor) -> Tensor:
        out = self._normalized(lambda weight: self._conv_forward(input, weight, None))
        return out if self._FLOAT_RELU_MODULE is None else F.relu(out)

    @classmethod
    def from_float(cls: Any, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a fused float layer with a qconfig. Raises AssertionError for another class."""
        if type(mod) is not cls._FLOAT_MODULE:
            raise AssertionError(f"qat.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__}")
        if not getattr(mod, "qconfig", None):
            raise AssertionError("Input float module must have a valid qconfig")
        conv, bn = mod[0], mod[1]
        made = cls(*shape_of(conv), bn.eps, bn.momentum, False, mod.qconfig)
        return made._take(conv, bn)

    def to_float(self) -> Any:
        """The float layer with the normalization taken in."""
        made, bn = self._FLOAT_CONV_MODULE(*shape_of(self)), self.bn
        made.weight, made.bias = fuse_conv_bn_weights(
            self.weight, self.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
        )
        if self._FLOAT_RELU_MODULE is not None:
            made = self._FUSED_FLOAT_MODULE(made, self._FLOAT_RELU_MODULE())
        return made.train(self.training)


class _ConvReLU(qat_conv._QatConv, fused._FusedModule):
    """`relu(conv(x))` with a rounded weight."""

    _FLOAT_RELU_MODULE = ReLU

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(super().forward(input))


class ConvBn1d(_ConvBnNd, float_conv.Conv1d):
    """`bn(conv(x))` of `(N, C, L)` with a rounded weight."""

    _FLOAT_MODULE: ClassVar[type] = fused.ConvBn1d
    _FLOAT_CONV_MODULE = float_conv.Conv1d


class ConvBnReLU1d(ConvBn1d):
    """`relu(bn(conv(x)))` of `(N, C, L)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvBnReLU1d
    _FLOAT_RELU_MODULE = ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU1d


class ConvReLU1d(_ConvReLU, float_conv.Conv1d):
    """`relu(conv(x))` of `(N, C, L)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvReLU1d
    _FLOAT_CONV_MODULE = float_conv.Conv1d


class ConvBn2d(_ConvBnNd, float_conv.Conv2d):
    """`bn(conv(x))` of `(N, C, H, W)` with a rounded weight."""

    _FLOAT_MODULE: ClassVar[type] = fused.ConvBn2d
    _FLOAT_CONV_MODULE = float_conv.Conv2d


class ConvBnReLU2d(ConvBn2d):
    """`relu(bn(conv(x)))` of `(N, C, H, W)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvBnReLU2d
    _FLOAT_RELU_MODULE = ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU2d


class ConvReLU2d(_ConvReLU, float_conv.Conv2d):
    """`relu(conv(x))` of `(N, C, H, W)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvReLU2d
    _FLOAT_CONV_MODULE = float_conv.Conv2d


class ConvBn3d(_ConvBnNd, float_conv.Conv3d):
    """`bn(conv(x))` of `(N, C, D, H, W)` with a rounded weight."""

    _FLOAT_MODULE: ClassVar[type] = fused.ConvBn3d
    _FLOAT_CONV_MODULE = float_conv.Conv3d


class ConvBnReLU3d(ConvBn3d):
    """`relu(bn(conv(x)))` of `(N, C, D, H, W)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvBnReLU3d
    _FLOAT_RELU_MODULE = ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU3d


class ConvReLU3d(_ConvReLU, float_conv.Conv3d):
    """`relu(conv(x))` of `(N, C, D, H, W)` with a rounded weight."""

    _FLOAT_MODULE = fused.ConvReLU3d
    _FLOAT_CONV_MODULE = float_conv.Conv3d


def update_bn_stats(mod: Module) -> None:
    """`update_bn_stats` of a module that has it: for `model.apply`."""
    if isinstance(mod, WithBatchNorm):
        mod.update_bn_stats()


def freeze_bn_stats(mod: Module) -> None:
    """`freeze_bn_stats` of a module that has it: for `model.apply`."""
    if isinstance(mod, WithBatchNorm):
        mod.freeze_bn_stats()

"""Convolutions that train with rounded weights."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule
from torchlike.ao.nn.qat.modules.base import checked, need_qconfig
from torchlike.nn.modules import conv as float_conv
from torchlike.tensor import Parameter, Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d"]


class _QatConv(float_conv._Conv):
    """A convolution whose weight goes through `qconfig.weight()`, a fake quantizer, on its way."""

    _FLOAT_MODULE: ClassVar[type]
    _FLOAT_CONV_MODULE: ClassVar[type]
    _FLOAT_RELU_MODULE: ClassVar[type | None] = None

    def __init__(self, *args: Any, qconfig: Any = None, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.qconfig = need_qconfig(qconfig)
        self.weight_fake_quant = qconfig.weight()

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight_fake_quant(self.weight), self.bias)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a float layer with a qconfig, whose parameters it takes over. Raises AssertionError for another class."""
        mod = checked(cls, mod)
        made = cls(*shape_of(mod), qconfig=mod.qconfig)
        made.weight, made.bias = mod.weight, mod.bias
        return made

    def to_float(self) -> Any:
        """The float layer with these parameters."""
        made = self._FLOAT_CONV_MODULE(*shape_of(self))
        made.weight = Parameter(self.weight.detach())
        if self.bias is not None:
            made.bias = Parameter(self.bias.detach())
        if isinstance(self, _FusedModule) and self._FLOAT_RELU_MODULE is not None:
            made = self._FLOAT_MODULE(made, self._FLOAT_RELU_MODULE())
        return made.train(self.training)


def shape_of(conv: Any) -> tuple:
    """The arguments of a convolution's constructor, in order."""
    return (
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups,
        conv.bias is not None, conv.padding_mode,
    )  # fmt: skip


class Conv1d(_QatConv, float_conv.Conv1d):
    """`nn.Conv1d` with a rounded weight."""

    _FLOAT_MODULE = _FLOAT_CONV_MODULE = float_conv.Conv1d


class Conv2d(_QatConv, float_conv.Conv2d):
    """`nn.Conv2d` with a rounded weight."""

    _FLOAT_MODULE = _FLOAT_CONV_MODULE = float_conv.Conv2d


class Conv3d(_QatConv, float_conv.Conv3d):
    """`nn.Conv3d` with a rounded weight."""

    _FLOAT_MODULE = _FLOAT_CONV_MODULE = float_conv.Conv3d

"""A linear map with a rounded weight, and its normalization."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.intrinsic.qat.modules.batch_norm import WithBatchNorm
from torchlike.nn import functional as F
from torchlike.nn import init
from torchlike.nn.modules.linear import Linear
from torchlike.nn.utils.fusion import fuse_linear_bn_weights
from torchlike.tensor import Tensor

__all__ = ["LinearBn1d"]


class LinearBn1d(WithBatchNorm, Linear, fused._FusedModule):
    """`bn(linear(x))` with a rounded weight."""

    _FLOAT_MODULE = fused.LinearBn1d

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, eps: float = 1e-05, momentum: Any = 0.1,
        freeze_bn: bool = False, qconfig: Any = None,
    ):  # fmt: skip
        Linear.__init__(self, in_features, out_features, bias)
        self._add_norm(out_features, bias, 1, eps, momentum, freeze_bn, qconfig)

    def reset_bn_parameters(self) -> None:
        self.bn.reset_running_stats()
        init.uniform_(self.bn.weight)
        init.zeros_(self.bn.bias)

    def forward(self, input: Tensor) -> Tensor:
        return self._normalized(lambda weight: F.linear(input, weight))

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LinearBn1d:
        """Made of `intrinsic.LinearBn1d` with a qconfig. Raises AssertionError for another class."""
        if type(mod) is not fused.LinearBn1d:
            raise AssertionError(f"qat.{cls.__name__}.from_float only works for {fused.LinearBn1d.__name__}")
        if not getattr(mod, "qconfig", None):
            raise AssertionError("Input float module must have a valid config")
        linear, bn = mod[0], mod[1]
        made = cls(
            linear.in_features, linear.out_features, linear.bias is not None, bn.eps, bn.momentum, False, mod.qconfig
        )  # fmt: skip
        return made._take(linear, bn)

    def to_float(self) -> Linear:
        """The float layer with the normalization taken in."""
        made, bn = Linear(self.in_features, self.out_features), self.bn
        made.weight, made.bias = fuse_linear_bn_weights(
            self.weight, self.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
        )
        return made

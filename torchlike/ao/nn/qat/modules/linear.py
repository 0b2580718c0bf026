"""Linear maps that train with rounded weights."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.qat.modules.base import checked, need_qconfig
from torchlike.nn import functional as F
from torchlike.nn.modules import linear as float_linear
from torchlike.nn.utils.parametrize import is_parametrized, transfer_parametrizations_and_params
from torchlike.tensor import Parameter, Tensor

__all__ = ["Linear"]


class Linear(float_linear.Linear):
    """`nn.Linear` whose weight goes through `qconfig.weight()`, a fake quantizer, on its way."""

    _FLOAT_MODULE: ClassVar[type] = float_linear.Linear

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, qconfig: Any = None, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(in_features, out_features, bias, device, dtype)
        self.qconfig = need_qconfig(qconfig)
        self.weight_fake_quant = qconfig.weight()

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight_fake_quant(self.weight), self.bias)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Linear:
        """Made of a float layer with a qconfig, whose parameters it takes over. Raises AssertionError for another class."""
        mod = checked(cls, mod)
        made = cls(mod.in_features, mod.out_features, mod.bias is not None, mod.qconfig)
        for name in ("weight", "bias"):
            if is_parametrized(mod, name):
                transfer_parametrizations_and_params(mod, made, name)
            else:
                setattr(made, name, getattr(mod, name))
        return made

    def to_float(self) -> float_linear.Linear:
        """The float layer with these parameters."""
        made = float_linear.Linear(self.in_features, self.out_features, self.bias is not None)
        made.weight = Parameter(self.weight.detach())
        if self.bias is not None:
            made.bias = Parameter(self.bias.detach())
        return made.train(self.training)

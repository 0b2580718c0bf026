"""What layers with a normalization after them share: training with the scale of the normalization in the weight.

The weight is scaled by the running statistics before it is rounded (so that rounding sees what will be deployed), the result
is scaled back, and then normalized by the batch's own statistics; see section 3.2.2 of https://arxiv.org/abs/1806.08342.
"""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.qat.modules.base import need_qconfig
from torchlike.nn import init
from torchlike.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor import functions as ops

NORMS: dict[int, Any] = {1: BatchNorm1d, 2: BatchNorm2d, 3: BatchNorm3d}


class WithBatchNorm:
    """The normalization `bn`, the fake quantizer of the weight, and whether the statistics are frozen."""

    bn: Any
    weight: Any
    bias: Any
    training: bool
    freeze_bn: bool
    weight_fake_quant: Any

    def _add_norm(
        self: Any, channels: int, bias: bool, ndim: int, eps: float, momentum: Any, freeze_bn: bool, qconfig: Any
    ) -> None:
        self.qconfig = need_qconfig(qconfig)
        self.freeze_bn = freeze_bn if self.training else True
        self.bn = NORMS[ndim](channels, eps, momentum, True, True)
        self.weight_fake_quant = qconfig.weight()
        self.register_parameter("bias", Parameter(creation.empty(channels)) if bias else None)
        self.reset_bn_parameters()
        if self.training and not freeze_bn:
            self.update_bn_stats()
        else:
            self.freeze_bn_stats()

    def reset_running_stats(self) -> None:
        self.bn.reset_running_stats()

    def reset_bn_parameters(self) -> None:
        """The normalization's statistics and parameters as at first, and the layer's bias with them."""
        self.bn.reset_running_stats()
        init.uniform_(self.bn.weight)
        init.zeros_(self.bn.bias)
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = fan_in**-0.5
            init.uniform_(self.bias, -bound, bound)

    def update_bn_stats(self) -> Any:
        """Let the normalization follow the batches."""
        self.freeze_bn = False
        self.bn.training = True
        return self

    def freeze_bn_stats(self) -> Any:
        """Let the normalization keep its statistics, whatever `train()` says."""
        self.freeze_bn = True
        self.bn.training = False
        return self

    def train(self: Any, mode: bool = True) -> Any:
        self.training = mode
        if not self.freeze_bn:  # a frozen normalization stays as it is
            for module in self.children():
                module.train(mode)
        return self

    def _normalized(self, linear: Any) -> Tensor:
        """`bn(linear(weight))`, rounded; `linear` takes a weight and does without a bias."""
        factor = self.bn.weight / ops.sqrt(self.bn.running_var + self.bn.eps)
        ndim = self.weight.ndim
        weight = self.weight_fake_quant(self.weight * factor.reshape([-1] + [1] * (ndim - 1)))
        channels = [1, -1] + [1] * (ndim - 2)
        out = linear(weight) / factor.reshape(channels)
        if self.bias is not None:
            out = out + self.bias.reshape(channels)
        return self.bn(out)

    def _take(self: Any, layer: Any, bn: Any) -> Any:
        """Take over the parameters and statistics of a layer and its normalization."""
        self.weight, self.bias = layer.weight, layer.bias
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(self.bn, name, getattr(bn, name))
        return self

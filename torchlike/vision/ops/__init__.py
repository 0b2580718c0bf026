"""`torchvision.ops`."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision.ops import misc
from torchlike.vision.ops import stochastic_depth as _stochastic_depth
from torchlike.vision.ops.misc import (
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    ConvNormActivation,
    FrozenBatchNorm2d,
    Permute,
    SqueezeExcitation,
)
from torchlike.vision.ops.stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "MLP", "Conv2dNormActivation", "Conv3dNormActivation", "ConvNormActivation", "FrozenBatchNorm2d", "Permute",
    "SqueezeExcitation", "StochasticDepth", "misc", "stochastic_depth",
]  # fmt: skip

__getattr__ = absent("torchvision.ops")

"""ConvNeXt (Liu et al. 2022, A ConvNet for the 2020s)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor.creation import ones
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import Conv2dNormActivation, Permute
from torchlike.vision.ops.stochastic_depth import StochasticDepth

__all__ = ["ConvNeXt"]

Layer = Callable[..., nn.Module]


class LayerNorm2d(nn.LayerNorm):
    """Normalizes the channels of (B, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A depthwise 7x7 convolution and a network of two layers at each pixel, scaled, with a way around."""

    def __init__(self, dim: int, layer_scale: float, stochastic_depth_prob: float, norm_layer: Layer | None = None):
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm_layer(dim),
            nn.Linear(in_features=dim, out_features=4 * dim, bias=True),
            nn.GELU(),
            nn.Linear(in_features=4 * dim, out_features=dim, bias=True),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Tensor) -> Tensor:
        return self.stochastic_depth(self.layer_scale * self.block(input)) + input


class CNBlockConfig:
    """A stage: its channels, those of the next (None for the last), and how many blocks it has."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int):
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        given = f"input_channels={self.input_channels}, out_channels={self.out_channels}, num_layers={self.num_layers}"
        return f"{type(self).__name__}({given})"


class ConvNeXt(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        stochastic_depth_prob: of leaving out the last block; it grows from 0.
        layer_scale: what the blocks are scaled by at first.
    """

    def __init__(
        self,
        block_setting: Sequence[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        **kwargs: Any,
    ):
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not all(isinstance(s, CNBlockConfig) for s in block_setting):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        block, norm_layer = block or CNBlock, norm_layer or partial(LayerNorm2d, eps=1e-6)
        width = block_setting[0].input_channels
        layers: list[nn.Module] = [
            Conv2dNormActivation(3, width, 4, 4, 0, norm_layer=norm_layer, activation_layer=None, bias=True)
        ]
        total, done = sum(cnf.num_layers for cnf in block_setting), 0
        for cnf in block_setting:
            width = cnf.input_channels
            stage: list[nn.Module] = []
            for _ in range(cnf.num_layers):
                stage.append(block(width, layer_scale, stochastic_depth_prob * done / (total - 1.0)))
                done += 1
            layers.append(nn.Sequential(*stage))
            if cnf.out_channels is not None:
                down = nn.Conv2d(width, cnf.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm_layer(width), down))
                width = cnf.out_channels
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(norm_layer(width), nn.Flatten(1), nn.Linear(width, num_classes))
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(m.weight, std=0.02)
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)))


# The first width, the blocks of the third stage, the probability of leaving out.
_SIZES = {"tiny": (96, 9, 0.1), "small": (96, 27, 0.4), "base": (128, 27, 0.5), "large": (192, 27, 0.5)}


def _build(size: str, **kwargs: Any) -> ConvNeXt:
    width, third, probability = _SIZES[size]
    widths, depths = (width, 2 * width, 4 * width, 8 * width, None), (3, 3, third, 3)
    stages = [CNBlockConfig(widths[i], widths[i + 1], depths[i]) for i in range(4)]  # type: ignore[arg-type]
    return ConvNeXt(stages, **{"stochastic_depth_prob": probability, **kwargs})


family(
    globals(),
    ENUMS,
    {f"convnext_{size}": (f"ConvNeXt_{size.capitalize()}_Weights", partial(_build, size)) for size in _SIZES},
)

"""MobileNetV2 (Sandler et al. 2018, Inverted Residuals and Linear Bottlenecks)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import _make_divisible, fan_out, initialize, normal
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import Conv2dNormActivation

__all__ = ["MobileNetV2"]

Layer = Callable[..., nn.Module]


class InvertedResidual(nn.Module):
    """More channels, a depthwise convolution, fewer channels; a way around where nothing changes size."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer: Layer | None = None):
        super().__init__()
        self.stride = stride
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        norm_layer = norm_layer or nn.BatchNorm2d
        hidden = round(inp * expand_ratio)
        self.use_res_connect = stride == 1 and inp == oup
        block = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
        layers: list[nn.Module] = [] if expand_ratio == 1 else [block(inp, hidden, kernel_size=1)]
        layers += [
            block(hidden, hidden, stride=stride, groups=hidden),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
            norm_layer(oup),
        ]
        self.conv = nn.Sequential(*layers)
        self.out_channels = oup
        self._is_cn = stride > 1

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


# Expansion, channels, blocks, stride of the first.
_SETTING = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class MobileNetV2(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        width_mult: scales all channels, which are rounded to multiples of `round_nearest`.
        inverted_residual_setting: [expansion, channels, blocks, stride] of each stage.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ):
        super().__init__()
        block, norm_layer = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        setting = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not setting or len(setting[0]) != 4:
            raise ValueError(f"inverted_residual_setting should be non-empty or a 4-element list, got {setting}")
        width = _make_divisible(32 * width_mult, round_nearest)
        self.last_channel = _make_divisible(1280 * max(1.0, width_mult), round_nearest)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
        features: list[nn.Module] = [conv(3, width, stride=2)]
        for expansion, channels, blocks, stride in setting:
            out = _make_divisible(channels * width_mult, round_nearest)
            for i in range(blocks):
                features.append(block(width, out, stride if i == 0 else 1, expand_ratio=expansion, norm_layer=norm_layer))
                width = out
        features.append(conv(width, self.last_channel, kernel_size=1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
        initialize(self, fan_out, normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1))


family(globals(), ENUMS, {"mobilenet_v2": ("MobileNet_V2_Weights", MobileNetV2)})

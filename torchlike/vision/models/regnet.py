"""RegNet (Radosavovic et al. 2020, Designing Network Design Spaces)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import _make_divisible, initialize, normal
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation

__all__ = ["RegNet"]

Layer = Callable[..., nn.Module]


class SimpleStemIN(Conv2dNormActivation):
    """The first convolution, of stride 2."""

    def __init__(self, width_in: int, width_out: int, norm_layer: Layer, activation_layer: Layer):
        super().__init__(width_in, width_out, kernel_size=3, stride=2, norm_layer=norm_layer, activation_layer=activation_layer)


class BottleneckTransform(nn.Sequential):
    """1x1, grouped 3x3, perhaps an excitation, 1x1."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None,
    ):
        width = round(width_out * bottleneck_multiplier)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["a"] = conv(width_in, width, kernel_size=1, stride=1, activation_layer=activation_layer)
        layers["b"] = conv(
            width, width, kernel_size=3, stride=stride, groups=width // group_width, activation_layer=activation_layer
        )
        if se_ratio:  # a share of the block's own input, not of the bottleneck
            layers["se"] = SqueezeExcitation(width, round(se_ratio * width_in), activation=activation_layer)
        layers["c"] = conv(width, width_out, kernel_size=1, stride=1, activation_layer=None)
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """A bottleneck and a way around it."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int = 1,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ):
        super().__init__()
        self.proj: nn.Module | None = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm_layer, activation_layer=None
            )
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio
        )
        self.activation = activation_layer(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation((x if self.proj is None else self.proj(x)) + self.f(x))


class AnyStage(nn.Sequential):
    """Blocks of one width, the first with the stride."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, depth: int, block_constructor: Layer, *rest: Any, stage_index: int = 0
    ):
        super().__init__()
        for i in range(depth):
            block = block_constructor(width_out if i else width_in, width_out, 1 if i else stride, *rest)
            self.add_module(f"block{stage_index}-{i}", block)


class BlockParams:
    """The widths, depths and groups of the stages."""

    def __init__(
        self,
        depths: list[int],
        widths: list[int],
        group_widths: list[int],
        bottleneck_multipliers: list[float],
        strides: list[int],
        se_ratio: float | None = None,
    ):
        self.depths = depths
        self.widths = widths
        self.group_widths = group_widths
        self.bottleneck_multipliers = bottleneck_multipliers
        self.strides = strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls,
        depth: int,
        w_0: int,
        w_a: float,
        w_m: float,
        group_width: int,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
        **kwargs: Any,
    ) -> BlockParams:
        """Widths that grow by `w_a` a block from `w_0`, rounded to powers of `w_m` and multiples of 8 (section 3.3)."""
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        grown = np.arange(depth) * w_a + w_0
        power = np.round(np.log(grown / w_0) / math.log(w_m))
        block_widths = (np.round(w_0 * w_m**power / 8) * 8).astype(int).tolist()
        widths = sorted(set(block_widths))
        groups = [min(group_width, int(w * bottleneck_multiplier)) for w in widths]
        narrow = [_make_divisible(int(w * bottleneck_multiplier), g) for w, g in zip(widths, groups, strict=True)]
        return cls(
            [block_widths.count(w) for w in widths],
            [int(n / bottleneck_multiplier) for n in narrow],
            groups,
            [bottleneck_multiplier] * len(widths),
            [2] * len(widths),
            se_ratio,
        )


class RegNet(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes); see BlockParams for the stages."""

    def __init__(
        self,
        block_params: BlockParams,
        num_classes: int = 1000,
        stem_width: int = 32,
        stem_type: Layer | None = None,
        block_type: Layer | None = None,
        norm_layer: Layer | None = None,
        activation: Layer | None = None,
    ):
        super().__init__()
        norm_layer, activation = norm_layer or nn.BatchNorm2d, activation or nn.ReLU
        self.stem = (stem_type or SimpleStemIN)(3, stem_width, norm_layer, activation)
        width = stem_width
        self.trunk_output = nn.Sequential()
        p = block_params
        stages = zip(p.widths, p.strides, p.depths, p.group_widths, p.bottleneck_multipliers, strict=True)
        for i, (out, stride, depth, group_width, multiplier) in enumerate(stages, 1):
            rest = (norm_layer, activation, group_width, multiplier, p.se_ratio)
            stage = AnyStage(width, out, stride, depth, block_type or ResBottleneckBlock, *rest, stage_index=i)
            self.trunk_output.add_module(f"block{i}", stage)
            width = out
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(in_features=width, out_features=num_classes)
        initialize(self, _fan_out, normal, conv_bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.avgpool(self.trunk_output(self.stem(x))).flatten(start_dim=1))


def _fan_out(conv: Any) -> None:
    """Every group counts as if it saw all."""
    fan = conv.kernel_size[0] * conv.kernel_size[1] * conv.out_channels
    nn.init.normal_(conv.weight, mean=0.0, std=math.sqrt(2.0 / fan))


# Depth, first width, growth, ratio, width of a group.
_SETTINGS = {
    "y_400mf": (16, 48, 27.89, 2.09, 8), "y_800mf": (14, 56, 38.84, 2.4, 16), "y_1_6gf": (27, 48, 20.71, 2.65, 24),
    "y_3_2gf": (21, 80, 42.63, 2.66, 24), "y_8gf": (17, 192, 76.82, 2.19, 56), "y_16gf": (18, 200, 106.23, 2.48, 112),
    "y_32gf": (20, 232, 115.89, 2.53, 232), "y_128gf": (27, 456, 160.83, 2.52, 264),
    "x_400mf": (22, 24, 24.48, 2.54, 16), "x_800mf": (16, 56, 35.73, 2.28, 16), "x_1_6gf": (18, 80, 34.01, 2.25, 24),
    "x_3_2gf": (25, 88, 26.31, 2.25, 48), "x_8gf": (23, 80, 49.56, 2.88, 120), "x_16gf": (22, 216, 55.59, 2.1, 128),
    "x_32gf": (23, 320, 69.86, 2.0, 168),
}  # fmt: skip


def _build(name: str, **kwargs: Any) -> RegNet:
    params = BlockParams.from_init_params(*_SETTINGS[name], se_ratio=0.25 if name.startswith("y") else None)
    return RegNet(params, **{"norm_layer": partial(nn.BatchNorm2d, eps=1e-05, momentum=0.1), **kwargs})


family(
    globals(),
    ENUMS,
    {f"regnet_{name}": (f"RegNet_{name.upper()}_Weights", partial(_build, name)) for name in _SETTINGS},
)

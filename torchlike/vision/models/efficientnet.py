"""EfficientNet and EfficientNetV2 (Tan and Le 2019 and 2021)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import _make_divisible, fan_out, initialize
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from torchlike.vision.ops.stochastic_depth import StochasticDepth

__all__ = ["EfficientNet"]

Layer = Callable[..., nn.Module]


class MBConvConfig:
    """A stage of MBConv blocks; channels are scaled by `width_mult`, the number of blocks by `depth_mult`."""

    block: Layer

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Layer | None = None,
    ):
        self.expand_ratio = expand_ratio
        self.kernel = kernel
        self.stride = stride
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.num_layers = math.ceil(num_layers * depth_mult)
        self.block = block or MBConv

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        """Scaled, and a multiple of 8."""
        return _make_divisible(channels * width_mult, 8, min_value)


class FusedMBConvConfig(MBConvConfig):
    """A stage of FusedMBConv blocks, as it is."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Layer | None = None,
    ):
        super().__init__(expand_ratio, kernel, stride, input_channels, out_channels, num_layers, block=block or FusedMBConv)


_MBConvConfig = MBConvConfig


class _Residual(nn.Module):
    """A block with a way around it where nothing changes size."""

    def __init__(self, cnf: MBConvConfig, layers: list[nn.Module], stochastic_depth_prob: float):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        out = self.block(input)
        return self.stochastic_depth(out) + input if self.use_res_connect else out


class MBConv(_Residual):
    """More channels, a depthwise convolution, an excitation, fewer channels."""

    def __init__(self, cnf: MBConvConfig, stochastic_depth_prob: float, norm_layer: Layer, se_layer: Layer = SqueezeExcitation):
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        width = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        layers: list[nn.Module] = [] if width == cnf.input_channels else [conv(cnf.input_channels, width, kernel_size=1)]
        layers += [
            conv(width, width, kernel_size=cnf.kernel, stride=cnf.stride, groups=width),
            se_layer(width, max(1, cnf.input_channels // 4), activation=partial(nn.SiLU, inplace=True)),
            Conv2dNormActivation(width, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None),
        ]
        super().__init__(cnf, layers, stochastic_depth_prob)


class FusedMBConv(_Residual):
    """An ordinary convolution to more channels, then fewer; one convolution alone where there are not to be more."""

    def __init__(self, cnf: MBConvConfig, stochastic_depth_prob: float, norm_layer: Layer):
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        width = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        first = partial(conv, cnf.input_channels, kernel_size=cnf.kernel, stride=cnf.stride)
        layers: list[nn.Module] = [first(cnf.out_channels if width == cnf.input_channels else width)]
        if width != cnf.input_channels:
            layers.append(Conv2dNormActivation(width, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None))
        super().__init__(cnf, layers, stochastic_depth_prob)


class EfficientNet(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        inverted_residual_setting: the stages.
        stochastic_depth_prob: of leaving out the last block; it grows from 0.
        last_channel: of the last convolution; four times its input by default.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[MBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ):
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not all(isinstance(s, MBConvConfig) for s in inverted_residual_setting):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm_layer = norm_layer or nn.BatchNorm2d
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        layers: list[nn.Module] = [conv(3, inverted_residual_setting[0].input_channels, kernel_size=3, stride=2)]
        total, done = sum(cnf.num_layers for cnf in inverted_residual_setting), 0
        for cnf in inverted_residual_setting:
            stage: list[nn.Module] = []
            for i in range(cnf.num_layers):
                block = copy.copy(cnf)
                if i:
                    block.input_channels, block.stride = block.out_channels, 1
                stage.append(block.block(block, stochastic_depth_prob * float(done) / total, norm_layer))
                done += 1
            layers.append(nn.Sequential(*stage))
        width = inverted_residual_setting[-1].out_channels
        last = 4 * width if last_channel is None else last_channel
        layers.append(conv(width, last, kernel_size=1))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(last, num_classes))
        initialize(self, fan_out, _uniform)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _uniform(layer: Any) -> None:
    reach = 1.0 / math.sqrt(layer.out_features)
    nn.init.uniform_(layer.weight, -reach, reach)


# Expansion, kernel, stride, channels in and out, blocks.
_STAGES = ((1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3), (6, 5, 1, 80, 112, 3),
           (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1))  # fmt: skip
# Width, depth, dropout, whether the normalization is TensorFlow's.
_SCALES = {"b0": (1.0, 1.0, 0.2, 0), "b1": (1.0, 1.1, 0.2, 0), "b2": (1.1, 1.2, 0.3, 0), "b3": (1.2, 1.4, 0.3, 0),
           "b4": (1.4, 1.8, 0.4, 0), "b5": (1.6, 2.2, 0.4, 1), "b6": (1.8, 2.6, 0.5, 1), "b7": (2.0, 3.1, 0.5, 1)}  # fmt: skip
# The stages of V2, the first three fused.
_STAGES_V2 = {
    "s": (0.2, ((1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6),
                (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15))),
    "m": (0.3, ((1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7),
                (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5))),
    "l": (0.4, ((1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10),
                (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7))),
}  # fmt: skip


def _build(size: str, **kwargs: Any) -> EfficientNet:
    width, depth, dropout, as_tensorflow = _SCALES[size]
    stages = [MBConvConfig(*stage, width_mult=width, depth_mult=depth) for stage in _STAGES]
    if as_tensorflow:
        kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return EfficientNet(stages, kwargs.pop("dropout", dropout), **kwargs)


def _build_v2(size: str, **kwargs: Any) -> EfficientNet:
    dropout, table = _STAGES_V2[size]
    stages = [(FusedMBConvConfig if i < 3 else MBConvConfig)(*stage) for i, stage in enumerate(table)]
    kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=1e-03))
    return EfficientNet(stages, kwargs.pop("dropout", dropout), last_channel=1280, **kwargs)


family(
    globals(),
    ENUMS,
    {f"efficientnet_{size}": (f"EfficientNet_{size.upper()}_Weights", partial(_build, size)) for size in _SCALES}
    | {f"efficientnet_v2_{size}": (f"EfficientNet_V2_{size.upper()}_Weights", partial(_build_v2, size)) for size in _STAGES_V2},
)

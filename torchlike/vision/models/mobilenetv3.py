"""MobileNetV3 (Howard et al. 2019, Searching for MobileNetV3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import _make_divisible, fan_out, initialize, normal
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation

__all__ = ["MobileNetV3"]

Layer = Callable[..., nn.Module]


class InvertedResidualConfig:
    """One block of the paper's tables 1 and 2.

    Args:
        activation: "RE" is ReLU, "HS" is Hardswish.
    """

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ):
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """Scaled, and a multiple of 8."""
        return _make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """More channels, a depthwise convolution, perhaps an excitation, fewer channels; perhaps a way around."""

    def __init__(self, cnf: InvertedResidualConfig, norm_layer: Layer, se_layer: Layer | None = None):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        se_layer = se_layer or partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        width = cnf.expanded_channels
        block = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.Hardswish if cnf.use_hs else nn.ReLU)
        layers: list[nn.Module] = [] if width == cnf.input_channels else [block(cnf.input_channels, width, kernel_size=1)]
        stride = 1 if cnf.dilation > 1 else cnf.stride
        layers.append(block(width, width, kernel_size=cnf.kernel, stride=stride, dilation=cnf.dilation, groups=width))
        if cnf.use_se:
            layers.append(se_layer(width, _make_divisible(width // 4, 8)))
        layers.append(Conv2dNormActivation(width, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input: Tensor) -> Tensor:
        return self.block(input) + input if self.use_res_connect else self.block(input)


class MobileNetV3(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        inverted_residual_setting: the blocks. last_channel: the width of the hidden linear layer.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        **kwargs: Any,
    ):
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not all(isinstance(s, InvertedResidualConfig) for s in inverted_residual_setting):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        block = block or InvertedResidual
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.Hardswish)
        first, last = inverted_residual_setting[0].input_channels, inverted_residual_setting[-1].out_channels
        layers: list[nn.Module] = [conv(3, first, kernel_size=3, stride=2)]
        layers += [block(cnf, norm_layer) for cnf in inverted_residual_setting]
        layers.append(conv(last, 6 * last, kernel_size=1))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * last, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        initialize(self, fan_out, normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


# Channels in, kernel, expanded, out, excitation, activation, stride; * is what `reduced_tail` halves, + what it dilates.
_TABLES = {
    "mobilenet_v3_large": """
        16 3 16 16 0 RE 1; 16 3 64 24 0 RE 2; 24 3 72 24 0 RE 1; 24 5 72 40 1 RE 2; 40 5 120 40 1 RE 1; 40 5 120 40 1 RE 1;
        40 3 240 80 0 HS 2; 80 3 200 80 0 HS 1; 80 3 184 80 0 HS 1; 80 3 184 80 0 HS 1; 80 3 480 112 1 HS 1;
        112 3 672 112 1 HS 1; 112 5 672 160* 1 HS 2+; 160* 5 960* 160* 1 HS 1+; 160* 5 960* 160* 1 HS 1+""",
    "mobilenet_v3_small": """
        16 3 16 16 1 RE 2; 16 3 72 24 0 RE 2; 24 3 88 24 0 RE 1; 24 5 96 40 1 HS 2; 40 5 240 40 1 HS 1; 40 5 240 40 1 HS 1;
        40 5 120 48 1 HS 1; 48 5 144 48 1 HS 1; 48 5 288 96* 1 HS 2+; 96* 5 576* 96* 1 HS 1+; 96* 5 576* 96* 1 HS 1+""",
}
_LAST = {"mobilenet_v3_large": 1280, "mobilenet_v3_small": 1024}


def _mobilenet_v3_conf(
    arch: str, width_mult: float = 1.0, reduced_tail: bool = False, dilated: bool = False
) -> tuple[list[InvertedResidualConfig], int]:
    """The blocks of one of the two networks, and the width of its hidden linear layer.

    Raises:
        ValueError: for another name.
    """
    if arch not in _TABLES:
        raise ValueError(f"Unsupported model type {arch}")
    divider = 2 if reduced_tail else 1

    def number(text: str) -> int:
        return int(text.rstrip("*+")) // (divider if text.endswith("*") else 1)

    blocks = []
    for row in _TABLES[arch].split(";"):
        i, kernel, expanded, o, excited, activation, stride = row.split()
        blocks.append(
            InvertedResidualConfig(
                number(i), int(kernel), number(expanded), number(o), excited == "1", activation, number(stride),
                2 if dilated and stride.endswith("+") else 1, width_mult,
            )
        )  # fmt: skip
    return blocks, InvertedResidualConfig.adjust_channels(_LAST[arch] // divider, width_mult)


def _build(arch: str, **kwargs: Any) -> MobileNetV3:
    shape = {name: kwargs.pop(name) for name in ("width_mult", "reduced_tail", "dilated") if name in kwargs}
    return MobileNetV3(*_mobilenet_v3_conf(arch, **shape), **kwargs)


family(
    globals(),
    ENUMS,
    {
        "mobilenet_v3_large": ("MobileNet_V3_Large_Weights", partial(_build, "mobilenet_v3_large")),
        "mobilenet_v3_small": ("MobileNet_V3_Small_Weights", partial(_build, "mobilenet_v3_small")),
    },
)

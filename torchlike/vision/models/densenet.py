"""DenseNet (Huang et al. 2016, Densely Connected Convolutional Networks)."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.utils.checkpoint import checkpoint
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import initialize
from torchlike.vision.models._weights import ENUMS

__all__ = ["DenseNet"]

# The published files name these layers in an older way.
_OLD_KEY = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.\w+)$")


class _DenseLayer(nn.Module):
    """Everything before it, through a 1x1 and a 3x3 convolution: (B, C, H, W) -> (B, growth_rate, H, W)."""

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, *inputs: Tensor) -> Tensor:
        """The 1x1 convolution of all that is before."""
        return self.conv1(self.relu1(self.norm1(ops.cat(inputs, 1))))

    def forward(self, input: Any) -> Tensor:
        before = [input] if isinstance(input, Tensor) else list(input)
        if self.memory_efficient and any(x.requires_grad for x in before):
            narrow = checkpoint(self.bn_function, *before, use_reentrant=False)
        else:
            narrow = self.bn_function(*before)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    """Layers that each see all before them: (B, C, H, W) -> (B, C + num_layers * growth_rate, H, W)."""

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ):
        super().__init__()
        for i in range(num_layers):
            layer = _DenseLayer(num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features: Tensor) -> Tensor:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return ops.cat(features, 1)


class _Transition(nn.Sequential):
    """Fewer channels at half the size."""

    def __init__(self, num_input_features: int, num_output_features: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Four dense blocks: images (B, 3, H, W) -> (B, num_classes).

    Args:
        growth_rate: the channels that each layer adds. block_config: how many layers each block has.
        bn_size: the channels between a layer's convolutions, in growth rates.
        memory_efficient: compute a layer's first half again in the backward pass.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ):
        super().__init__()
        width = num_init_features
        stem: list[tuple[str, nn.Module]] = [
            ("conv0", nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)),
            ("norm0", nn.BatchNorm2d(width)),
            ("relu0", nn.ReLU(inplace=True)),
            ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
        ]
        self.features = nn.Sequential(OrderedDict(stem))
        for i, layers in enumerate(block_config, 1):
            block = _DenseBlock(layers, width, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i}", block)
            width += layers * growth_rate
            if i != len(block_config):
                self.features.add_module(f"transition{i}", _Transition(width, width // 2))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        initialize(self, lambda m: nn.init.kaiming_normal_(m.weight), lambda m: None)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """As of every module; the older names of the published files are understood."""
        return super().load_state_dict({_OLD_KEY.sub(r"\1\2", key): v for key, v in state_dict.items()}, *args, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        features = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(features, (1, 1)).flatten(1))


def _densenet(depth: int, growth_rate: int, blocks: Sequence[int], init: int) -> tuple[str, Any]:
    return f"DenseNet{depth}_Weights", partial(DenseNet, growth_rate, blocks, init)


family(
    globals(),
    ENUMS,
    {
        "densenet121": _densenet(121, 32, (6, 12, 24, 16), 64),
        "densenet161": _densenet(161, 48, (6, 12, 36, 24), 96),
        "densenet169": _densenet(169, 32, (6, 12, 32, 32), 64),
        "densenet201": _densenet(201, 32, (6, 12, 48, 32), 64),
    },
)

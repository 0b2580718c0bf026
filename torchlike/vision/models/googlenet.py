"""GoogLeNet (Szegedy et al. 2014, Going Deeper with Convolutions), with batch normalization."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.models.inception import BasicConv2d, decide_on_init, transform_input, truncated_init

__all__ = ["GoogLeNet", "GoogLeNetOutputs"]


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet gives while it is trained: (B, num_classes) each."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


_GoogLeNetOutputs = GoogLeNetOutputs


class Inception(nn.Module):
    """1x1, 3x3, 3x3 (for 5x5) and a pooling next to each other; their channels add up."""

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Callable[..., nn.Module] | None = None,
    ):
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1 = conv(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv(in_channels, ch3x3red, kernel_size=1), conv(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            conv(in_channels, ch5x5red, kernel_size=1),
            conv(ch5x5red, ch5x5, kernel_size=3, padding=1),  # 3, not 5: a slip that the published weights share
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True), conv(in_channels, pool_proj, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return ops.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """Classes from the middle of the network: (B, C, H, W) -> (B, num_classes)."""

    def __init__(
        self, in_channels: int, num_classes: int, conv_block: Callable[..., nn.Module] | None = None, dropout: float = 0.7
    ):
        super().__init__()
        self.conv = (conv_block or BasicConv2d)(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


# The six widths of each block; None is a pooling.
_BLOCKS: dict[str, tuple[int, ...]] = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "maxpool3": (3,),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128), "maxpool4": (2,),
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


class GoogLeNet(nn.Module):
    """Nine Inception blocks: images (B, 3, H, W) -> (B, num_classes); GoogLeNetOutputs while it is trained.

    Args:
        aux_logits: also give classes from two places in the middle of the network in training.
        transform_input: take images normalized as for torchvision's other networks.
        blocks: the classes of the blocks, three.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = None,
        blocks: Sequence[Callable[..., nn.Module]] | None = None,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ):
        super().__init__()
        blocks = blocks or [BasicConv2d, Inception, InceptionAux]
        init_weights = decide_on_init(init_weights, "GoogleNet")
        if len(blocks) != 3:
            raise ValueError(f"blocks length should be 3 instead of {len(blocks)}")
        conv, inception, aux = blocks
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        width = 192
        for name, widths in _BLOCKS.items():
            if len(widths) == 1:
                setattr(self, name, nn.MaxPool2d(widths[0], stride=2, ceil_mode=True))
            else:
                setattr(self, f"inception{name}", inception(width, *widths))
                width = widths[0] + widths[2] + widths[4] + widths[5]
        self.aux1: nn.Module | None = aux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2: nn.Module | None = aux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights:
            truncated_init(self, 0.01)

    def _transform_input(self, x: Tensor) -> Tensor:
        return transform_input(x) if self.transform_input else x

    def forward(self, x: Tensor) -> Any:
        x = self.maxpool1(self.conv1(self._transform_input(x)))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        training = self.training and self.aux_logits
        aux: dict[str, Tensor | None] = {"4a": None, "4d": None}
        for name, widths in _BLOCKS.items():
            x = getattr(self, name if len(widths) == 1 else f"inception{name}")(x)
            head = {"4a": self.aux1, "4d": self.aux2}.get(name) if training else None
            if head is not None:
                aux[name] = head(x)
        x = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return GoogLeNetOutputs(x, aux["4d"], aux["4a"]) if training else x


def _adapt(weights: Any, kwargs: dict[str, Any]) -> Any:
    """The published weights have auxiliary classes that were not trained, and expect another normalization."""
    if weights is None:
        return None
    kept = kwargs.get("aux_logits", False)
    kwargs.setdefault("transform_input", True)
    kwargs |= {"aux_logits": True, "init_weights": False}

    def finish(model: Any) -> None:
        if kept:
            warnings.warn(
                "auxiliary heads in the pretrained googlenet model are NOT pretrained, so make sure to train them", stacklevel=3
            )
        else:
            model.aux_logits, model.aux1, model.aux2 = False, None, None

    return finish


family(globals(), ENUMS, {"googlenet": ("GoogLeNet_Weights", GoogLeNet)}, _adapt)

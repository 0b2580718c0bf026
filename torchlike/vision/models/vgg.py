"""VGG (Simonyan and Zisserman 2014, Very Deep Convolutional Networks for Large-Scale Image Recognition)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import fan_out, initialize, normal
from torchlike.vision.models._weights import ENUMS

__all__ = ["VGG"]

# How many convolutions of 64, 128, 256, 512 and 512 channels there are.
_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
cfgs: dict[str, list[Any]] = {
    letter: [c for width, n in zip((64, 128, 256, 512, 512), _DEPTHS[depth], strict=True) for c in (*[width] * n, "M")]
    for letter, depth in zip("ABDE", _DEPTHS, strict=True)
}


class VGG(nn.Module):
    """3x3 convolutions and poolings (`features`), three linear layers: images (B, 3, H, W) -> (B, num_classes)."""

    def __init__(self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5):
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            initialize(self, fan_out, normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def make_layers(cfg: Sequence[Any], batch_norm: bool = False) -> nn.Sequential:
    """Convolutions of so many channels each, and poolings ("M")."""
    layers: list[nn.Module] = []
    width = 3
    for step in cfg:
        if step == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        else:
            layers.append(nn.Conv2d(width, step, kernel_size=3, padding=1))
            layers += [nn.BatchNorm2d(step)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            width = step
    return nn.Sequential(*layers)


def _vgg(letter: str, batch_norm: bool, **kwargs: Any) -> VGG:
    return VGG(make_layers(cfgs[letter], batch_norm), **kwargs)


def _no_init(weights: Any, kwargs: dict[str, Any]) -> None:
    if weights is not None:
        kwargs["init_weights"] = False


family(
    globals(),
    ENUMS,
    {
        f"vgg{depth}{suffix}": (f"VGG{depth}{suffix.upper()}_Weights", partial(_vgg, letter, bool(suffix)))
        for letter, depth in zip("ABDE", _DEPTHS, strict=True)
        for suffix in ("", "_bn")
    },
    _no_init,
)

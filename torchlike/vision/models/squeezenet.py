"""SqueezeNet (Iandola et al. 2016, AlexNet-level accuracy with 50x fewer parameters)."""

from __future__ import annotations

from functools import partial

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS

__all__ = ["SqueezeNet"]


class Fire(nn.Module):
    """Fewer channels, then 1x1 and 3x3 convolutions next to each other: (B, C, H, W) -> (B, expand1x1 + expand3x3, H, W)."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int):
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return ops.cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


# Squeezed channels, channels of each expansion; None is a pooling. The first convolution has 96 or 64 channels.
_FIRES = {
    "1_0": (96, 7, (None, (16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256))),
    "1_1": (64, 3, (None, (16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256))),
}


class SqueezeNet(nn.Module):
    """Eight Fire modules and a convolution: images (B, 3, H, W) -> (B, num_classes).

    Args:
        version: "1_0", or "1_1", which needs 2.4 times less work.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        self.num_classes = num_classes
        if version not in _FIRES:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        width, kernel, steps = _FIRES[version]
        layers: list[nn.Module] = [nn.Conv2d(3, width, kernel_size=kernel, stride=2), nn.ReLU(inplace=True)]
        for step in steps:
            if step is None:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(width, step[0], step[1], step[1]))
                width = 2 * step[1]
        self.features = nn.Sequential(*layers)
        final_conv = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), final_conv, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                if m is final_conv:
                    nn.init.normal_(m.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(m.weight)
                if m.bias is not None:
                    nn.init.constant_(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).flatten(1)


family(
    globals(),
    ENUMS,
    {f"squeezenet{v}": (f"SqueezeNet{v}_Weights", partial(SqueezeNet, v)) for v in ("1_0", "1_1")},
)

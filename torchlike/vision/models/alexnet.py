"""AlexNet in its one-column form (Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks)."""

from __future__ import annotations

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS

__all__ = ["AlexNet"]


class AlexNet(nn.Module):
    """Five convolutions, three linear layers: images (B, 3, H, W), 63 pixels at least -> (B, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        layers: list[nn.Module] = []
        pool = [nn.MaxPool2d(kernel_size=3, stride=2)]
        # Channels in and out, kernel, stride, padding, whether a pooling follows.
        for i, o, k, s, p, pooled in ((3, 64, 11, 4, 2, 1), (64, 192, 5, 1, 2, 1), (192, 384, 3, 1, 1, 0),
                                      (384, 256, 3, 1, 1, 0), (256, 256, 3, 1, 1, 1)):  # fmt: skip
            layers += [nn.Conv2d(i, o, k, s, p), nn.ReLU(inplace=True), *(pool if pooled else [])]
            pool = [nn.MaxPool2d(kernel_size=3, stride=2)]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


family(globals(), ENUMS, {"alexnet": ("AlexNet_Weights", AlexNet)})

"""MNASNet (Tan et al. 2018, MnasNet: Platform-Aware Neural Architecture Search for Mobile)."""

from __future__ import annotations

from functools import partial

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.vision.models._api import family
from torchlike.vision.models._utils import _make_divisible, fan_out, initialize
from torchlike.vision.models._weights import ENUMS

__all__ = ["MNASNet"]

_BN_MOMENTUM = 1 - 0.9997  # TensorFlow counts it the other way round


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, momentum=_BN_MOMENTUM)


class _InvertedResidual(nn.Module):
    """More channels, a depthwise convolution, fewer channels; a way around where nothing changes size."""

    def __init__(self, in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion_factor: int):
        super().__init__()
        if stride not in (1, 2) or kernel_size not in (3, 5):
            raise ValueError(f"stride should be 1 or 2 and kernel_size 3 or 5, got {stride} and {kernel_size}")
        mid = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, mid, 1, bias=False),
            _norm(mid),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid, mid, kernel_size, padding=kernel_size // 2, stride=stride, groups=mid, bias=False),
            _norm(mid),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid, out_ch, 1, bias=False),
            _norm(out_ch),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input) + input if self.apply_residual else self.layers(input)


# Channels (before scaling), kernel, stride, expansion, blocks of each stage.
_STAGES = ((24, 3, 2, 3, 3), (40, 5, 2, 3, 3), (80, 5, 2, 6, 3), (96, 3, 1, 6, 2), (192, 5, 2, 6, 4), (320, 3, 1, 6, 1))


class MNASNet(nn.Module):
    """MNASNet-B1: images (B, 3, H, W) -> (B, num_classes).

    Args:
        alpha: scales all channels, which are rounded to multiples of 8.
    """

    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        first, width = (_make_divisible(c * alpha, 8) for c in (32, 16))
        layers: list[nn.Module] = [
            nn.Conv2d(3, first, 3, padding=1, stride=2, bias=False),
            _norm(first),
            nn.ReLU(inplace=True),
            nn.Conv2d(first, first, 3, padding=1, stride=1, groups=first, bias=False),
            _norm(first),
            nn.ReLU(inplace=True),
            nn.Conv2d(first, width, 1, padding=0, stride=1, bias=False),
            _norm(width),
        ]
        for channels, kernel, stride, expansion, blocks in _STAGES:
            out = _make_divisible(channels * alpha, 8)
            stage = [_InvertedResidual(width, out, kernel, stride, expansion)]
            stage += [_InvertedResidual(out, out, kernel, 1, expansion) for _ in range(1, blocks)]
            layers.append(nn.Sequential(*stage))
            width = out
        layers += [nn.Conv2d(width, 1280, 1, padding=0, stride=1, bias=False), _norm(1280), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        draw = partial(nn.init.kaiming_uniform_, mode="fan_out", nonlinearity="sigmoid")
        initialize(self, fan_out, lambda m: draw(m.weight))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.layers(x).mean([2, 3]))


family(
    globals(),
    ENUMS,
    {
        f"mnasnet{a}": (f"MNASNet{a}_Weights", partial(MNASNet, float(a.replace("_", "."))))
        for a in ("0_5", "0_75", "1_0", "1_3")
    },
)

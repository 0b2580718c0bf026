"""ShuffleNet V2 (Ma et al. 2018, Practical Guidelines for Efficient CNN Architecture Design)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from torchlike import nn
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS

__all__ = ["ShuffleNetV2"]


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """(B, C, H, W) with the channels of the groups taken by turns."""
    b, c, h, w = x.shape
    return x.view(b, groups, c // groups, h, w).transpose(1, 2).contiguous().view(b, c, h, w)


def _conv(i: int, o: int, kernel: int = 1, stride: int = 1, relu: bool = True, depthwise: bool = False) -> list[nn.Module]:
    conv = nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=i if depthwise else 1, bias=False)
    return [conv, nn.BatchNorm2d(o), *([nn.ReLU(inplace=True)] if relu else [])]


class InvertedResidual(nn.Module):
    """Half of the channels pass (or, with a stride, go through a short branch), the others are convolved."""

    def __init__(self, inp: int, oup: int, stride: int):
        super().__init__()
        if not 1 <= stride <= 3:
            raise ValueError("illegal stride value")
        self.stride = stride
        half = oup // 2
        if stride == 1 and inp != half << 1:
            raise ValueError(f"Invalid combination of stride {stride}, inp {inp} and oup {oup}: oup must equal inp")
        short = [*_conv(inp, inp, 3, stride, False, True), *_conv(inp, half)] if stride > 1 else []
        self.branch1 = nn.Sequential(*short)
        self.branch2 = nn.Sequential(
            *_conv(inp if stride > 1 else half, half), *_conv(half, half, 3, stride, False, True), *_conv(half, half)
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            kept, changed = x.chunk(2, dim=1)
            out = ops.cat([kept, self.branch2(changed)], 1)
        else:
            out = ops.cat([self.branch1(x), self.branch2(x)], 1)
        return channel_shuffle(out, 2)


class ShuffleNetV2(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        stages_repeats: the blocks of the three stages. stages_out_channels: of the first convolution, the stages, the last.
    """

    def __init__(
        self,
        stages_repeats: Sequence[int],
        stages_out_channels: Sequence[int],
        num_classes: int = 1000,
        inverted_residual: Callable[..., nn.Module] = InvertedResidual,
    ):
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        self._stage_out_channels = stages_out_channels
        width = stages_out_channels[0]
        self.conv1 = nn.Sequential(*_conv(3, width, 3, 2))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for i, (repeats, out) in enumerate(zip(stages_repeats, stages_out_channels[1:4], strict=True), 2):
            blocks = [inverted_residual(width, out, 2), *(inverted_residual(out, out, 1) for _ in range(repeats - 1))]
            setattr(self, f"stage{i}", nn.Sequential(*blocks))
            width = out
        last = stages_out_channels[-1]
        self.conv5 = nn.Sequential(*_conv(width, last))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(x.mean([2, 3]))


_CHANNELS = {
    "x0_5": (24, 48, 96, 192, 1024),
    "x1_0": (24, 116, 232, 464, 1024),
    "x1_5": (24, 176, 352, 704, 1024),
    "x2_0": (24, 244, 488, 976, 2048),
}
family(
    globals(),
    ENUMS,
    {
        f"shufflenet_v2_{x}": (f"ShuffleNet_V2_{x.upper()}_Weights", partial(ShuffleNetV2, [4, 8, 4], list(channels)))
        for x, channels in _CHANNELS.items()
    },
)

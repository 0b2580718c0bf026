"""Inception v3 (Szegedy et al. 2015, Rethinking the Inception Architecture for Computer Vision)."""

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

__all__ = ["Inception3", "InceptionOutputs"]


class InceptionOutputs(NamedTuple):
    """What Inception v3 gives while it is trained: (B, num_classes) each."""

    logits: Tensor
    aux_logits: Tensor | None


_InceptionOutputs = InceptionOutputs


class BasicConv2d(nn.Module):
    """A convolution, a batch normalization, a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


# Steps of a path that are no layers of the module.
_POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "average": lambda x: F.avg_pool2d(x, kernel_size=3, stride=1, padding=1),
    "max": lambda x: F.max_pool2d(x, kernel_size=3, stride=2),
}


class _Mixed(nn.Module):
    """Several paths of convolutions, their channels after one another.

    Args:
        layers: "name in out kernel stride", a kernel "1x7" having two sizes; padded to keep the size where the stride is 1.
        paths: the names along each path; with "a|b" both follow what is before.
    """

    def __init__(self, layers: str, paths: str, conv_block: Callable[..., nn.Module] | None):
        super().__init__()
        for layer in layers.split(";"):
            name, i, o, kernel, *stride = layer.split()
            h, w = (int(k) for k in (kernel.split("x") if "x" in kernel else kernel * 2))
            options: dict[str, Any] = {"kernel_size": (h, w) if h != w else h}
            if stride:
                options["stride"] = int(stride[0])
            elif (h, w) != (1, 1):
                options["padding"] = (h // 2, w // 2) if h != w else h // 2
            setattr(self, name, (conv_block or BasicConv2d)(int(i), int(o), **options))
        self._paths = [path.split() for path in paths.split(";")]

    def _step(self, name: str, x: Tensor) -> Tensor:
        if "|" in name:
            return ops.cat([self._step(part, x) for part in name.split("|")], 1)
        return _POOLS[name](x) if name in _POOLS else getattr(self, name)(x)

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for path in self._paths:
            out = x
            for name in path:
                out = self._step(name, out)
            outputs.append(out)
        return ops.cat(outputs, 1)


class InceptionA(_Mixed):
    """1x1, 5x5 and twice 3x3."""

    def __init__(self, in_channels: int, pool_features: int, conv_block: Any = None):
        c = in_channels
        super().__init__(
            f"branch1x1 {c} 64 1; branch5x5_1 {c} 48 1; branch5x5_2 48 64 5; branch3x3dbl_1 {c} 64 1;"
            f"branch3x3dbl_2 64 96 3; branch3x3dbl_3 96 96 3; branch_pool {c} {pool_features} 1",
            "branch1x1; branch5x5_1 branch5x5_2; branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3; average branch_pool",
            conv_block,
        )


class InceptionB(_Mixed):
    """Half the size."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        c = in_channels
        super().__init__(
            f"branch3x3 {c} 384 3 2; branch3x3dbl_1 {c} 64 1; branch3x3dbl_2 64 96 3; branch3x3dbl_3 96 96 3 2",
            "branch3x3; branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3; max",
            conv_block,
        )


class InceptionC(_Mixed):
    """1x7 and 7x1, of `channels_7x7` channels between."""

    def __init__(self, in_channels: int, channels_7x7: int, conv_block: Any = None):
        c, n = in_channels, channels_7x7
        super().__init__(
            f"branch1x1 {c} 192 1; branch7x7_1 {c} {n} 1; branch7x7_2 {n} {n} 1x7; branch7x7_3 {n} 192 7x1;"
            f"branch7x7dbl_1 {c} {n} 1; branch7x7dbl_2 {n} {n} 7x1; branch7x7dbl_3 {n} {n} 1x7;"
            f"branch7x7dbl_4 {n} {n} 7x1; branch7x7dbl_5 {n} 192 1x7; branch_pool {c} 192 1",
            "branch1x1; branch7x7_1 branch7x7_2 branch7x7_3;"
            "branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 branch7x7dbl_5; average branch_pool",
            conv_block,
        )


class InceptionD(_Mixed):
    """Half the size, again."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        c = in_channels
        super().__init__(
            f"branch3x3_1 {c} 192 1; branch3x3_2 192 320 3 2; branch7x7x3_1 {c} 192 1; branch7x7x3_2 192 192 1x7;"
            "branch7x7x3_3 192 192 7x1; branch7x7x3_4 192 192 3 2",
            "branch3x3_1 branch3x3_2; branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4; max",
            conv_block,
        )


class InceptionE(_Mixed):
    """1x3 and 3x1 next to each other."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        c = in_channels
        super().__init__(
            f"branch1x1 {c} 320 1; branch3x3_1 {c} 384 1; branch3x3_2a 384 384 1x3; branch3x3_2b 384 384 3x1;"
            f"branch3x3dbl_1 {c} 448 1; branch3x3dbl_2 448 384 3; branch3x3dbl_3a 384 384 1x3;"
            f"branch3x3dbl_3b 384 384 3x1; branch_pool {c} 192 1",
            "branch1x1; branch3x3_1 branch3x3_2a|branch3x3_2b;"
            "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a|branch3x3dbl_3b; average branch_pool",
            conv_block,
        )


class InceptionAux(nn.Module):
    """Classes from the middle of the network: (B, C, 17, 17) -> (B, num_classes)."""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Any = None):
        super().__init__()
        conv_block = conv_block or BasicConv2d
        self.conv0 = conv_block(in_channels, 128, kernel_size=1)
        self.conv1 = conv_block(128, 768, kernel_size=5)
        self.conv1.stddev = 0.01
        self.fc = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001  # read by the initialization

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(self.conv0(F.avg_pool2d(x, kernel_size=5, stride=3)))
        return self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


def transform_input(x: Tensor) -> Tensor:
    """From the normalization of torchvision to mean and standard deviation 0.5, which the first networks had."""
    channels = [
        x[:, i : i + 1] * (std / 0.5) + (mean - 0.5) / 0.5
        for i, (mean, std) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)))
    ]
    return ops.cat(channels, 1)


_NOTICE = (
    "The default weight initialization of {} will be changed in future releases of torchvision. If you wish to keep the old "
    "behavior (which leads to long initialization times due to scipy/scipy#11299), please set init_weights=True."
)


def decide_on_init(init_weights: bool | None, name: str) -> bool:
    """Whether to draw weights from truncated normals; not having said so warns, as in torchvision."""
    if init_weights is None:
        warnings.warn(_NOTICE.format(name), FutureWarning, stacklevel=3)
        return True
    return init_weights


class Inception3(nn.Module):
    """Inception v3: images (B, 3, 299, 299), 75 pixels at least -> (B, num_classes); InceptionOutputs while it is trained.

    Args:
        aux_logits: also give classes from the middle of the network in training.
        transform_input: take images normalized as for torchvision's other networks.
        inception_blocks: the classes of the blocks, seven.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        inception_blocks: Sequence[Callable[..., nn.Module]] | None = None,
        init_weights: bool | None = None,
        dropout: float = 0.5,
    ):
        super().__init__()
        blocks = inception_blocks or [BasicConv2d, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux]
        init_weights = decide_on_init(init_weights, "inception_v3")
        if len(blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(blocks)}")
        conv, a, b, c, d, e, aux = blocks
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = a(192, pool_features=32)
        self.Mixed_5c = a(256, pool_features=64)
        self.Mixed_5d = a(288, pool_features=64)
        self.Mixed_6a = b(288)
        self.Mixed_6b = c(768, channels_7x7=128)
        self.Mixed_6c = c(768, channels_7x7=160)
        self.Mixed_6d = c(768, channels_7x7=160)
        self.Mixed_6e = c(768, channels_7x7=192)
        self.AuxLogits: nn.Module | None = aux(768, num_classes) if aux_logits else None
        self.Mixed_7a = d(768)
        self.Mixed_7b = e(1280)
        self.Mixed_7c = e(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights:
            truncated_init(self, 0.1)

    def _transform_input(self, x: Tensor) -> Tensor:
        return transform_input(x) if self.transform_input else x

    def forward(self, x: Tensor) -> Any:
        x = self._transform_input(x)
        aux = None
        for name, layer in self.named_children():
            if name == "AuxLogits":
                aux = layer(x) if self.training and self.aux_logits else None
            elif name == "fc":
                x = layer(x.flatten(1))
            else:
                x = layer(x)
        return InceptionOutputs(x, aux) if self.training and self.aux_logits else x


def truncated_init(model: nn.Module, std: float) -> None:
    """Weights from normals cut at -2 and 2, of the deviation that a layer names itself or `std`."""
    for m in model.modules():
        layer: Any = m
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(layer.weight, mean=0.0, std=float(getattr(m, "stddev", std)), a=-2, b=2)
        elif isinstance(m, nn.BatchNorm2d):
            nn.init.constant_(layer.weight, 1)
            nn.init.constant_(layer.bias, 0)


def _adapt(weights: Any, kwargs: dict[str, Any]) -> Any:
    """The published weights have the auxiliary classes, and were trained on another normalization."""
    if weights is None:
        return None
    kept = kwargs.get("aux_logits", True)
    kwargs.setdefault("transform_input", True)
    kwargs |= {"aux_logits": True, "init_weights": False}

    def finish(model: Any) -> None:
        if not kept:
            model.aux_logits, model.AuxLogits = False, None

    return finish


family(globals(), ENUMS, {"inception_v3": ("Inception_V3_Weights", Inception3)}, _adapt)

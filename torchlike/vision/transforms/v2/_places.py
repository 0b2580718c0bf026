"""Transforms of where the pixels are, of images together with their masks and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import transforms as v1
from torchlike.vision.transforms._functional_tensor import parse_padding
from torchlike.vision.transforms.v2 import functional as F
from torchlike.vision.transforms.v2._transform import RandomApplied, Transform, filling, first_image, for_grid, size_of

__all__ = [
    "CenterCrop", "ElasticTransform", "FiveCrop", "Pad", "RandomAffine", "RandomCrop", "RandomErasing",
    "RandomHorizontalFlip", "RandomPerspective", "RandomResize", "RandomResizedCrop", "RandomRotation", "RandomShortestSize",
    "RandomVerticalFlip", "Resize", "TenCrop",
]  # fmt: skip


class _Named:
    """Modes of interpolation may be given by name."""

    interpolation: Any

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.interpolation = F.mode(self.interpolation)


class RandomHorizontalFlip(RandomApplied, v1.RandomHorizontalFlip):
    """Left and right exchanged, with the probability `p`."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.horizontal_flip(inpt)


class RandomVerticalFlip(RandomApplied, v1.RandomVerticalFlip):
    """Top and bottom exchanged, with the probability `p`."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.vertical_flip(inpt)


class Resize(Transform, _Named, v1.Resize):
    """Resize to (height, width), or so that the smaller edge is `size`."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, self.size, self.interpolation, max_size=self.max_size, antialias=self.antialias)


class CenterCrop(Transform, v1.CenterCrop):
    """The middle (height, width)."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.center_crop(inpt, self.size)


class Pad(Transform, v1.Pad):
    """More pixels on each side."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pad(inpt, self.padding, filling(self.fill, inpt), self.padding_mode)


class FiveCrop(Transform, v1.FiveCrop):
    """The corners and the middle of images."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.five_crop(inpt, self.size)


class TenCrop(Transform, v1.TenCrop):
    """Five crops of images and of the flipped images."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.ten_crop(inpt, self.size, self.vertical_flip)


class RandomCrop(Transform, v1.RandomCrop):
    """A random (height, width), padded first where `padding` says so; see version 1."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        sides = list(parse_padding(self.padding if self.padding is not None else 0))
        ch, cw = self.size
        h, w = height + sides[1] + sides[3], width + sides[0] + sides[2]
        if self.pad_if_needed:
            more_h, more_w = max(ch - h, 0), max(cw - w, 0)
            sides = [sides[0] + more_w, sides[1] + more_h, sides[2] + more_w, sides[3] + more_h]
            h, w = h + 2 * more_h, w + 2 * more_w
        if h < ch or w < cw:
            padded = "padded " if self.padding is not None else ""
            raise ValueError(f"Required crop size {(ch, cw)} is larger than {padded}input image size {(h, w)}.")
        top = draw.integer(0, h - ch + 1) if h > ch else 0
        left = draw.integer(0, w - cw + 1) if w > cw else 0
        return {"sides": sides, "box": (top, left, ch, cw)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if any(params["sides"]):
            inpt = F.pad(inpt, params["sides"], filling(self.fill, inpt), self.padding_mode)
        return F.crop(inpt, *params["box"])


class RandomResizedCrop(Transform, _Named, v1.RandomResizedCrop):
    """A random part, resized to (height, width)."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size_of(flat_inputs)
        return {"box": self.get_params(first_image(flat_inputs), self.scale, self.ratio)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resized_crop(inpt, *params["box"], self.size, self.interpolation, self.antialias)


class RandomRotation(Transform, _Named, v1.RandomRotation):
    """A turn by a random angle."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"angle": self.get_params(self.degrees)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        given = {"expand": self.expand, "center": self.center, "fill": for_grid(self.fill, inpt)}
        return F.rotate(inpt, params["angle"], interpolation=self.interpolation, **given)


class RandomAffine(Transform, _Named, v1.RandomAffine):
    """A random turn, shift, scale and shear."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        return {"drawn": self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        given = {"interpolation": self.interpolation, "fill": for_grid(self.fill, inpt), "center": self.center}
        return F.affine(inpt, *params["drawn"], **given)


class RandomPerspective(RandomApplied, _Named, v1.RandomPerspective):
    """The image as seen from elsewhere, with the probability `p`."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        return {"points": self.get_params(width, height, self.distortion_scale)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        fill = for_grid(self.fill, inpt)
        return F.perspective(inpt, *params["points"], interpolation=self.interpolation, fill=fill)


class ElasticTransform(Transform, _Named, v1.ElasticTransform):
    """Pixels moved by smooth noise."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"displacement": self.get_params(self.alpha, self.sigma, list(size_of(flat_inputs)))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        fill = for_grid(self.fill, inpt)
        return F.elastic(inpt, params["displacement"], interpolation=self.interpolation, fill=fill)


class RandomErasing(RandomApplied, v1.RandomErasing):
    """A random rectangle of image tensors set to `value`, with the probability `p`."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        value: Any = [float(self.value)] if isinstance(self.value, (int, float)) else self.value
        value = None if isinstance(value, str) else list(value)
        image = first_image(flat_inputs)
        box = self.get_params(image, self.scale, self.ratio, value)
        return {"box": None if box[-1] is image else box}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt if params["box"] is None else F.erase(inpt, *params["box"], self.inplace)


class RandomResize(Transform):
    """The smaller edge a random size, from `min_size` up to but without `max_size`."""

    def __init__(self, min_size: int, max_size: int, interpolation: Any = "bilinear", antialias: bool | None = True):
        super().__init__()
        self.min_size = min_size
        self.max_size = max_size
        self.interpolation = F.mode(interpolation)
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"size": [draw.integer(self.min_size, self.max_size)]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, params["size"], self.interpolation, antialias=self.antialias)


class RandomShortestSize(Transform):
    """The smaller edge one of `min_size`, the larger at most `max_size`."""

    def __init__(
        self,
        min_size: int | Sequence[int],
        max_size: int | None = None,
        interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ):
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size = max_size
        self.interpolation = F.mode(interpolation)
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        ratio = self.min_size[draw.integer(0, len(self.min_size))] / min(height, width)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(height, width))
        return {"size": (int(height * ratio), int(width * ratio))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, params["size"], self.interpolation, antialias=self.antialias)

"""The transforms that pretrained networks expect."""

from __future__ import annotations

from typing import Any

from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.vision.transforms import functional as F
from torchlike.vision.transforms.functional import InterpolationMode

__all__ = ["ImageClassification"]


class ImageClassification(Module):
    """An image as a network of ImageNet takes it: resized, its middle cut out, as floats, normalized."""

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ):
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        if not isinstance(img, Tensor):
            img = F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img), mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        names = ("crop_size", "resize_size", "mean", "std", "interpolation")
        return "\n".join([f"{type(self).__name__}(", *(f"    {name}={getattr(self, name)}" for name in names), ")"])

    def describe(self) -> str:
        """What is done, in words."""
        return (
            f"Accepts PIL images, batched (B, C, H, W) and single (C, H, W) image tensors; resizes to {self.resize_size} with "
            f"{self.interpolation}, crops the middle {self.crop_size}, scales to [0, 1], then normalizes with "
            f"mean={self.mean} and std={self.std}."
        )

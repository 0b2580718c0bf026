"""`torchvision.transforms`: so far `Compose`, `ToTensor` and `InterpolationMode`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base.errors import absent
from torchlike.vision.transforms import functional
from torchlike.vision.transforms.functional import InterpolationMode
from torchlike.vision.transforms.to_tensor import ToTensor

__all__ = ["Compose", "InterpolationMode", "ToTensor", "functional"]


class Compose:
    """Transforms one after another."""

    def __init__(self, transforms: Sequence[Callable]):
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}({lines}\n)"


__getattr__ = absent("torchvision.transforms")

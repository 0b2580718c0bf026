"""Random images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.engine import random as source
from torchlike.tensor.from_data import tensor
from torchlike.vision.datasets.vision import VisionDataset
from torchlike.vision.transforms import functional as F

__all__ = ["FakeData"]


class FakeData(VisionDataset):
    """Normal noise as PIL images with random classes, the same for the same index (torchvision.datasets.FakeData).

    Args:
        size: how many there are. image_size: (C, H, W). random_offset: added to the index to seed an image.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        random_offset: int = 0,
    ):
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Raises IndexError beyond the last image."""
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        generator = source.Generator().manual_seed(index + self.random_offset)
        noise = generator.normal(tuple(self.image_size))
        target = int(generator.randint((1,), 0, self.num_classes)[0])
        sample, target = self.transformed(F.to_pil_image(tensor(noise)), target)
        return sample, target

    def __len__(self) -> int:
        return self.size

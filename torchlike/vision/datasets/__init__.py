"""`torchvision.datasets`: the sets that are read from files, in torchvision's own layouts."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent, missing
from torchlike.vision.datasets import utils
from torchlike.vision.datasets.cifar import CIFAR10, CIFAR100
from torchlike.vision.datasets.fakedata import FakeData
from torchlike.vision.datasets.folder import DatasetFolder, ImageFolder
from torchlike.vision.datasets.mnist import EMNIST, KMNIST, MNIST, QMNIST, FashionMNIST
from torchlike.vision.datasets.svhn import SVHN
from torchlike.vision.datasets.vision import VisionDataset

__all__ = [
    "CIFAR10", "CIFAR100", "EMNIST", "KMNIST", "MNIST", "QMNIST", "SVHN", "DatasetFolder", "FakeData", "FashionMNIST",
    "ImageFolder", "VisionDataset", "utils",
]  # fmt: skip


class _Absent:
    def __init__(self, *args: Any, **options: Any):
        raise missing(f"torchvision.datasets.{type(self).__name__}")


# Libraries list these by name; making one raises.
for _name in ("INaturalist", "ImageNet", "Places365"):
    globals()[_name] = type(_name, (_Absent,), {"__module__": __name__, "__doc__": "Making one raises NotImplementedError."})

__getattr__ = absent("torchvision.datasets")

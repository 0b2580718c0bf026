"""`torchvision.datasets`: the classes by name, for libraries that list them. None can be made yet."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent, missing


class _Absent:
    def __init__(self, *args: Any, **options: Any):
        raise missing(f"torchvision.datasets.{type(self).__name__}")


_NAMES = "CIFAR10 CIFAR100 FashionMNIST INaturalist ImageFolder ImageNet KMNIST MNIST Places365 QMNIST"
for _name in _NAMES.split():
    globals()[_name] = type(_name, (_Absent,), {"__module__": __name__, "__doc__": "Making one raises NotImplementedError."})

__getattr__ = absent("torchvision.datasets")

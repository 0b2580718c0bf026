"""The names of ImageNet's 1000 classes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

__all__ = ["Meta", "imagenet_categories"]


@functools.cache
def imagenet_categories() -> list[str]:
    """The names in the order of the networks' outputs."""
    return (Path(__file__).parent / "imagenet_classes.txt").read_text().splitlines()


class Meta(dict):
    """What is known of weights; the names of the classes are read when they are first asked for."""

    def __missing__(self, key: str) -> Any:
        if key != "categories":
            raise KeyError(key)
        self[key] = imagenet_categories()
        return self[key]

    def __contains__(self, key: object) -> bool:
        return key == "categories" or super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key == "categories" else super().get(key, default)


def __getattr__(name: str) -> Any:
    if name == "_IMAGENET_CATEGORIES":
        return imagenet_categories()
    raise AttributeError(f"module 'torchvision.models._meta' has no attribute {name!r}")

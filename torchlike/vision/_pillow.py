"""Pillow, loaded when first used: models and operations do without it."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Image", "ImageColor", "ImageDraw", "ImageEnhance", "ImageFilter", "ImageFont", "ImageOps", "is_image"]


class _Module:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        try:
            module = importlib.import_module(f"PIL.{self._name}")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "torchlike.vision reads and changes images with Pillow, which is not installed: "
                "pip install 'torchlike[vision]'",
                name="PIL",
            ) from error
        found = getattr(module, attribute)
        setattr(self, attribute, found)
        return found


Image: Any = _Module("Image")
ImageColor: Any = _Module("ImageColor")
ImageDraw: Any = _Module("ImageDraw")
ImageEnhance: Any = _Module("ImageEnhance")
ImageFilter: Any = _Module("ImageFilter")
ImageFont: Any = _Module("ImageFont")
ImageOps: Any = _Module("ImageOps")


def is_image(x: Any) -> bool:
    """Whether `x` is an image of Pillow's; Pillow need not be installed for the answer No."""
    return hasattr(x, "getbands") and isinstance(x, Image.Image)

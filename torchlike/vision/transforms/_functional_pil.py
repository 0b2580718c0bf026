"""Transforms of Pillow's images. `functional` chooses between this and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.vision._pillow import Image, ImageEnhance, ImageOps
from torchlike.vision.transforms._functional_tensor import parse_padding

_MODES = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "box": "BOX",
    "hamming": "HAMMING",
    "lanczos": "LANCZOS",
    "nearest-exact": "NEAREST",
}


def resampling(interpolation: str) -> Any:
    """Pillow's constant for a mode."""
    return getattr(Image.Resampling, _MODES[interpolation])


def get_dimensions(img: Any) -> list[int]:
    return [len(img.getbands()), img.height, img.width]


def hflip(img: Any) -> Any:
    return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def vflip(img: Any) -> Any:
    return img.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    return img.crop((left, top, left + width, top + height))


def resize(img: Any, size: Sequence[int], interpolation: str = "bilinear") -> Any:
    return img.resize(tuple(size[::-1]), resampling(interpolation))


def fill_of(fill: Any, img: Any, name: str = "fillcolor") -> dict[str, Any]:
    """The colour of what lies outside, as many numbers as the image has channels, as the argument `name`.

    Raises:
        ValueError: for another number of them.
    """
    channels = len(img.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, (int, float)) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, (list, tuple)):
        if len(fill) == 1:
            fill = tuple(fill) * channels
        elif len(fill) != channels:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
        fill = tuple(fill)
    if img.mode != "F":
        fill = tuple(int(x) for x in fill) if isinstance(fill, tuple) else int(fill)
    if isinstance(fill, tuple) and channels == 1:
        fill = fill[0]
    return {name: fill}


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    if not isinstance(padding, (int, float, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if fill is not None and not isinstance(fill, (int, float, str, tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    sides = parse_padding(padding if not isinstance(padding, float) else int(padding))
    if padding_mode == "constant":
        colour = {"fill": fill} if isinstance(fill, str) else fill_of(fill, img, "fill")
        return _kept_palette(img, lambda image: ImageOps.expand(image, sides, **colour))
    left, top, right, bottom = (max(side, 0) for side in sides)
    cut = [max(-side, 0) for side in sides]
    img = img.crop((cut[0], cut[1], img.width - cut[2], img.height - cut[3])) if any(cut) else img

    def widened(image: Any) -> Any:
        array = np.asarray(image)
        widths = ((top, bottom), (left, right), (0, 0))[: array.ndim]
        return Image.fromarray(np.pad(array, widths, padding_mode))  # type: ignore[call-overload]  # one of numpy's modes

    return _kept_palette(img, widened)


def _kept_palette(img: Any, change: Any) -> Any:
    if img.mode != "P":
        return change(img)
    palette = img.getpalette()
    changed = change(img)
    changed.putpalette(palette)
    return changed


def affine(img: Any, matrix: Sequence[float], interpolation: str = "nearest", fill: Any = None) -> Any:
    return img.transform(img.size, Image.Transform.AFFINE, matrix, resampling(interpolation), **fill_of(fill, img))


def rotate(
    img: Any, angle: float, interpolation: str = "nearest", expand: bool = False, center: Any = None, fill: Any = None
) -> Any:
    return img.rotate(angle, resampling(interpolation), expand, center, **fill_of(fill, img))


def perspective(img: Any, coefficients: Sequence[float], interpolation: str = "bicubic", fill: Any = None) -> Any:
    return img.transform(img.size, Image.Transform.PERSPECTIVE, coefficients, resampling(interpolation), **fill_of(fill, img))


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = img.convert("L")
    return gray if num_output_channels == 1 else Image.merge("RGB", (gray, gray, gray))


def adjust_brightness(img: Any, factor: float) -> Any:
    return ImageEnhance.Brightness(img).enhance(factor)


def adjust_contrast(img: Any, factor: float) -> Any:
    return ImageEnhance.Contrast(img).enhance(factor)


def adjust_saturation(img: Any, factor: float) -> Any:
    return ImageEnhance.Color(img).enhance(factor)


def adjust_sharpness(img: Any, factor: float) -> Any:
    return ImageEnhance.Sharpness(img).enhance(factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    mode = img.mode
    if mode in ("L", "1", "I", "F"):
        return img
    h, s, v = img.convert("HSV").split()
    shift = np.array(int(hue_factor * 255)).astype(np.uint8)  # the circle has 256 steps and wraps around
    turned = np.asarray(h) + shift
    return Image.merge("HSV", (Image.fromarray(turned), s, v)).convert(mode)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    mode = img.mode
    rgb = img.convert("RGB")
    table = [int((255 + 1 - 1e-3) * gain * (level / 255.0) ** gamma) for level in range(256)] * 3
    return rgb.point(table).convert(mode)


def invert(img: Any) -> Any:
    return ImageOps.invert(img)


def posterize(img: Any, bits: int) -> Any:
    return ImageOps.posterize(img, bits)


def solarize(img: Any, threshold: float) -> Any:
    return ImageOps.solarize(img, threshold)


def autocontrast(img: Any) -> Any:
    return ImageOps.autocontrast(img)


def equalize(img: Any) -> Any:
    return ImageOps.equalize(img)

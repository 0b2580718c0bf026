"""`torchvision.utils`: images next to each other, in files, and drawn upon."""

from __future__ import annotations

import collections.abc
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.vision._pillow import Image, ImageColor, ImageDraw, ImageFont
from torchlike.vision.transforms._arrays import made

__all__ = ["draw_bounding_boxes", "draw_segmentation_masks", "make_grid", "save_image"]


def _numbers(x: Any) -> np.ndarray:
    return x.detach()._read().numpy()


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images (B, C, H, W), or a list of (C, H, W), next to each other as one (C, H', W'). One channel becomes three.

    Args:
        nrow: images in a row. padding: pixels between, of the value `pad_value`.
        normalize: scale to [0, 1], from `value_range` or from the smallest and largest value; of each image with `scale_each`.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(tensor, Tensor) and not (isinstance(tensor, list) and all(isinstance(t, Tensor) for t in tensor)):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    images = np.stack([_numbers(t) for t in tensor]) if isinstance(tensor, list) else _numbers(tensor)
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.shape[1] == 1:
        images = np.repeat(images, 3, 1)
    if normalize:
        images = _normalized(images, value_range, scale_each)
    if len(images) == 1:
        return made(np.array(images[0]))
    count, channels, h, w = images.shape
    columns = min(nrow, count)
    rows = -(-count // columns)
    h, w = h + padding, w + padding
    grid = np.full((channels, h * rows + padding, w * columns + padding), pad_value, images.dtype)
    for k, image in enumerate(images):
        top, left = k // columns * h + padding, k % columns * w + padding
        grid[:, top : top + h - padding, left : left + w - padding] = image
    return made(grid)


def _normalized(images: np.ndarray, value_range: Any, scale_each: bool) -> np.ndarray:
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")

    def scaled(x: np.ndarray) -> np.ndarray:
        low, high = (float(v) for v in (value_range or (x.min(), x.max())))
        return (np.clip(x, low, high) - low) / max(high - low, 1e-5)

    return np.stack([scaled(image) for image in images]) if scale_each else scaled(images)


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """`make_grid` of images with values in [0, 1], into a file or file object. `kwargs` are those of `make_grid`."""
    grid = _numbers(make_grid(tensor, **kwargs))
    pixels = np.clip(grid * 255 + 0.5, 0, 255).transpose(1, 2, 0).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(pixels)).save(fp, format=format)


# ---- drawing ----------------------------------------------------------------------------------------------------


def _colour(colour: Any) -> tuple[int, ...]:
    return ImageColor.getrgb(colour) if isinstance(colour, str) else tuple(colour)


def _colours(colors: Any, count: int) -> list[tuple[int, ...]]:
    """One colour for each object, from None (a palette), one colour, or a list of them."""
    if colors is None:
        steps = (2**25 - 1, 2**15 - 1, 2**21 - 1)
        return [tuple(i * step % 255 for step in steps) for i in range(count)]
    if isinstance(colors, list):
        if len(colors) < count:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {count}."
            )
        return [_colour(c) for c in colors[:count]]
    if not isinstance(colors, (str, tuple)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    return [_colour(colors)] * count


def _drawable(image: Any) -> np.ndarray:
    """(H, W, 3) bytes. Raises TypeError and ValueError for what is no image."""
    if not isinstance(image, Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if not (image.dtype == dtypes.uint8 or image.dtype.is_floating_point):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.ndim != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in (1, 3):
        raise ValueError("Only grayscale and RGB images are supported")
    array = _numbers(image)
    if array.dtype != np.uint8:
        array = (array * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(array, (3, *array.shape[1:])).transpose(1, 2, 0))


def _given_back(pixels: Any, image: Tensor) -> Tensor:
    array = np.ascontiguousarray(np.asarray(pixels).transpose(2, 0, 1))
    if not image.dtype.is_floating_point:
        return made(array)
    return made((array / np.float32(255)).astype(image.dtype.np))


def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Sequence[str | None] | None = None,
    colors: Any = None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors: Any = None,
) -> Tensor:
    """Boxes (N, 4), x1, y1, x2, y2 in pixels, drawn on an image (C, H, W) of bytes or of floats in [0, 1].

    Args:
        labels: a text for each box. font, font_size: a TrueType font's file, and its size.
        colors, label_colors: one colour (a name or three bytes) or a list of them.
        fill: also paint the boxes' insides, lightly. width: of the lines.

    Raises:
        TypeError, ValueError: for what is no image, impossible boxes, and too few labels or colours.
    """
    pixels = _drawable(image)
    corners = _numbers(boxes)
    if len(corners) == 0:
        return image
    if (corners[:, 0] > corners[:, 2]).any() or (corners[:, 1] > corners[:, 3]).any():
        raise ValueError("Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them")
    texts: list[str | None] = [None] * len(corners) if labels is None else list(labels)
    if len(texts) != len(corners):
        raise ValueError(
            f"The number of boxes ({len(corners)}) and labels ({len(texts)}) mismatch. Please specify labels for each box."
        )
    colours = _colours(colors, len(corners))
    of_labels = _colours(label_colors, len(corners)) if label_colors else list(colours)
    canvas = Image.fromarray(pixels)
    draw = ImageDraw.Draw(canvas, "RGBA") if fill else ImageDraw.Draw(canvas)
    letters = ImageFont.load_default() if font is None else ImageFont.truetype(font=font, size=font_size or 10)
    for box, colour, text, of_text in zip(corners.astype(np.int64).tolist(), colours, texts, of_labels, strict=True):
        draw.rectangle(box, width=width, outline=colour, fill=(*colour, 100) if fill else None)
        if text is not None:
            draw.text((box[0] + width + 1, box[1] + width + 1), text, fill=of_text, font=letters)
    return _given_back(canvas, image)


def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Any = None) -> Tensor:
    """Masks (N, H, W) or (H, W) of bool painted on an image (3, H, W): `alpha` 1 hides it. Overlaps are dark.

    Raises:
        TypeError, ValueError: for what is no image, and masks of another dtype or size.
    """
    pixels = _drawable(image)
    if image.shape[0] != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")
    if masks.ndim == 2:
        masks = masks[None]
    if masks.dtype != dtypes.bool_:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if tuple(masks.shape[-2:]) != tuple(image.shape[-2:]):
        raise ValueError("The image and the masks must have the same height and width")
    painted = pixels.copy()
    for mask, colour in zip(_numbers(masks), _colours(colors, len(masks)), strict=True):
        painted[mask] = colour
    painted[_numbers(masks).sum(0) > 1] = 0  # where masks overlap
    mixed = pixels * np.float32(1 - alpha) + painted * np.float32(alpha)
    return _given_back(mixed.astype(np.uint8), image)


def _make_ntuple(x: Any, n: int) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, collections.abc.Iterable) else (x,) * n


__getattr__ = absent("torchvision.utils")

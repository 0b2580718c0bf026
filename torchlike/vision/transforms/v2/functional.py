"""`torchvision.transforms.v2.functional`: of PIL images and tensors, and of masks and boxes that belong to them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import absent, missing
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision import tv_tensors
from torchlike.vision._pillow import is_image
from torchlike.vision.ops.boxes import box_convert
from torchlike.vision.transforms import _functional_tensor as F_t
from torchlike.vision.transforms import _geometry as geometry
from torchlike.vision.transforms import functional as F
from torchlike.vision.transforms._arguments import InterpolationMode, wanted_size
from torchlike.vision.transforms._arrays import made
from torchlike.vision.transforms._conversion import _channels_first
from torchlike.vision.transforms.functional import pil_to_tensor, to_pil_image, to_tensor
from torchlike.vision.tv_tensors import BoundingBoxes, Mask

__all__ = ["InterpolationMode", "pil_to_tensor", "to_pil_image", "to_tensor"]

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST


def mode(interpolation: Any) -> Any:
    """A mode, also from its name."""
    return InterpolationMode(interpolation.lower()) if isinstance(interpolation, str) else interpolation


def _exported(fn: Callable) -> Callable:
    __all__.append(fn.__name__)
    return fn


def _of_image(change: Callable) -> Callable:
    """A change of colours: masks and boxes stay as they are."""

    @functools.wraps(change)
    def call(inpt: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(inpt, (Mask, BoundingBoxes)):
            return inpt
        return tv_tensors.wrap(change(inpt, *args, **kwargs), like=inpt)

    return _exported(call)


for _name in (
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation", "adjust_sharpness",
    "autocontrast", "convert_image_dtype", "equalize", "erase", "gaussian_blur", "invert", "normalize", "posterize",
    "rgb_to_grayscale", "solarize",
):  # fmt: skip
    globals()[_name] = _of_image(getattr(F, _name))
to_grayscale = globals()["rgb_to_grayscale"]


# ---- what a sample is -------------------------------------------------------------------------------------------


@_exported
def get_size(inpt: Any) -> list[int]:
    """[height, width], of boxes that of their canvas."""
    return list(inpt.canvas_size) if isinstance(inpt, BoundingBoxes) else F.get_dimensions(inpt)[1:]


get_dimensions, get_num_channels = F.get_dimensions, F.get_image_num_channels
get_image_num_channels, get_image_size = F.get_image_num_channels, F.get_image_size


@_exported
def to_image(inpt: Any) -> Any:
    """A PIL image, array (H, W, C) or tensor as a `tv_tensors.Image`, its numbers as they are."""
    if isinstance(inpt, np.ndarray):
        inpt = made(_channels_first(np.array(inpt)))
    elif not is_image(inpt) and not isinstance(inpt, Tensor):
        raise TypeError(f"Input can either be a pure Tensor, a numpy array, or a PIL image, but got {type(inpt)} instead.")
    return tv_tensors.Image(inpt)


@_exported
def to_dtype(inpt: Tensor, dtype: Any = dtypes.float32, scale: bool = False) -> Tensor:
    """A tensor in another dtype; with `scale`, an image's range is scaled with it."""
    scaled = scale and not isinstance(inpt, (Mask, BoundingBoxes))
    return tv_tensors.wrap(F.convert_image_dtype(inpt, dtype) if scaled else inpt.to(dtype), like=inpt)


to_dtype_image = to_dtype


@_exported
def grayscale_to_rgb(inpt: Any) -> Any:
    """One channel repeated to three; an image of three as it is."""
    if is_image(inpt):
        return inpt if inpt.mode == "RGB" else inpt.convert("RGB")
    if isinstance(inpt, (Mask, BoundingBoxes)) or inpt.shape[-3] >= 3:
        return inpt
    return tv_tensors.wrap(inpt.expand(*inpt.shape[:-3], 3, *inpt.shape[-2:]), like=inpt)


@_exported
def permute_channels(inpt: Tensor, permutation: Sequence[int]) -> Any:
    """The channels of (..., C, H, W) in another order."""
    if len(permutation) != inpt.shape[-3]:
        raise ValueError(f"Length of permutation ({len(permutation)}) does not match the channels ({inpt.shape[-3]})")
    return tv_tensors.wrap(inpt[..., list(permutation), :, :], like=inpt)


# ---- places -----------------------------------------------------------------------------------------------------


def _plain_mask(mask: Tensor, change: Callable) -> Any:
    """A change of an image, of a mask (..., H, W)."""
    flat = mask.unsqueeze(0) if mask.ndim == 2 else mask
    out = change(flat)
    return tv_tensors.wrap(out.squeeze(0) if mask.ndim == 2 else out, like=mask)


def _moved(boxes: BoundingBoxes, change: Callable[[Tensor], Tensor], canvas: Sequence[int]) -> Any:
    """Boxes whose corners, x1, y1, x2, y2, are changed, brought inside their new canvas."""
    name = boxes.format.value.lower()
    corners = change(box_convert(boxes, name, "xyxy"))
    h, w = canvas
    x, y = corners[..., 0::2].clamp(0, w), corners[..., 1::2].clamp(0, h)
    inside = ops.stack([x, y], -1).reshape(*corners.shape)
    return tv_tensors.wrap(box_convert(inside, "xyxy", name).to(boxes.dtype), like=boxes, canvas_size=tuple(canvas))


def _shift(boxes: BoundingBoxes, dx: int, dy: int, canvas: Sequence[int]) -> Any:
    offset = np.array([dx, dy, dx, dy])
    return _moved(boxes, lambda c: c + made(offset).to(c.dtype), canvas)


@_exported
def horizontal_flip(inpt: Any) -> Any:
    """Left and right exchanged."""
    if isinstance(inpt, BoundingBoxes):
        w = inpt.canvas_size[1]
        return _moved(inpt, lambda c: ops.stack([w - c[:, 2], c[:, 1], w - c[:, 0], c[:, 3]], -1), inpt.canvas_size)
    return tv_tensors.wrap(F.hflip(inpt), like=inpt)


@_exported
def vertical_flip(inpt: Any) -> Any:
    """Top and bottom exchanged."""
    if isinstance(inpt, BoundingBoxes):
        h = inpt.canvas_size[0]
        return _moved(inpt, lambda c: ops.stack([c[:, 0], h - c[:, 3], c[:, 2], h - c[:, 1]], -1), inpt.canvas_size)
    return tv_tensors.wrap(F.vflip(inpt), like=inpt)


hflip, vflip = horizontal_flip, vertical_flip


@_exported
def resize(
    inpt: Any, size: Any, interpolation: Any = _BILINEAR, max_size: int | None = None, antialias: bool | None = True
) -> Any:
    """As `torchvision.transforms.functional.resize`; bytes of tensors are resized as bytes, masks to the nearest."""
    have = get_size(inpt)
    out = geometry.output_size((have[0], have[1]), wanted_size(size, max_size), max_size, allow_size_none=True)
    if out == have:
        return inpt
    if isinstance(inpt, BoundingBoxes):
        scale = np.array([out[1] / have[1], out[0] / have[0]] * 2, np.float32)
        return _moved(inpt, lambda c: c * made(scale), out)
    if isinstance(inpt, Mask):
        return _plain_mask(inpt, lambda x: F_t.resize(x, out, "nearest"))
    if not isinstance(inpt, Tensor):
        return F.resize(inpt, out, mode(interpolation), antialias=antialias)
    return tv_tensors.wrap(F_t.resize(inpt, out, mode(interpolation).value, antialias, exact=True), like=inpt)


@_exported
def crop(inpt: Any, top: int, left: int, height: int, width: int) -> Any:
    """A rectangle; boxes are cut to it."""
    if isinstance(inpt, BoundingBoxes):
        return _shift(inpt, -left, -top, (height, width))
    return tv_tensors.wrap(F.crop(inpt, top, left, height, width), like=inpt)


@_exported
def pad(inpt: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """More pixels on each side."""
    if isinstance(inpt, BoundingBoxes):
        left, top, right, bottom = F_t.parse_padding(padding)
        h, w = inpt.canvas_size
        return _shift(inpt, left, top, (h + top + bottom, w + left + right))
    fill = 0 if fill is None else fill
    if isinstance(inpt, Mask):
        return _plain_mask(inpt, lambda x: F.pad(x, padding, fill, padding_mode))
    return tv_tensors.wrap(F.pad(inpt, padding, fill, padding_mode), like=inpt)


@_exported
def center_crop(inpt: Any, output_size: Any) -> Any:
    """The middle (height, width), padded with 0 where that is larger."""
    if not isinstance(inpt, BoundingBoxes):
        return tv_tensors.wrap(F.center_crop(inpt, output_size), like=inpt)
    h, w = inpt.canvas_size
    ch, cw = F._pair(output_size)
    top = round((h - ch) / 2.0) if ch <= h else -((ch - h) // 2)
    left = round((w - cw) / 2.0) if cw <= w else -((cw - w) // 2)
    return crop(inpt, top, left, ch, cw)


@_exported
def resized_crop(
    inpt: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = _BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`."""
    return resize(crop(inpt, top, left, height, width), size, interpolation, antialias=antialias)


def _warped(name: str, change: Callable) -> Callable:
    """A map of places; masks keep their classes, boxes are not done yet."""

    @functools.wraps(change)
    def call(inpt: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(inpt, BoundingBoxes):
            raise missing(f"torchvision.transforms.v2.functional.{name} of bounding boxes")
        if "interpolation" in kwargs:
            kwargs["interpolation"] = mode(kwargs["interpolation"])
        if isinstance(inpt, Mask):
            return _plain_mask(inpt, lambda x: change(x, *args, **{**kwargs, "interpolation": _NEAREST}))
        return tv_tensors.wrap(change(inpt, *args, **kwargs), like=inpt)

    return _exported(call)


affine, rotate, perspective = (_warped(name, getattr(F, name)) for name in ("affine", "rotate", "perspective"))
elastic = elastic_transform = _warped("elastic", F.elastic_transform)


@_exported
def five_crop(inpt: Any, size: Any) -> tuple[Any, ...]:
    """The corners and the middle."""
    return tuple(tv_tensors.wrap(part, like=inpt) for part in F.five_crop(inpt, size))


@_exported
def ten_crop(inpt: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """Five crops of the image and of the flipped image."""
    return tuple(tv_tensors.wrap(part, like=inpt) for part in F.ten_crop(inpt, size, vertical_flip))


__getattr__ = absent("torchvision.transforms.v2.functional")

"""`torchvision.transforms.functional`: transforms without randomness, of PIL images and of tensors (..., C, H, W)."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms import _functional_pil as F_pil
from torchlike.vision.transforms import _functional_tensor as F_t
from torchlike.vision.transforms import _geometry as geometry
from torchlike.vision.transforms._arguments import InterpolationMode, check_affine, mode_from, mode_of, wanted_size
from torchlike.vision.transforms._conversion import pil_to_tensor, to_pil_image, to_tensor

__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "adjust_sharpness", "affine", "autocontrast", "center_crop", "convert_image_dtype", "crop", "elastic_transform",
    "equalize", "erase", "five_crop", "gaussian_blur", "get_dimensions", "get_image_num_channels", "get_image_size", "hflip",
    "invert", "normalize", "pad", "perspective", "pil_to_tensor", "posterize", "resize", "resized_crop", "rgb_to_grayscale",
    "rotate", "solarize", "ten_crop", "to_grayscale", "to_pil_image", "to_tensor", "vflip",
]  # fmt: skip


def _interpolation_modes_from_int(i: int) -> InterpolationMode:
    return mode_from(i)


def _both(name: str) -> Callable[..., Any]:
    """The function of this name, of Pillow's images or of tensors."""
    of_tensor, of_image = getattr(F_t, name), getattr(F_pil, name)

    def call(img: Any, *args: Any, **options: Any) -> Any:
        if isinstance(img, Tensor):
            return of_tensor(img, *args, **options)
        if not is_image(img):
            raise TypeError(f"Unexpected type {type(img)}")
        return of_image(img, *args, **options)

    return call


_dimensions, _hflip, _vflip, _crop, _pad, _affine, _perspective = map(
    _both, ("get_dimensions", "hflip", "vflip", "crop", "pad", "affine", "perspective")
)
_brightness, _contrast, _saturation, _sharpness, _hue, _gamma = map(
    _both,
    ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_sharpness", "adjust_hue", "adjust_gamma"),
)
_posterize, _solarize, _invert, _autocontrast, _equalize = map(
    _both, ("posterize", "solarize", "invert", "autocontrast", "equalize")
)


# ---- what an image is -------------------------------------------------------------------------------------------


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width]."""
    return _dimensions(img)


def get_image_size(img: Any) -> list[int]:
    """[width, height]."""
    return _dimensions(img)[:0:-1]


def get_image_num_channels(img: Any) -> int:
    """How many channels there are."""
    return _dimensions(img)[0]


def convert_image_dtype(image: Tensor, dtype: Any = dtypes.float32) -> Tensor:
    """An image tensor in another dtype, its range (0..1 of floats, 0 to the largest integer) scaled with it.

    Raises:
        RuntimeError: from a float dtype to integers too wide for it. TypeError: for what is no tensor.
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    return F_t.convert_image_dtype(image, dtype)


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """`(tensor - mean) / std`, each per channel, of floats (..., C, H, W).

    Raises:
        TypeError: for what is no float tensor. ValueError: for a std of 0.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return F_t.normalize(tensor, mean, std, inplace)


# ---- places -----------------------------------------------------------------------------------------------------


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: Any = True,
) -> Any:
    """Resize to (height, width), or so that the smaller edge is `size` and the larger at most `max_size`.

    Args:
        antialias: filter while making smaller. Pillow always does.

    Raises:
        ValueError: for a `max_size` together with both edges, or one that does not exceed `size`.
    """
    mode = mode_of(interpolation)
    wanted = wanted_size(size, max_size)
    _, height, width = get_dimensions(img)
    out = geometry.output_size((height, width), wanted, max_size, allow_size_none=True)
    if out == [height, width]:
        return img
    if not isinstance(img, Tensor):
        if antialias is False:
            warnings.warn(
                "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=2
            )
        return F_pil.resize(img, out, mode)
    return F_t.resize(img, out, mode, antialias)


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Pad by one number for all sides, two (left and right, top and bottom), or four (left, top, right, bottom).

    Args:
        padding_mode: "constant" (filled with `fill`), "edge", "reflect" or "symmetric".
    """
    return _pad(img, padding, fill, padding_mode)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """A rectangle of the image; what lies outside is 0."""
    return _crop(img, top, left, height, width)


def _pair(size: Any) -> tuple[int, int]:
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]  # a number is whole here
    return (int(size[0]), int(size[0])) if len(size) == 1 else (int(size[0]), int(size[1]))


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle (height, width) of the image, padded with 0 where that is larger."""
    ch, cw = _pair(output_size)
    _, h, w = get_dimensions(img)
    if cw > w or ch > h:
        dx, dy = max(cw - w, 0), max(ch - h, 0)
        img = pad(img, [dx // 2, dy // 2, (dx + 1) // 2, (dy + 1) // 2], fill=0)
        _, h, w = get_dimensions(img)
        if cw == w and ch == h:
            return img
    return crop(img, round((h - ch) / 2.0), round((w - cw) / 2.0), ch, cw)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: Any = True,
) -> Any:
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img: Any) -> Any:
    """The image with left and right exchanged."""
    return _hflip(img)


def vflip(img: Any) -> Any:
    """The image with top and bottom exchanged."""
    return _vflip(img)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners (top left, top right, bottom left, bottom right) and the middle, each (height, width).

    Raises:
        ValueError: where the image is smaller.
    """
    if not isinstance(size, numbers.Number) and len(size) > 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    ch, cw = _pair(size)
    _, h, w = get_dimensions(img)
    if cw > w or ch > h:
        raise ValueError(f"Requested crop size {(ch, cw)} is bigger than input size {(h, w)}")
    corners = [crop(img, top, left, ch, cw) for top in (0, h - ch) for left in (0, w - cw)]
    return (*corners, center_crop(img, [ch, cw]))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image and of the flipped image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def _get_inverse_affine_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
    inverted: bool = True,
) -> list[float]:
    return geometry.inverse_affine_matrix(center, angle, translate, scale, shear, inverted)


def _from_middle(center: Any, img: Any) -> list[float]:
    """A place in pixels as its distance from the middle of the image."""
    if center is None:
        return [0.0, 0.0]
    return [1.0 * (c - s * 0.5) for c, s in zip(center, get_image_size(img), strict=True)]


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Any = None,
    fill: Any = None,
) -> Any:
    """Turn counter-clockwise by `angle` degrees around `center` (x, y in pixels; the middle by default).

    Args:
        expand: make the result large enough for the whole image.
        fill: the colour of what lies outside.
    """
    mode = mode_of(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    if not isinstance(img, Tensor):
        return F_pil.rotate(img, angle, mode, expand, center, fill)
    matrix = geometry.inverse_affine_matrix(_from_middle(center, img), -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    return F_t.rotate(img, matrix, mode, expand, fill)


def affine(
    img: Any,
    angle: float,
    translate: Any,
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Any = None,
) -> Any:
    """Turn (clockwise, in degrees), shift (pixels), scale and shear (degrees) around `center`, keeping the image's size."""
    mode = mode_of(interpolation)
    shear = check_affine(angle, translate, scale, shear)
    if isinstance(img, Tensor):
        middle = _from_middle(center, img)
    else:
        middle = list(center) if center is not None else [s * 0.5 for s in get_image_size(img)]
    return _affine(img, geometry.inverse_affine_matrix(middle, float(angle), translate, scale, shear), mode, fill)


def _get_perspective_coeffs(startpoints: Any, endpoints: Any) -> list[float]:
    return geometry.perspective_coefficients(startpoints, endpoints)


def perspective(
    img: Any,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:
    """The image seen so that four points [x, y] of it come to lie at four others."""
    coefficients = geometry.perspective_coefficients(startpoints, endpoints)
    return _perspective(img, coefficients, mode_of(interpolation), fill)


def elastic_transform(img: Any, displacement: Tensor, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None) -> Any:
    """Each pixel looked up elsewhere: `displacement` (1, H, W, 2) is in halves of the image's size, x first."""
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    _, h, w = get_dimensions(img)
    if tuple(displacement.shape) != (1, h, w, 2):
        raise ValueError(f"Argument displacement shape should be {(1, h, w, 2)}, but given {displacement.shape}")
    return _through_tensor(img, lambda x: F_t.elastic_transform(x, displacement, mode_of(interpolation), fill))


def _through_tensor(img: Any, change: Callable) -> Any:
    """Change an image of Pillow's as a tensor, there and back."""
    if isinstance(img, Tensor):
        return change(img)
    if not is_image(img):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
    return to_pil_image(change(pil_to_tensor(img)), mode=img.mode)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """A tensor with the rectangle at row i and column j, (h, w), set to `v`."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    return F_t.erase(img, i, j, h, w, v, inplace)


# ---- colours ----------------------------------------------------------------------------------------------------


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """A PIL image in shades of gray, in one or three channels."""
    if not is_image(img):
        raise TypeError("Input should be PIL Image")
    return F_pil.to_grayscale(img, num_output_channels)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """An image in shades of gray, in one or three channels."""
    if not isinstance(img, Tensor):
        return to_grayscale(img, num_output_channels)
    return F_t.rgb_to_grayscale(img, num_output_channels)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The hues turned by `hue_factor` of the circle, in [-0.5, 0.5]. Raises ValueError outside."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return _hue(img, hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """`gain * img ** gamma`, of values in 0..1. Raises ValueError for a negative gamma."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _gamma(img, gamma, gain)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Lighter or darker: 0 is black, 1 the image itself, 2 twice as bright."""
    return _brightness(img, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """More or less contrast: 0 is even gray, 1 the image itself."""
    return _contrast(img, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """More or less colour: 0 is gray, 1 the image itself."""
    return _saturation(img, saturation_factor)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """More or less sharp: 0 is blurred, 1 the image itself."""
    return _sharpness(img, sharpness_factor)


def posterize(img: Any, bits: int) -> Any:
    """Only the `bits` highest bits of each byte."""
    return _posterize(img, bits)


def solarize(img: Any, threshold: float) -> Any:
    """Values at or above `threshold` inverted."""
    return _solarize(img, threshold)


def invert(img: Any) -> Any:
    """The negative of the image."""
    return _invert(img)


def autocontrast(img: Any) -> Any:
    """Each channel stretched so that its darkest value is 0 and its lightest the largest."""
    return _autocontrast(img)


def equalize(img: Any) -> Any:
    """Each channel's histogram made even; bytes only."""
    return _equalize(img)


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Blur by a bell curve.

    Args:
        kernel_size: how many pixels are looked at, odd; one number or (x, y).
        sigma: the curve's standard deviation in pixels; one number or (x, y). Follows from the size by default.

    Raises:
        ValueError: for even sizes, and deviations that are not positive.
    """
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    if any(n % 2 == 0 or n < 0 for n in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigma = [n * 0.15 + 0.35 for n in sizes]
    deviations = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else [float(s) for s in sigma]
    deviations = deviations * 2 if len(deviations) == 1 else deviations
    if len(deviations) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(deviations)}")
    if any(s <= 0.0 for s in deviations):
        raise ValueError(f"sigma should have positive values. Got {deviations}")
    return _through_tensor(img, lambda x: F_t.gaussian_blur(x, sizes, deviations))


def _is_numpy(img: Any) -> bool:
    return isinstance(img, np.ndarray)


def _is_numpy_image(img: Any) -> bool:
    return img.ndim in (2, 3)


_is_pil_image = is_image

__getattr__ = absent("torchvision.transforms.functional")

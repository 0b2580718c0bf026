"""`torchvision.transforms.v2.functional`: those of `transforms.functional`, and what only v2 has, of PIL images and tensors."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms.functional import (
    InterpolationMode,
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    affine,
    autocontrast,
    center_crop,
    convert_image_dtype,
    crop,
    equalize,
    erase,
    five_crop,
    gaussian_blur,
    get_dimensions,
    invert,
    normalize,
    pad,
    perspective,
    pil_to_tensor,
    posterize,
    resize,
    resized_crop,
    rgb_to_grayscale,
    rotate,
    solarize,
    ten_crop,
    to_grayscale,
    to_pil_image,
    to_tensor,
)
from torchlike.vision.transforms.functional import hflip as horizontal_flip
from torchlike.vision.transforms.functional import vflip as vertical_flip

__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "adjust_sharpness", "affine", "autocontrast", "center_crop", "convert_image_dtype", "crop", "equalize", "erase",
    "five_crop", "gaussian_blur", "get_dimensions", "get_num_channels", "get_size", "grayscale_to_rgb", "hflip",
    "horizontal_flip", "invert", "normalize", "pad", "permute_channels", "perspective", "pil_to_tensor", "posterize",
    "resize", "resized_crop", "rgb_to_grayscale", "rotate", "solarize", "ten_crop", "to_dtype", "to_dtype_image",
    "to_grayscale", "to_image", "to_pil_image", "to_tensor", "vertical_flip", "vflip",
]  # fmt: skip

hflip, vflip = horizontal_flip, vertical_flip


def get_size(inpt: Any) -> list[int]:
    """Height and width."""
    return get_dimensions(inpt)[1:]


def get_num_channels(inpt: Any) -> int:
    """How many channels."""
    return get_dimensions(inpt)[0]


def to_image(inpt: Any) -> Tensor:
    """A PIL image or array (H, W, C) as a tensor (C, H, W) of its dtype (torchvision: of its class Image)."""
    if isinstance(inpt, Tensor):
        return inpt
    if is_image(inpt):
        return pil_to_tensor(inpt)
    from torchlike.tensor.from_data import from_numpy

    made = from_numpy(inpt)
    return (made.unsqueeze(-1) if made.ndim == 2 else made).permute(2, 0, 1).contiguous()


def to_dtype(inpt: Tensor, dtype: Any = dtypes.float32, scale: bool = False) -> Tensor:
    """In another dtype; with `scale` its range is stretched to that dtype's (0 to 1 for floats, 0 to 255 for uint8)."""
    return convert_image_dtype(inpt, dtype) if scale else inpt.to(dtype)


to_dtype_image = to_dtype


def grayscale_to_rgb(inpt: Any) -> Any:
    """One channel repeated to three; an image of three as it is."""
    if is_image(inpt):
        return inpt if inpt.mode == "RGB" else inpt.convert("RGB")
    return inpt if inpt.shape[-3] >= 3 else inpt.expand(*inpt.shape[:-3], 3, *inpt.shape[-2:])


def permute_channels(inpt: Tensor, permutation: list[int]) -> Tensor:
    """The channels of (..., C, H, W) in another order.

    Raises:
        ValueError: if there are not as many channels.
    """
    if inpt.shape[-3] != len(permutation):
        raise ValueError(f"Length of permutation does not match number of channels: {len(permutation)} != {inpt.shape[-3]}")
    return inpt[..., permutation, :, :]


__getattr__ = absent("torchvision.transforms.v2.functional")

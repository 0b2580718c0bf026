"""Transforms of image tensors (..., C, H, W), alone or in batches. `functional` chooses between this and Pillow."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.nn.functional import interpolate
from torchlike.ops.interpolate import in_16_bits, weights_of
from torchlike.tensor import Tensor
from torchlike.vision.transforms import _geometry as geometry
from torchlike.vision.transforms import _kernels as kernels
from torchlike.vision.transforms._arrays import host_array, made, run

_INTEGERS = (dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)


def assert_image(img: Any) -> None:
    """Raises TypeError for what is no tensor of two dimensions at least."""
    if not (isinstance(img, Tensor) and img.ndim >= 2):
        raise TypeError("Tensor is not a torch image.")


def assert_channels(img: Tensor, permitted: Sequence[int]) -> None:
    """Raises TypeError for another number of channels."""
    found = get_dimensions(img)[0]
    if found not in permitted:
        raise TypeError(f"Input image tensor permitted channel values are {list(permitted)}, but found {found}")


def get_dimensions(img: Tensor) -> list[int]:
    assert_image(img)
    return [1 if img.ndim == 2 else img.shape[-3], *img.shape[-2:]]


def convert_image_dtype(image: Tensor, dtype: Any = dtypes.float32) -> Tensor:
    if image.dtype == dtype:
        return image
    if (image.dtype == dtypes.float32 and dtype in (dtypes.int32, dtypes.int64)) or (
        image.dtype == dtypes.float64 and dtype == dtypes.int64
    ):
        raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    if host_array(image) is None and 8 in (dtype.itemsize, image.dtype.itemsize):
        return _converted(image, dtype)
    return run(kernels.convert, image, dtype=dtype.np)


def _converted(image: Tensor, dtype: Any) -> Tensor:
    """`kernels.convert` in operations of tensors, for dtypes of 64 bits on a device."""
    have, to = (kernels.bound(kind.np) for kind in (image.dtype, dtype))
    if image.dtype.is_floating_point:
        return image.to(dtype) if dtype.is_floating_point else (image * (to + 1.0 - 1e-3)).to(dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / have
    if have > to:
        return (image // int((have + 1) // (to + 1))).to(dtype)
    return image.to(dtype) * int((to + 1) // (have + 1))


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    assert_image(tensor)
    if not tensor.dtype.is_floating_point:
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.shape}")
    low, by = _per_channel(mean, tensor.dtype.np), _per_channel(std, tensor.dtype.np)
    if isinstance(by, np.ndarray) and not by.all():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    done = run(kernels.normalize, tensor, low, by)
    return tensor.copy_(done) if inplace else done


def _per_channel(numbers: Any, dtype: Any) -> Any:
    if isinstance(numbers, Tensor):
        return numbers.reshape(-1, 1, 1) if numbers.ndim == 1 else numbers
    return _column(tuple(numbers) if isinstance(numbers, Sequence) else (numbers,), dtype)


@functools.lru_cache(64)
def _column(numbers: tuple, dtype: Any) -> np.ndarray:
    return np.asarray(numbers, dtype).reshape(-1, 1, 1)


# ---- places -----------------------------------------------------------------------------------------------------


def hflip(img: Tensor) -> Tensor:
    assert_image(img)
    return run(kernels.flip, img, axis=-1)


def vflip(img: Tensor) -> Tensor:
    assert_image(img)
    return run(kernels.flip, img, axis=-2)


def crop(img: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    _, h, w = get_dimensions(img)
    right, bottom = left + width, top + height
    if left < 0 or top < 0 or right > w or bottom > h:
        sides = (max(-left + min(0, right), 0), max(-top + min(0, bottom), 0))
        inner = img[..., max(top, 0) : bottom, max(left, 0) : right]
        return pad(inner, [*sides, max(right - max(w, left), 0), max(bottom - max(h, top), 0)])
    return img[..., top:bottom, left:right]


def pad(img: Tensor, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Tensor:
    assert_image(img)
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    sides = parse_padding(padding)
    if isinstance(fill, (tuple, list)):
        fill = fill[0] if len(fill) == 1 else np.asarray(fill, np.float32).reshape(-1, 1, 1)
    return run(kernels.pad, img, 0 if fill is None else fill, sides=sides, mode=padding_mode)


def parse_padding(padding: Any) -> tuple[int, int, int, int]:
    """Left, top, right, bottom from one, two or four numbers."""
    given = [padding] if isinstance(padding, int) else list(padding)
    if len(given) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(given)} element tuple")
    left, top, right, bottom = given * (4 // len(given))
    return int(left), int(top), int(right), int(bottom)


@functools.lru_cache(256)
def _weights(size: int, out: int, mode: str, antialias: bool, dtype: Any) -> Any:
    made_ = weights_of(size, out, mode, antialias)
    return in_16_bits(made_) if dtype == np.uint8 else (made_.astype(dtype), 0)


def _resized_bytes(array: np.ndarray, size: Sequence[int], mode: str, antialias: bool) -> np.ndarray:
    """As torch's kernel for bytes: exact sums (in float64, whose whole numbers reach far enough), rounded after each edge."""
    for axis in (-1, -2):
        have, out = array.shape[axis], size[axis]
        if have != out:
            whole, bits = _weights(have, out, mode, antialias, np.dtype(np.uint8))
            total = kernels.weighted(np, array.astype(np.float64), axis=axis, weights=whole.astype(np.float64))
            array = np.clip((total.astype(np.int64) + (1 << (bits - 1))) >> bits, 0, 255).astype(np.uint8)
    return array


def resize(
    img: Tensor, size: Sequence[int], interpolation: str = "bilinear", antialias: Any = True, exact: bool = False
) -> Tensor:
    """Resize to (height, width). With `exact`, bytes are resized as bytes, as torchvision's v2 does; else as float32."""
    assert_image(img)
    mode, antialias = interpolation, bool(antialias) and interpolation in ("bilinear", "bicubic")
    if mode not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        raise ValueError("This interpolation mode is unsupported with Tensor input")
    array = host_array(img)
    size = tuple(int(s) for s in size)
    if array is not None and mode not in ("nearest", "nearest-exact"):
        return made(_resized_on_host(array, size, mode, antialias, exact))
    kind = img.dtype
    in_bytes = (exact and kind == dtypes.uint8) or mode.startswith("nearest")
    given = img if in_bytes or kind.is_floating_point else img.float()
    batch = given.reshape(-1, *img.shape[-3:]) if img.ndim != 2 else given.reshape(1, 1, *img.shape)
    out = interpolate(
        batch, list(size), mode=mode, align_corners=False if mode in ("bilinear", "bicubic") else None, antialias=antialias
    )
    out = out.reshape(*img.shape[:-2], *size)
    return out if out.dtype == kind else _rounded(out, kind)


def _rounded(out: Tensor, kind: Any) -> Tensor:
    out = out.round()
    return (out.clamp(0, 255) if kind == dtypes.uint8 else out).to(kind)


def _resized_on_host(array: np.ndarray, size: tuple[int, ...], mode: str, antialias: bool, exact: bool) -> np.ndarray:
    if exact and array.dtype == np.uint8:
        return np.ascontiguousarray(_resized_bytes(array, size, mode, antialias))
    real = kernels.wide(np, array)
    for axis in (-1, -2):
        have, out = array.shape[axis], size[axis]
        if have != out or mode == "bicubic":
            real = kernels.weighted(np, real, axis=axis, weights=_weights(have, out, mode, antialias, real.dtype)[0])
    if array.dtype == np.uint8:
        real = np.clip(real, 0, 255)
    return np.ascontiguousarray(kernels.rounded(np, real, array.dtype))


def _sampled(img: Tensor, grid: np.ndarray, interpolation: str, fill: Any) -> Tensor:
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"Resampling mode '{interpolation}' is unsupported with Tensor input")
    if isinstance(fill, (int, float)):
        fill = [float(fill)]
    if fill is not None and len(fill) not in (1, img.shape[-3]):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fill)} != {img.shape[-3]})"
        )
    numbers = (grid,) if fill is None else (grid, np.asarray(fill, np.float32))
    return run(kernels.sample, img, *numbers, mode=interpolation)


def affine(img: Tensor, matrix: Sequence[float], interpolation: str = "nearest", fill: Any = None) -> Tensor:
    _, h, w = get_dimensions(img)
    return _sampled(img, geometry.affine_grid(matrix, w, h, w, h), interpolation, fill)


def rotate(
    img: Tensor, matrix: Sequence[float], interpolation: str = "nearest", expand: bool = False, fill: Any = None
) -> Tensor:
    _, h, w = get_dimensions(img)
    ow, oh = geometry.affine_output_size(matrix, w, h) if expand else (w, h)
    return _sampled(img, geometry.affine_grid(matrix, w, h, ow, oh), interpolation, fill)


def perspective(img: Tensor, coefficients: Sequence[float], interpolation: str = "bilinear", fill: Any = None) -> Tensor:
    _, h, w = get_dimensions(img)
    return _sampled(img, geometry.perspective_grid(coefficients, w, h), interpolation, fill)


def elastic_transform(img: Tensor, displacement: Any, interpolation: str = "bilinear", fill: Any = None) -> Tensor:
    _, h, w = get_dimensions(img)
    base = np.stack(
        np.meshgrid(*(np.linspace((-n + 1) / n, (n - 1) / n, n, dtype=np.float32) for n in (w, h)), indexing="xy"), -1
    )  # (H, W, 2)
    moved = displacement._read().numpy() if isinstance(displacement, Tensor) else np.asarray(displacement)
    grid = np.moveaxis(base + moved.reshape(h, w, 2).astype(np.float32), -1, 0)
    return _sampled(img, np.ascontiguousarray(grid), interpolation, fill)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    assert_image(img)
    done = run(kernels.erase, img, v, box=(i, j, h, w))
    return img.copy_(done) if inplace else done


# ---- colours ----------------------------------------------------------------------------------------------------


def rgb_to_grayscale(img: Tensor, num_output_channels: int = 1) -> Tensor:
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    assert_channels(img, [1, 3])
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    return run(kernels.grayscale, img, channels=num_output_channels)


def _adjust(kernel: Any, name: str) -> Any:
    def adjust(img: Tensor, factor: float) -> Tensor:
        if factor < 0:
            raise ValueError(f"{name} ({factor}) is not non-negative.")
        assert_image(img)
        assert_channels(img, [1, 3])
        return run(kernel, img, float(factor))

    return adjust


adjust_brightness = _adjust(kernels.brightness, "brightness_factor")
adjust_contrast = _adjust(kernels.contrast, "contrast_factor")
adjust_saturation = _adjust(kernels.saturation, "saturation_factor")
adjust_sharpness = _adjust(kernels.sharpness, "sharpness_factor")


def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    assert_image(img)
    assert_channels(img, [1, 3])
    return run(kernels.hue, img, float(hue_factor))


def adjust_gamma(img: Tensor, gamma: float, gain: float = 1) -> Tensor:
    assert_image(img)
    return run(kernels.gamma, img, float(gamma), float(gain))


def invert(img: Tensor) -> Tensor:
    assert_image(img)
    assert_channels(img, [1, 3])
    return run(kernels.invert, img)


def _only_bytes(img: Tensor) -> None:
    assert_image(img)
    if img.dtype != dtypes.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    assert_channels(img, [1, 3])


def posterize(img: Tensor, bits: int) -> Tensor:
    _only_bytes(img)
    return run(kernels.posterize, img, bits=int(bits))


def solarize(img: Tensor, threshold: float) -> Tensor:
    assert_image(img)
    assert_channels(img, [1, 3])
    if threshold > kernels.bound(img.dtype.np):
        raise TypeError("Threshold should be less than bound of img.")
    return run(kernels.solarize, img, threshold)


def autocontrast(img: Tensor) -> Tensor:
    assert_image(img)
    assert_channels(img, [1, 3])
    return run(kernels.autocontrast, img)


def equalize(img: Tensor) -> Tensor:
    _only_bytes(img)
    return run(kernels.equalize, img)


def gaussian_kernel(size: int, sigma: float) -> np.ndarray:
    """The values of a bell curve at the pixels around 0, with the sum 1, float32."""
    half = (size - 1) * 0.5
    at: np.ndarray = np.linspace(-half, half, size, dtype=np.float32)
    values = np.exp(np.float32(-0.5) * (at / np.float32(sigma)) ** 2)
    return values / values.sum(dtype=np.float32)


def gaussian_blur(img: Tensor, kernel_size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    assert_image(img)
    taps = [gaussian_kernel(n, s) for n, s in zip(kernel_size, sigma, strict=True)]
    return run(kernels.gaussian_blur, img, *taps)

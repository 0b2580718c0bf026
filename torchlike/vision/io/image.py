"""Files of images as tensors (C, H, W), by way of Pillow."""

from __future__ import annotations

import enum
import io
import os
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.vision._pillow import Image, ImageOps
from torchlike.vision.transforms._arrays import made

__all__ = [
    "ImageReadMode", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "decode_webp", "encode_jpeg", "encode_png",
    "read_file", "read_image", "write_file", "write_jpeg", "write_png",
]  # fmt: skip


class ImageReadMode(enum.Enum):
    """Which channels an image is read with; UNCHANGED is those of the file."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


_PILLOW_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


def read_file(path: str | os.PathLike) -> Tensor:
    """The bytes of a file, uint8 (N,)."""
    with open(path, "rb") as file:
        return made(np.frombuffer(file.read(), np.uint8).copy())


def write_file(filename: str | os.PathLike, data: Tensor) -> None:
    """Write bytes, uint8 (N,), into a file."""
    if data.dtype != dtypes.uint8 or data.ndim != 1:
        raise RuntimeError(f"Input tensor dtype should be uint8 and its rank 1, got {data.dtype} and {data.ndim}")
    with open(filename, "wb") as file:
        file.write(data._read().numpy().tobytes())


def _decoded(source: Any, mode: Any, apply_exif_orientation: bool, kinds: tuple[str, ...] | None = None) -> Tensor:
    mode = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    try:
        image = Image.open(source, formats=kinds)
        if mode is ImageReadMode.GRAY:
            image.draft("L", image.size)  # a JPEG's own luminance
        image.load()
    except OSError as error:
        raise RuntimeError(
            f"could not decode the image ({error}); {'/'.join(kinds) if kinds else 'one that Pillow reads'} is expected"
        ) from error
    if apply_exif_orientation:
        image = ImageOps.exif_transpose(image)
    if mode is not ImageReadMode.UNCHANGED:
        image = image.convert(_PILLOW_MODES[mode])
    elif image.mode == "1":
        image = image.convert("L")
    array = np.array(image)
    if array.dtype == np.int32:  # Pillow's mode I: 16 bits in the file
        array = array.astype(np.uint16)
    return made(np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1)))


def _bytes(input: Tensor) -> io.BytesIO:
    if input.dtype != dtypes.uint8 or input.ndim != 1 or input.numel() == 0:
        raise RuntimeError(
            f"Expected a non empty 1-dimensional tensor of uint8, got {input.dtype} of shape {tuple(input.shape)}"
        )
    return io.BytesIO(input._read().numpy().tobytes())


def decode_image(input: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:
    """An image, its bytes (N,) or the path of its file, as uint8 (C, H, W); PNGs of 16 bits as uint16.

    Args:
        mode: an ImageReadMode, or its name.
        apply_exif_orientation: turn it as its camera's notes say.

    Raises:
        RuntimeError: for what is no image.
    """
    source = _bytes(input) if isinstance(input, Tensor) else input
    return _decoded(source, mode, apply_exif_orientation)


def read_image(path: str | os.PathLike, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:
    """The image in a file; see `decode_image`."""
    return _decoded(path, mode, apply_exif_orientation)


def decode_jpeg(
    input: Any, mode: Any = ImageReadMode.UNCHANGED, device: Any = "cpu", apply_exif_orientation: bool = False
) -> Any:
    """A JPEG's bytes as uint8 (C, H, W); a list of them as a list."""
    if isinstance(input, (list, tuple)):
        return [decode_jpeg(one, mode, device, apply_exif_orientation) for one in input]
    return _decoded(_bytes(input), mode, apply_exif_orientation, ("JPEG",)).to(device)


def decode_png(input: Tensor, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:
    """A PNG's bytes as uint8 or uint16 (C, H, W)."""
    return _decoded(_bytes(input), mode, apply_exif_orientation, ("PNG",))


def decode_webp(input: Tensor, mode: Any = ImageReadMode.UNCHANGED) -> Tensor:
    """A WebP's bytes as uint8 (C, H, W)."""
    return _decoded(_bytes(input), mode, False, ("WEBP",))


def decode_gif(input: Tensor) -> Tensor:
    """A GIF's bytes as uint8 (3, H, W), or (N, 3, H, W) where it has several pictures."""
    image = Image.open(_bytes(input), formats=("GIF",))
    frames = []
    for i in range(image.n_frames):
        image.seek(i)
        frames.append(np.array(image.convert("RGB")).transpose(2, 0, 1))
    return made(np.ascontiguousarray(np.stack(frames) if len(frames) > 1 else frames[0]))


def _encoded(input: Tensor, kind: str, **options: Any) -> Tensor:
    if input.dtype != dtypes.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if input.ndim != 3 or input.shape[0] not in (1, 3):
        raise RuntimeError(f"Input data should be a 3-dimensional tensor of 1 or 3 channels, got {tuple(input.shape)}")
    array = input._read().numpy()
    image = Image.fromarray(np.ascontiguousarray(array[0] if len(array) == 1 else array.transpose(1, 2, 0)))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return made(np.frombuffer(buffer.getvalue(), np.uint8).copy())


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """An image, uint8 (C, H, W) of 1 or 3 channels, as a PNG's bytes (N,). `compression_level` is 0 to 9."""
    if not 0 <= compression_level <= 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encoded(input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Any, quality: int = 75) -> Any:
    """An image, uint8 (C, H, W) of 1 or 3 channels, as a JPEG's bytes (N,); a list as a list. `quality` is 1 to 100."""
    if not 1 <= quality <= 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, (list, tuple)):
        return [encode_jpeg(one, quality) for one in input]
    return _encoded(input, "JPEG", quality=quality)


def write_png(input: Tensor, filename: str | os.PathLike, compression_level: int = 6) -> None:
    """`encode_png` into a file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: str | os.PathLike, quality: int = 75) -> None:
    """`encode_jpeg` into a file."""
    write_file(filename, encode_jpeg(input, quality))


__getattr__ = absent("torchvision.io.image")

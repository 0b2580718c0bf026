"""`torchvision.io`: files of images. Videos are not read."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision.io import image
from torchlike.vision.io.image import (
    ImageReadMode,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    read_file,
    read_image,
    write_file,
    write_jpeg,
    write_png,
)

__all__ = [
    "ImageReadMode", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "decode_webp", "encode_jpeg", "encode_png",
    "image", "read_file", "read_image", "write_file", "write_jpeg", "write_png",
]  # fmt: skip

__getattr__ = absent("torchvision.io")

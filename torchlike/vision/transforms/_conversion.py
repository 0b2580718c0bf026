"""Between Pillow's images, numpy's arrays and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base.dtypes import get_default_dtype
from torchlike.tensor import Tensor
from torchlike.vision._pillow import Image, is_image
from torchlike.vision.transforms._arrays import made

__all__ = ["pil_to_tensor", "to_pil_image", "to_tensor"]

_WIDE = {"I": np.int32, "I;16": np.int16, "F": np.float32}
# Modes that an image of so many channels may be read as; the first is the default.
_CHANNEL_MODES = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}


def _channels_first(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1))


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or an array (H, W, C) or (H, W) as a tensor (C, H, W); bytes 0..255 become 0..1.

    Raises:
        TypeError: for anything else. ValueError: for an array of other than two or three dimensions.
    """
    if is_image(pic):
        array = np.array(pic, dtype=_WIDE.get(pic.mode, np.uint8))
        if pic.mode == "1":
            array = array * np.uint8(255)
    elif isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    planes = _channels_first(array)
    if array.dtype != np.uint8:
        return made(planes if planes is not array and not np.shares_memory(planes, array) else planes.copy())
    kind = get_default_dtype().np
    return made(planes.astype(kind) / kind.type(255))


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a tensor (C, H, W) of the same numbers. Raises TypeError for anything else."""
    if not is_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return made(_channels_first(np.array(pic)))


def _as_array(pic: Any) -> np.ndarray:
    """An image's numbers as (H, W, C); floats of tensors as bytes."""
    if isinstance(pic, Tensor):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic.detach()._read().numpy()
        array = array[None] if array.ndim == 2 else array
        if array.shape[0] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[0]} channels.")
        return array.transpose(1, 2, 0)
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic[:, :, None] if pic.ndim == 2 else pic
        if array.shape[-1] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[-1]} channels.")
        return array
    raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C) or (H, W), as a PIL image; floats 0..1 become bytes.

    Raises:
        ValueError: for other shapes, and for a `mode` that does not fit. TypeError: for other types.
    """
    array = _as_array(pic)
    if np.issubdtype(array.dtype, np.floating) and mode != "F":
        array = (array * array.dtype.type(255)).astype(np.int64).astype(np.uint8)
    channels = array.shape[2]
    if channels == 1:
        array = array[:, :, 0]
        expected = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}.get(array.dtype.name)
        if mode is not None and mode != expected:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {expected}")
        mode = expected
    else:
        permitted = _CHANNEL_MODES[channels]
        if mode is not None and mode not in permitted:
            raise ValueError(f"Only modes {permitted} are supported for {channels}D inputs")
        if mode is None and array.dtype == np.uint8:
            mode = permitted[0]
    if mode is None:
        raise TypeError(f"Input type {array.dtype} is not supported")
    return _image(np.ascontiguousarray(array), mode)


def _image(array: np.ndarray, mode: str) -> Any:
    if array.dtype == np.int16:  # Pillow has no signed mode of 16 bits
        array = array.view(np.uint16)
    if array.dtype == np.uint8 and array.ndim == 3:
        return Image.frombuffer(mode, array.shape[1::-1], array.tobytes(), "raw", mode, 0, 1)
    return Image.fromarray(array)

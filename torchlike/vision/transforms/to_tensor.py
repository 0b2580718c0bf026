"""Images as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base.dtypes import get_default_dtype
from torchlike.tensor import Tensor
from torchlike.tensor.from_data import tensor

__all__ = ["ToTensor", "to_tensor"]


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or an array (H, W, C) or (H, W) as a tensor (C, H, W); bytes 0..255 become 0..1.

    Raises:
        TypeError: for anything else. ValueError: for an array of other than two or three dimensions.
    """
    is_image = hasattr(pic, "getbands")
    if not is_image and not isinstance(pic, np.ndarray):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if not is_image and pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    array = np.array(pic, dtype=_WIDE.get(pic.mode) if is_image else None)
    if is_image and pic.mode == "1":
        array = array.astype(np.uint8) * np.uint8(255)
    made = tensor(np.ascontiguousarray((array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1)))
    return made.to(get_default_dtype()).div(255) if array.dtype == np.uint8 else made


_WIDE = {"I": np.int32, "I;16": np.int16, "F": np.float32}


class ToTensor:
    """`to_tensor` as an object (torchvision.transforms)."""

    def __call__(self, pic: Any) -> Tensor:
        return to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

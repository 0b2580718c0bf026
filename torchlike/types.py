"""Types for annotations (torch.types)."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import Any, Union

from torchlike.base.device import device as _device_class
from torchlike.base.dtypes import dtype
from torchlike.base.size import Size
from torchlike.tensor import Tensor

__all__ = ["Device", "FileLike", "Number", "Storage"]

_TensorOrTensors = Union[Tensor, Sequence[Tensor]]  # noqa: UP007  # read at run time
_dtype, _device, _size = dtype, _device_class, Union[Size, list[int], tuple[int, ...]]  # noqa: UP007
Number = Union[int, float, bool]  # noqa: UP007
Device = Union[_device_class, str, int, None]  # noqa: UP007
FileLike = Union[str, os.PathLike, Any]  # noqa: UP007
_int, _float, _bool, _complex = builtins.int, builtins.float, builtins.bool, builtins.complex
Storage = Any

"""torch.cpu.amp: the old spelling of `torch.amp` for CPUs."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike import amp
from torchlike.base.dtypes import bfloat16
from torchlike.base.dtypes import dtype as DType

_INSTEAD = "`torch.cpu.amp.{0}(args...)` is deprecated. Please use `torch.amp.{0}('cpu', args...)` instead."


class autocast(amp.autocast):
    """Deprecated: `torch.amp.autocast("cpu", ...)`."""

    def __init__(self, enabled: bool = True, dtype: DType = bfloat16, cache_enabled: bool = True) -> None:
        warnings.warn(_INSTEAD.format("autocast"), FutureWarning, stacklevel=2)
        super().__init__("cpu", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """Deprecated: `torch.amp.GradScaler("cpu", ...)`, whose arguments these are."""

    def __init__(self, *args: Any, **options: Any) -> None:
        message = (
            "`torch.cpu.amp.GradScaler(args...)` is deprecated. Please use `torch.amp.GradScaler('cpu', args...)` instead."
        )
        warnings.warn(message, FutureWarning, stacklevel=2)
        super().__init__("cpu", *args, **options)

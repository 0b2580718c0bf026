"""torch.cuda.amp.autocast_mode: the old spellings of `torch.amp.autocast` and its kin for GPUs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlike import amp
from torchlike.base.dtypes import dtype as DType
from torchlike.base.dtypes import float16
from torchlike.cuda.amp.common import instead

__all__ = ["autocast", "custom_bwd", "custom_fwd"]


class autocast(amp.autocast):
    """Deprecated: `torch.amp.autocast("cuda", ...)`."""

    def __init__(self, enabled: bool = True, dtype: DType = float16, cache_enabled: bool = True) -> None:
        instead("autocast(args...)", "autocast('cuda', args...)")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


def custom_fwd(fwd: Callable | None = None, *, cast_inputs: DType | None = None) -> Any:
    """Deprecated: `torch.amp.custom_fwd(device_type="cuda")`."""
    instead("custom_fwd(args...)", "custom_fwd(args..., device_type='cuda')")
    made = functools.partial(amp.custom_fwd, device_type="cuda", cast_inputs=cast_inputs)
    return made if fwd is None else made(fwd)


def custom_bwd(bwd: Callable | None = None) -> Any:
    """Deprecated: `torch.amp.custom_bwd(device_type="cuda")`."""
    instead("custom_bwd(args...)", "custom_bwd(args..., device_type='cuda')")
    made = functools.partial(amp.custom_bwd, device_type="cuda")
    return made if bwd is None else made(bwd)

"""`torch.backends.cuda`: settings of CUDA kernels. They are kept and read back; XLA chooses its kernels itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from torchlike.base import device as devices
from torchlike.base.errors import absent

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False, fp32_precision="none",
)  # fmt: skip
_sdp = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def is_built() -> bool:
    """Whether JAX sees a GPU."""
    return devices.count("cuda") > 0


def _of(kind: str) -> tuple[Any, Any]:
    def enabled() -> bool:
        """The setting, which changes nothing."""
        return _sdp[kind]

    def enable(enabled: bool) -> None:
        """Keep the setting, which changes nothing."""
        _sdp[kind] = enabled

    return enabled, enable


flash_sdp_enabled, enable_flash_sdp = _of("flash")
mem_efficient_sdp_enabled, enable_mem_efficient_sdp = _of("mem_efficient")
math_sdp_enabled, enable_math_sdp = _of("math")
cudnn_sdp_enabled, enable_cudnn_sdp = _of("cudnn")


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True, enable_cudnn: bool = True
) -> Iterator[None]:
    """Keep the settings for a block."""
    before = dict(_sdp)
    _sdp.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield
    finally:
        _sdp.update(before)


__getattr__ = absent("torch.backends.cuda")

"""torch.nn.attention: which kernel computes attention. Here XLA does, always: choices are taken, kept and have no effect."""

from __future__ import annotations

from torchlike.nn.attention import bias, flex_attention
from torchlike.nn.attention.kernels import (
    WARN_FOR_UNFUSED_KERNELS,
    SDPBackend,
    _cur_sdpa_kernel_backends,
    activate_flash_attention_impl,
    current_flash_attention_impl,
    list_flash_attention_impls,
    register_flash_attention_impl,
    restore_flash_attention_impl,
    sdpa_kernel,
)

__all__ = [
    "WARN_FOR_UNFUSED_KERNELS", "SDPBackend", "activate_flash_attention_impl", "bias", "current_flash_attention_impl",
    "flex_attention", "list_flash_attention_impls", "register_flash_attention_impl", "restore_flash_attention_impl",
    "sdpa_kernel",
]  # fmt: skip

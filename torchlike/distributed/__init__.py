"""`torch.distributed` as a program asks about it: not available, so one process is all there is."""

from __future__ import annotations

from torchlike.base.errors import absent

__all__ = ["is_available", "is_initialized", "is_torchelastic_launched"]


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_torchelastic_launched() -> bool:
    """False."""
    return False


def is_nccl_available() -> bool:
    """False."""
    return False


is_gloo_available = is_mpi_available = is_ucc_available = is_xccl_available = is_nccl_available

__getattr__ = absent("torch.distributed")

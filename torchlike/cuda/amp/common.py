"""What the old spellings have in common."""

from __future__ import annotations

import warnings

from torchlike.base import device as devices

__all__ = ["amp_definitely_not_available"]


def amp_definitely_not_available() -> bool:
    """Whether there is no GPU, nor a TPU."""
    return not (devices.count("cuda") or devices.count("tpu"))


def instead(old: str, new: str) -> None:
    """Warns that an old spelling is one."""
    warnings.warn(f"`torch.cuda.amp.{old}` is deprecated. Please use `torch.amp.{new}` instead.", FutureWarning, stacklevel=3)

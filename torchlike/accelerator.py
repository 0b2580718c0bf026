"""`torch.accelerator`: the GPU, where JAX sees one."""

from __future__ import annotations

from typing import Any

from torchlike.base import device as devices
from torchlike.base.device import device
from torchlike.base.errors import absent
from torchlike.cuda.queries import set_device
from torchlike.engine import flush

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def device_count() -> int:
    """How many GPUs JAX sees."""
    return devices.count("cuda")


def is_available() -> bool:
    """Whether JAX sees a GPU."""
    return device_count() > 0


def current_accelerator(check_available: bool = False) -> device | None:
    """The kind of accelerator; None where there is none."""
    return device("cuda") if is_available() else None


def current_device_index() -> int:
    """The index of the default GPU. Raises RuntimeError where there is none."""
    return devices.resolve("cuda").index or 0


current_device_idx = current_device_index


def set_device_index(device: Any) -> None:
    """Let "cuda" mean this GPU from now on; a negative index changes nothing."""
    set_device(device)


set_device_idx = set_device_index


def synchronize(device: Any = None) -> None:
    """Run what is pending."""
    flush()


def empty_cache() -> None:
    """Nothing to do: XLA's allocator owns the memory."""


__getattr__ = absent("torch.accelerator")

"""Questions that scripts ask of CUDA, answered from JAX's GPUs."""

from __future__ import annotations

from typing import Any

from torchlike.base import device as devices
from torchlike.base.errors import OutOfMemoryError
from torchlike.engine import flush, random
from torchlike.tensor.typed import CUDA_TYPES

__all__ = [
    "OutOfMemoryError", "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "manual_seed",
    "manual_seed_all", "synchronize",
]  # fmt: skip

globals().update(CUDA_TYPES)  # torch.cuda.FloatTensor and kin


def is_available() -> bool:
    """Whether JAX sees a GPU."""
    return device_count() > 0


def device_count() -> int:
    """How many GPUs JAX sees."""
    return devices.count("cuda")


def current_device() -> int:
    """The index of the default GPU. Raises RuntimeError where there is none."""
    return devices.resolve("cuda").index or 0


def get_device_name(device: Any = None) -> str:
    """What the GPU calls itself."""
    return devices.jax_device(devices.resolve("cuda" if device is None else device)).device_kind


def synchronize(device: Any = None) -> None:
    """Run what is pending. A value read afterwards waits for it, so there is nothing more to wait for here."""
    flush()


def manual_seed(seed: int) -> None:
    """Seed the default generator."""
    random.manual_seed(seed)


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to do: XLA's allocator owns the memory."""

"""`torch.cuda.nccl`: collectives are XLA's; which NCCL it brings, JAX does not say."""

from __future__ import annotations

from typing import Any


def version() -> tuple[int, int, int]:
    """(0, 0, 0): not known."""
    return 0, 0, 0


def is_available(tensors: Any) -> bool:
    """False: collectives are those of `torch.distributed`."""
    return False

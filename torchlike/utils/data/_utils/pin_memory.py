"""`torch.utils.data._utils.pin_memory`: a batch on its way to the accelerator."""

from __future__ import annotations

from typing import Any

from torchlike.utils.data.pinning import accelerator, pin

__all__ = ["pin_memory"]


def pin_memory(data: Any, device: Any = None) -> Any:
    """Start the transfer of every tensor in `data` to the accelerator; without one they stay as they are.

    What is neither tensor nor container, and has a `pin_memory` itself, is asked for it.
    """
    return pin(data, accelerator())

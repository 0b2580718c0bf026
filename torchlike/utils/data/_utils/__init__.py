"""`torch.utils.data._utils`: names that libraries import from there."""

from __future__ import annotations

from torchlike.utils.data import fetch
from torchlike.utils.data._utils import collate, pin_memory, worker
from torchlike.utils.data.worker import MP_STATUS_CHECK_INTERVAL

__all__ = ["MP_STATUS_CHECK_INTERVAL", "collate", "fetch", "pin_memory", "worker"]

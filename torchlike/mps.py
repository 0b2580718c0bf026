"""`torch.mps`: a kind of device that is not here."""

from __future__ import annotations

from torchlike._no_device import *  # noqa: F403
from torchlike.base.errors import absent

__getattr__ = absent("torch.mps")

"""torch.distributed._composable: the address that `fully_shard` had before it was public."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed._composable import fsdp

__all__ = ["fsdp"]

__getattr__ = absent("torch.distributed._composable")

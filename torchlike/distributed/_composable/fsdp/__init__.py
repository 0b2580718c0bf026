"""torch.distributed._composable.fsdp: `torch.distributed.fsdp`'s `fully_shard` and what it takes, by their older address."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed._composable.fsdp.fully_shard import *
from torchlike.distributed._composable.fsdp.fully_shard import __all__ as __all__

__getattr__ = absent("torch.distributed._composable.fsdp")

"""torch.distributed._composable.fsdp: `torch.distributed.fsdp`'s `fully_shard` and what it takes, by their older address."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed._composable.fsdp.fully_shard import (
    CPUOffloadPolicy,
    FSDPModule,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
    register_fsdp_forward_method,
)

__all__ = [
    "CPUOffloadPolicy", "FSDPModule", "MixedPrecisionPolicy", "OffloadPolicy", "fully_shard", "register_fsdp_forward_method",
]  # fmt: skip

__getattr__ = absent("torch.distributed._composable.fsdp")

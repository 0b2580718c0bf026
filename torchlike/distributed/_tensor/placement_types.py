"""torch.distributed._tensor.placement_types: likewise."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

__all__ = ["Partial", "Placement", "Replicate", "Shard"]

__getattr__ = absent("torch.distributed._tensor.placement_types")

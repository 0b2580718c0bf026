"""torch.distributed.optim: optimizers whose state the ranks share out among them."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed.optim.zero_redundancy_optimizer import ZeroRedundancyOptimizer

__all__ = ["ZeroRedundancyOptimizer"]

__getattr__ = absent("torch.distributed.optim")

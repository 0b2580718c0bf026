"""torch.nn.parallel: modules on several devices."""

from __future__ import annotations

from torchlike.nn.parallel.data_parallel import DataParallel, data_parallel

__all__ = ["DataParallel", "data_parallel"]

"""torch.distributed.tensor.parallel: layers cut over the ranks of a mesh."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed.tensor.parallel.api import parallelize_module
from torchlike.distributed.tensor.parallel.style import (
    ColwiseParallel,
    ParallelStyle,
    PrepareModuleInput,
    PrepareModuleInputOutput,
    PrepareModuleOutput,
    RowwiseParallel,
    SequenceParallel,
)

__all__ = [
    "ColwiseParallel", "ParallelStyle", "PrepareModuleInput", "PrepareModuleInputOutput", "PrepareModuleOutput",
    "RowwiseParallel", "SequenceParallel", "parallelize_module",
]  # fmt: skip

__getattr__ = absent("torch.distributed.tensor.parallel")

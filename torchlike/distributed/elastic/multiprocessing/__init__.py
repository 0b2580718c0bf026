"""torch.distributed.elastic.multiprocessing: errors of started processes."""

from __future__ import annotations

from torchlike.distributed.elastic.multiprocessing import errors
from torchlike.distributed.elastic.multiprocessing.errors import ChildFailedError, record

__all__ = ["ChildFailedError", "errors", "record"]

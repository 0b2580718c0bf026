"""`torch.utils.data._utils.worker`: what `torchlike.utils.data.worker` has."""

from __future__ import annotations

from torchlike.utils.data.worker import WorkerInfo, get_worker_info

__all__ = ["WorkerInfo", "get_worker_info"]

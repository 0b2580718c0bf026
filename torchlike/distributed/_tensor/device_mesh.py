"""torch.distributed._tensor.device_mesh: likewise."""

from __future__ import annotations

from torchlike.distributed.device_mesh import DeviceMesh, init_device_mesh

__all__ = ["DeviceMesh", "init_device_mesh"]

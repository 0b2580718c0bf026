"""torch.distributed.tensor: tensors on a mesh."""

from __future__ import annotations

from torchlike.distributed.device_mesh import DeviceMesh, init_device_mesh
from torchlike.distributed.tensor import placement_types
from torchlike.distributed.tensor._api import DTensor, distribute_module, distribute_tensor, empty, full, ones, zeros
from torchlike.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

__all__ = [
    "DTensor", "DeviceMesh", "Partial", "Placement", "Replicate", "Shard", "distribute_module", "distribute_tensor", "empty",
    "full", "init_device_mesh", "ones", "placement_types", "zeros",
]  # fmt: skip

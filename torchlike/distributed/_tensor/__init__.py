"""torch.distributed._tensor: the address that `torch.distributed.tensor` had before it was public."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed._tensor import api as api
from torchlike.distributed._tensor import device_mesh as device_mesh
from torchlike.distributed.tensor import *
from torchlike.distributed.tensor import __all__ as __all__

__getattr__ = absent("torch.distributed._tensor")

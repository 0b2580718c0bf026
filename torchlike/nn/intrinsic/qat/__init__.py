"""`torch.nn.intrinsic.qat`: the older name of `torch.ao.nn.intrinsic.qat`, fused layers that train rounded."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.qat import *
from torchlike.ao.nn.intrinsic.qat import __all__ as __all__

"""`torch.nn.qat`: the older name of `torch.ao.nn.qat`, layers that train rounded."""

from __future__ import annotations

from torchlike.ao.nn.qat import *
from torchlike.ao.nn.qat import __all__ as __all__

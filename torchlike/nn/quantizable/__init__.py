"""`torch.nn.quantizable`: the older name of `torch.ao.nn.quantizable`."""

from __future__ import annotations

from torchlike.ao.nn.quantizable import *
from torchlike.ao.nn.quantizable import __all__ as __all__

"""Layers that belong together for quantization, one after the other in one module."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.modules import *
from torchlike.ao.nn.intrinsic.modules import __all__ as __all__
from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule

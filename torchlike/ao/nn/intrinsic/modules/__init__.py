"""Fused layers."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.modules.fused import *
from torchlike.ao.nn.intrinsic.modules.fused import __all__ as __all__

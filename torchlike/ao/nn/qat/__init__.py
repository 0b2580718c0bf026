"""Layers that train with rounded weights."""

from __future__ import annotations

from torchlike.ao.nn.qat.modules import *
from torchlike.ao.nn.qat.modules import __all__ as __all__

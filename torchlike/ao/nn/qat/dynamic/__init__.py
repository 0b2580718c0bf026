"""Linear maps that train rounded and are quantized dynamically."""

from __future__ import annotations

from torchlike.ao.nn.qat.dynamic.modules import Linear

__all__ = ["Linear"]

"""`torch.ao.nn`: fused layers (`intrinsic`), layers that train rounded (`qat`), layers on integers (`quantized`)."""

from __future__ import annotations

from torchlike.ao.nn import intrinsic, qat, quantized

__all__ = ["intrinsic", "qat", "quantized"]

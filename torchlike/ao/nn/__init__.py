"""`torch.ao.nn`: fused layers (`intrinsic`), layers that train rounded (`qat`), layers on integers (`quantized`).

`quantizable` has networks taken apart into layers.
"""

from __future__ import annotations

from torchlike.ao.nn import intrinsic, qat, quantizable, quantized

__all__ = ["intrinsic", "qat", "quantizable", "quantized"]

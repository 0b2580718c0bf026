"""`torch.ao`: models made smaller. `ao.quantization` has the tools, `ao.nn` the layers."""

from __future__ import annotations

from torchlike.ao import nn, quantization

__all__ = ["nn", "quantization"]

"""`torch.backends.quantized`: engines of torch's quantized kernels; there are none."""

from __future__ import annotations

from torchlike.base.errors import absent

supported_engines: list[str] = []
engine = "none"


__getattr__ = absent("torch.backends.quantized")

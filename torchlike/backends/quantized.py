"""`torch.backends.quantized`: the engine whose numerics are wanted. XLA computes in any case; observers' defaults differ."""

from __future__ import annotations

from torchlike.base.errors import absent

supported_engines: list[str] = ["qnnpack", "onednn", "x86", "fbgemm"]
engine = "x86"


__getattr__ = absent("torch.backends.quantized")

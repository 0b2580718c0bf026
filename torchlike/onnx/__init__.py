"""`torch.onnx` as a model asks about it: nothing is being exported."""

from __future__ import annotations

from torchlike.base.errors import absent

__all__ = ["is_in_onnx_export"]


def is_in_onnx_export() -> bool:
    """False."""
    return False


__getattr__ = absent("torch.onnx")

"""`torch.signal`: windows."""

from torchlike.signal import windows

__all__ = ["windows"]

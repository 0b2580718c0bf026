"""`torch.special`: Special functions, element by element."""

from torchlike.tensor import attach as _attach

__getattr__, __dir__, __all__ = _attach.namespace("special")

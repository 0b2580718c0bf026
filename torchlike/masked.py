"""`torch.masked`: Reductions and normalizations that leave out what a mask excludes."""

from torchlike.tensor import attach as _attach

__getattr__, __dir__, __all__ = _attach.namespace("masked")

"""`torch.signal.windows`: Window functions for spectra."""

from torchlike.tensor import attach as _attach

__getattr__, __dir__, __all__ = _attach.namespace("signal.windows")

"""`torch.linalg`: Linear algebra: decompositions, solvers, norms and products of (batches of) matrices."""

from torchlike.tensor import attach as _attach

__getattr__, __dir__, __all__ = _attach.namespace("linalg")

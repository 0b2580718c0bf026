"""`torch.utils.dlpack`: tensors from and for other libraries."""

from torchlike.tensor.creation import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]

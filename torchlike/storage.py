"""`torch.storage`: the objects behind tensors."""

from torchlike.tensor.storages import UntypedStorage
from torchlike.tensor.typed_storages import TypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]

"""Utilities: checkpointing (`checkpoint`), data loading (`data`), exchange of arrays (`dlpack`), hook handles (`hooks`)."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.utils import _pytree, checkpoint, data, dlpack, hooks
from torchlike.utils.swap import swap_tensors

__all__ = ["_pytree", "checkpoint", "data", "dlpack", "hooks", "swap_tensors"]

__getattr__ = absent("torch.utils")

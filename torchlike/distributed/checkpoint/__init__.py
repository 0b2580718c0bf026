"""torch.distributed.checkpoint, on orbax: state of many devices, saved by all of them and loaded onto other meshes."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed.checkpoint import state_dict
from torchlike.distributed.checkpoint.api import (
    CheckpointException,
    FileSystemReader,
    FileSystemWriter,
    async_save,
    load,
    load_state_dict,
    save,
    save_state_dict,
)

__all__ = [
    "CheckpointException", "FileSystemReader", "FileSystemWriter", "async_save", "load", "load_state_dict", "save",
    "save_state_dict", "state_dict",
]  # fmt: skip

__getattr__ = absent("torch.distributed.checkpoint")

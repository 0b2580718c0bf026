"""`torch.functional`: those of torch's functions that it has in Python. They are the root's own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torchlike.base.errors import missing

_NAMES = (
    "align_tensors atleast_1d atleast_2d atleast_3d block_diag broadcast_shapes broadcast_tensors cartesian_prod cdist "
    "chain_matmul einsum istft lu meshgrid norm split stft tensordot unique unique_consecutive unravel_index"
).split()


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.functional' has no attribute {name!r}")
    if name not in _NAMES:
        raise missing(f"torch.functional.{name}")
    return getattr(import_module("torchlike"), name)

"""`torch.return_types`: the named tuples that functions with several results return."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import missing
from torchlike.ops.registry import OPS
from torchlike.tensor.named import _type


def __getattr__(name: str) -> Any:
    for row in OPS:
        if row.returns and row.name.removesuffix("_dim").removesuffix("_all") == name:
            found = globals()[name] = _type(name, row.returns)
            return found
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.return_types' has no attribute {name!r}")
    raise missing(f"torch.return_types.{name}")

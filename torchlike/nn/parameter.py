"""`Parameter` and `Buffer`: tensors that a module registers by itself."""

from __future__ import annotations

from torchlike.tensor import Buffer, Parameter

__all__ = ["Buffer", "Parameter"]

"""`Parameter` and `Buffer`: tensors that a module registers by itself, and their forms without a shape yet."""

from __future__ import annotations

from torchlike.tensor import Buffer, Parameter
from torchlike.tensor.uninitialized import UninitializedBuffer, UninitializedParameter, UninitializedTensorMixin, is_lazy

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "UninitializedTensorMixin", "is_lazy"]

_ParameterMeta = type(Parameter)
_BufferMeta = type(Buffer)

"""Parameter and Buffer: tensors that modules register by themselves."""

from __future__ import annotations

import copy
from typing import Any

from torchlike.engine.value import twin
from torchlike.tensor.creation import empty
from torchlike.tensor.tensor import Tensor, attributes, bare


class Parameter(Tensor):
    """A tensor that is a module's parameter when assigned to it. Shares storage with `data`; requires grad by default."""

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = empty(0)
        special = getattr(data, "_as_parameter", None)
        if special is not None:
            return special(requires_grad)
        self = object.__new__(cls)
        self._become(data.detach())
        if requires_grad and not data.dtype.is_differentiable:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self._rg = bool(requires_grad)
        return self

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass

    def __deepcopy__(self, memo: dict) -> Parameter:
        if id(self) in memo:
            return memo[id(self)]
        out = type(self).__new__(type(self), bare(twin(self._read())), self._rg)
        memo[id(self)] = out
        out._strides, out._part = self._strides, self._part
        attributes(out).update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
        return out


class Buffer(Tensor):
    """A tensor that is a module's buffer when assigned to it."""

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        self = object.__new__(cls)
        self._become((empty(0) if data is None else data).detach())
        self.persistent = persistent
        return self

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        pass

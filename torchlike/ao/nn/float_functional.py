"""Sums, products and joins of floats as modules, so that quantization has a place for their scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.nn import functional as F
from torchlike.nn.modules.linear import Identity
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = ["FXFloatFunctional", "FloatFunctional"]


class FXFloatFunctional(Module):
    """`add`, `mul`, `cat` ... of floats, with nothing to observe them."""

    def forward(self, x: Any) -> Any:
        raise RuntimeError("FloatFunctional is not intended to use the 'forward'. Please use the underlying operation")

    def _seen(self, out: Tensor) -> Tensor:
        return out

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(ops.add(x, y))

    def add_scalar(self, x: Tensor, y: float) -> Tensor:
        return ops.add(x, y)

    def mul(self, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(ops.mul(x, y))

    def mul_scalar(self, x: Tensor, y: float) -> Tensor:
        return ops.mul(x, y)

    def cat(self, x: Sequence[Tensor], dim: int = 0) -> Tensor:
        return self._seen(ops.cat(x, dim))

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(F.relu(ops.add(x, y)))

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(ops.matmul(x, y))


class FloatFunctional(FXFloatFunctional):
    """`add`, `mul`, `cat` ... of floats, observed once the model is prepared.

    >>> import torchlike as torch
    >>> FloatFunctional().add(torch.ones(2), torch.ones(2))
    tensor([2., 2.])
    """

    def __init__(self) -> None:
        super().__init__()
        self.activation_post_process = Identity()

    def _seen(self, out: Tensor) -> Tensor:
        return self.activation_post_process(out)


# torch has them beside `QFunctional`, which is where pickles look for them.
for _kind in (FXFloatFunctional, FloatFunctional):
    _kind.__module__ = "torchlike.ao.nn.quantized.modules.functional_modules"

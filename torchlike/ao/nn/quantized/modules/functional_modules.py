"""Sums, products and joins of tensors as modules, so that quantization has a place for their scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.ao.nn.float_functional import FloatFunctional, FXFloatFunctional
from torchlike.ao.nn.quantized import functional as qF
from torchlike.ao.nn.quantized.modules.utils import HasScale, scale_of
from torchlike.nn.modules.linear import Identity
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

__all__ = ["FXFloatFunctional", "FloatFunctional", "QFunctional"]


class QFunctional(HasScale, Module):
    """`add`, `mul`, `cat` ... of integers; `scale` and `zero_point` are the result's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.zero_point = 1.0, 0
        self.activation_post_process = Identity()

    def _get_name(self) -> str:
        return "QFunctional"

    def extra_repr(self) -> str:
        return f"scale={self.scale}, zero_point={self.zero_point}"

    def forward(self, x: Any) -> Any:
        raise RuntimeError("Functional is not intended to use the 'forward'. Please use the underlying operation")

    def _kernel(self, kernel: Any, *args: Any) -> Tensor:
        return self.activation_post_process(kernel(*args, scale=self.scale, zero_point=self.zero_point))

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return self._kernel(qF.add, x, y)

    def add_scalar(self, x: Tensor, y: float) -> Tensor:
        return qF.add_scalar(x, y)

    def mul(self, x: Tensor, y: Tensor) -> Tensor:
        return self._kernel(qF.mul, x, y)

    def mul_scalar(self, x: Tensor, y: float) -> Tensor:
        return qF.mul_scalar(x, y)

    def cat(self, x: Sequence[Tensor], dim: int = 0) -> Tensor:
        return self._kernel(qF.cat, x, dim)

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        return self._kernel(qF.add_relu, x, y)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return self._kernel(qF.matmul, x, y)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> QFunctional:
        """Made of a calibrated `FloatFunctional`. Raises AssertionError for another class."""
        if type(mod) is not FloatFunctional:
            raise AssertionError(f"QFunctional.from_float expects an instance of FloatFunctional, got {type(mod).__name__}")
        made = cls()
        made.scale, made.zero_point = scale_of(mod.activation_post_process)
        return made

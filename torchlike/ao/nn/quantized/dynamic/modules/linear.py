"""Linear maps of floats with int8 weights."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules.fused import LinearReLU, _FusedModule
from torchlike.ao.nn.qat.dynamic.modules.linear import Linear as QatLinear
from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules import linear
from torchlike.ao.nn.quantized.modules.utils import quantize_weight
from torchlike.base import dtypes
from torchlike.nn.modules import linear as float_linear
from torchlike.tensor import Tensor

__all__ = ["Linear"]


class Linear(linear.Linear):
    """`nn.Linear` with an int8 (or float16) weight: `(*, in_features)` -> `(*, out_features)`, both floats.

    With int8 the input is quantized by its own range, multiplied in integers, and the sums become floats again.

    Example:
        >>> import torchlike as torch
        >>> Linear(3, 4)(torch.ones(2, 3)).dtype
        torch.float32
    """

    _version = 4
    _relu: ClassVar[bool] = False

    def __init__(self, in_features: int, out_features: int, bias_: bool = True, dtype: Any = dtypes.qint8):
        super().__init__(in_features, out_features, bias_, dtype)
        self.version: Any = 4

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.version is not None and self.version >= 4
        return kernels.linear_dynamic(x, self._packed_params._packed_params, type(self)._relu, reduced).to(x.dtype)

    def _get_name(self) -> str:
        return "DynamicQuantizedLinear"

    def extra_repr(self) -> str:
        text = f"in_features={self.in_features}, out_features={self.out_features}, dtype={self._packed_params.dtype}"
        return text + (f", qscheme={self.weight().qscheme()}" if self._packed_params.dtype is dtypes.qint8 else "")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        self.version = metadata.get("version")
        super()._load_from_state_dict(state_dict, prefix, metadata, strict, *rest)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Linear:
        """Made of a float layer with a qconfig. Raises AssertionError for another class, or another dtype of the weight."""
        known = (float_linear.Linear, float_linear.NonDynamicallyQuantizableLinear, LinearReLU, QatLinear)
        if type(mod) not in known:
            names = [k.__name__ for k in known]
            raise AssertionError(f"nn.quantized.dynamic.Linear.from_float only works for one of{names}, got {type(mod)}")
        if not hasattr(mod, "qconfig"):
            raise AssertionError("Input float module must have qconfig defined")
        observer = mod.qconfig.weight()
        mod = mod[0] if isinstance(mod, _FusedModule) else mod
        dtype = observer.dtype
        if dtype not in (dtypes.qint8, dtypes.float16):
            raise AssertionError(
                f"The only supported dtypes for dynamic quantized linear are qint8 and float16, got: {dtype}"
            )  # fmt: skip
        observer(mod.weight)
        made = cls(mod.in_features, mod.out_features, dtype=dtype)
        made.set_weight_bias(quantize_weight(mod.weight, observer) if dtype is dtypes.qint8 else mod.weight, mod.bias)
        return made

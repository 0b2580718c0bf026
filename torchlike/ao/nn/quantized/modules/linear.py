"""Linear maps on integers."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule
from torchlike.ao.nn.intrinsic.qat.modules.linear_fused import LinearBn1d
from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules.utils import (
    HasScale,
    WeightedQuantizedModule,
    quantize_weight,
    scale_of,
    shown_without,
)
from torchlike.ao.nn.quantized.packed import Packed
from torchlike.base import dtypes
from torchlike.nn.modules import linear as float_linear
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.fusion import fuse_linear_bn_weights
from torchlike.nn.utils.parametrize import type_before_parametrizations
from torchlike.tensor import Tensor, creation
from torchlike.tensor.quantized_functions import _empty_affine_quantized

__all__ = ["Linear", "LinearPackedParams"]


class LinearPackedParams(Module):
    """The weight (int8, or float16) and the bias of a linear map, one entry `_packed_params` of its state_dict."""

    _version = 3

    def __init__(self, dtype: Any = dtypes.qint8):
        super().__init__()
        self.dtype = dtype
        self.set_weight_bias(_room(1, 1, dtype), None)

    def set_weight_bias(self, weight: Tensor, bias: Tensor | None) -> None:
        if self.dtype not in (dtypes.qint8, dtypes.float16):
            raise RuntimeError("Unsupported dtype on dynamic quantized linear!")
        self._packed_params = Packed(weight, bias)

    def _weight_bias(self) -> tuple[Any, Any]:
        return self._packed_params.unpacked()

    def forward(self, x: Any) -> Any:
        return x

    def _apply(self, fn: Any, recurse: bool = True) -> LinearPackedParams:
        weight, bias = self._weight_bias()
        self._packed_params = Packed(_placed(weight, fn), None if bias is None else _placed(bias, fn))
        return super()._apply(fn, recurse)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}dtype"] = self.dtype
        destination[f"{prefix}_packed_params"] = self._weight_bias()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        version = metadata.get("version") or 1
        self.dtype = dtypes.qint8 if version < 2 else state_dict.pop(f"{prefix}dtype")
        if version < 3:
            both = state_dict.pop(f"{prefix}weight"), state_dict.pop(f"{prefix}bias")
        else:
            both = state_dict.pop(f"{prefix}_packed_params")
        self.set_weight_bias(*both)
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)

    def __repr__(self) -> str:
        return repr(self._weight_bias())


def _placed(tensor: Any, fn: Any) -> Any:
    """A weight where `fn` (of `Module._apply`) puts floats; its integers stay integers."""
    where = fn(creation.zeros(1, device=tensor.device)).device
    return tensor if where is tensor.device else tensor.to(where)


def _room(out_features: int, in_features: int, dtype: Any) -> Any:
    if dtype is dtypes.qint8:
        return _empty_affine_quantized([out_features, in_features], dtype=dtypes.qint8)
    if dtype is dtypes.float16:
        return creation.zeros(out_features, in_features)
    raise RuntimeError("Unsupported dtype specified for quantized Linear!")


class Linear(HasScale, WeightedQuantizedModule):
    """`nn.Linear` on integers: `(*, in_features)` -> `(*, out_features)`, both quantized.

    Attributes:
        scale, zero_point: of the result.

    Example:
        >>> import torchlike as torch
        >>> x = torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.quint8)
        >>> Linear(3, 4)(x).shape
        torch.Size([2, 4])
    """

    _version = 3
    _FLOAT_MODULE: ClassVar[Any] = (float_linear.Linear, float_linear.NonDynamicallyQuantizableLinear)

    def __init__(self, in_features: int, out_features: int, bias_: bool = True, dtype: Any = dtypes.qint8):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        room = _room(out_features, in_features, dtype)
        self._packed_params = LinearPackedParams(dtype)
        self._packed_params.set_weight_bias(room, creation.zeros(out_features) if bias_ else None)
        self.scale, self.zero_point = 1.0, 0

    def _get_name(self) -> str:
        return "QuantizedLinear"

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, scale={self.scale}, "
            f"zero_point={self.zero_point}, qscheme={self.weight().qscheme()}"
        )

    def __repr__(self) -> str:
        return shown_without(self, LinearPackedParams)

    def forward(self, x: Tensor) -> Tensor:
        return kernels.linear(x, self._packed_params._packed_params, self.scale, self.zero_point)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        if (metadata.get("version") or 1) == 1:  # the parameters were here before they had a module of their own
            for name in ("weight", "bias"):
                state_dict[f"{prefix}_packed_params.{name}"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, metadata, strict, *rest)

    def _weight_bias(self) -> tuple[Any, Any]:
        return self._packed_params._weight_bias()

    def weight(self) -> Any:
        """The quantized weight `(out_features, in_features)`."""
        return self._weight_bias()[0]

    def bias(self) -> Any:
        """The bias `(out_features,)`, float32, or None."""
        return self._weight_bias()[1]

    def set_weight_bias(self, w: Tensor, b: Tensor | None) -> None:
        self._packed_params.set_weight_bias(w, b)

    @classmethod
    def _kinds(cls) -> tuple:
        return tuple(cls._FLOAT_MODULE) if isinstance(cls._FLOAT_MODULE, (tuple, list)) else (cls._FLOAT_MODULE,)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Linear:
        """Made of a calibrated float layer, or of one that trained rounded. Raises AssertionError for another class."""
        found = mod.activation_post_process if hasattr(mod, "activation_post_process") else None
        if hasattr(mod, "weight_fake_quant"):
            if type_before_parametrizations(mod) is LinearBn1d:
                bn = mod.bn
                mod.weight, mod.bias = fuse_linear_bn_weights(
                    mod.weight, mod.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
                )
            observer = mod.weight_fake_quant
        else:
            kind = type_before_parametrizations(mod)
            if kind not in cls._kinds():
                known = ", ".join(k.__name__ for k in cls._kinds())
                raise AssertionError(f"nnq.{cls.__name__}.from_float only works for {known}, but got: {type(mod)}")
            if not hasattr(mod, "qconfig"):
                raise AssertionError("Input float module must have qconfig defined")
            qconfig = mod.qconfig
            mod = mod[0] if isinstance(mod, _FusedModule) else mod
            observer = qconfig.weight()
        if not use_precomputed_fake_quant:
            observer(mod.weight)
        if observer.dtype is not dtypes.qint8:
            raise AssertionError(f"Weight observer must have dtype torch.qint8, got {observer.dtype}")
        made = cls(mod.in_features, mod.out_features, dtype=observer.dtype)
        made.set_weight_bias(quantize_weight(mod.weight, observer), mod.bias)
        made.scale, made.zero_point = scale_of(found)
        return made

"""Multi-head attention on integers."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.quantizable.modules import activation
from torchlike.ao.nn.quantizable.modules.steps import converted
from torchlike.base import dtypes
from torchlike.tensor.quantized_functions import quantize_per_tensor_dynamic

__all__ = ["MultiheadAttention"]


class MultiheadAttention(activation.MultiheadAttention):
    """`nn.MultiheadAttention` with linear maps on integers: what `convert` makes of `nn.quantizable.MultiheadAttention`."""

    _FLOAT_MODULE: ClassVar[Any] = activation.MultiheadAttention

    def _get_name(self) -> str:
        return "QuantizedMultiheadAttention"

    @classmethod
    def from_float(cls, other: Any) -> Any:
        raise NotImplementedError(
            "It looks like you are trying to convert a non-observed MHA module. Please, see the examples on quantizable MHAs."
        )

    @classmethod
    def from_observed(cls, other: Any) -> Any:
        """Made of a calibrated one. Learned rows of keys and values become integers of their own range."""
        made = converted(other, cls)
        for name in ("bias_k", "bias_v"):
            if getattr(made, name) is not None:
                setattr(made, name, quantize_per_tensor_dynamic(made._parameters.pop(name).detach(), dtypes.quint8))
        del made.in_proj_weight, made.in_proj_bias
        return made


# torch has it among the activations, which is where pickles look for it.
MultiheadAttention.__module__ = "torchlike.ao.nn.quantized.modules.activation"

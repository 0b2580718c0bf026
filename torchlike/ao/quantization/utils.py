"""Questions about qconfigs, observers and modules."""

from __future__ import annotations

import functools
from typing import Any

from torchlike.ao.quantization.observer_given import PlaceholderObserver
from torchlike.ao.quantization.quant_type import QuantType
from torchlike.ao.quantization.ranges import (
    calculate_qmin_qmax,
    check_min_max_valid,
    is_per_channel,
    is_per_tensor,
    validate_qmin_qmax,
)
from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine, per_channel_symmetric, per_tensor_affine
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.parametrize import is_parametrized

__all__ = [
    "activation_dtype",
    "activation_is_dynamically_quantized",
    "activation_is_int8_quantized",
    "activation_is_int32_quantized",
    "activation_is_statically_quantized",
    "calculate_qmin_qmax",
    "check_min_max_valid",
    "get_combined_dict",
    "get_qconfig_dtypes",
    "get_qparam_dict",
    "get_quant_type",
    "getattr_from_fqn",
    "has_no_children_ignoring_parametrizations",
    "is_per_channel",
    "is_per_tensor",
    "op_is_int8_dynamically_quantized",
    "to_underlying_dtype",
    "validate_qmin_qmax",
    "weight_dtype",
    "weight_is_quantized",
    "weight_is_statically_quantized",
]  # fmt: skip

_BYTES = (dtypes.quint8, dtypes.qint8, dtypes.uint8, dtypes.int8)
_FLOAT8 = (dtypes.float8_e5m2, dtypes.float8_e4m3fn)
_WIDE = (dtypes.int16, dtypes.int32)
_UNDERLYING = {
    dtypes.quint8: dtypes.uint8, dtypes.qint8: dtypes.int8, dtypes.qint32: dtypes.int32, dtypes.quint4x2: dtypes.uint8,
    dtypes.quint2x4: dtypes.uint8,
    **{kind: kind for kind in (dtypes.uint8, dtypes.int8, dtypes.uint16, *_WIDE, *_FLOAT8)},
}  # fmt: skip


# ---- modules ----------------------------------------------------------------------------------------------------------


def has_no_children_ignoring_parametrizations(module: Module) -> bool:
    """Whether a module is a leaf."""
    children = dict(module.named_children())
    return not children or (len(children) == 1 and is_parametrized(module))


def getattr_from_fqn(obj: Any, fqn: str) -> Any:
    """`obj.a.b.c` for "a.b.c"."""
    return functools.reduce(getattr, fqn.split("."), obj)


def _parent_name(target: str) -> tuple[str, str]:
    """ "a.b" and "c" for "a.b.c"."""
    above, _, name = target.rpartition(".")
    return above, name


def get_combined_dict(default_dict: dict, additional_dict: dict) -> dict:
    """Both, the second winning."""
    return {**default_dict, **additional_dict}


# ---- dtypes and observers ---------------------------------------------------------------------------------------------


def to_underlying_dtype(qdtype: Any) -> Any:
    """The dtype of the integers of a quantized dtype; others are their own. Raises AssertionError for floats."""
    if qdtype not in _UNDERLYING:
        raise AssertionError("Unsupported dtype: " + str(qdtype))
    return _UNDERLYING[qdtype]


def get_qparam_dict(observer_or_fake_quant: Any) -> dict[str, Any]:
    """What an observer found, by name: qscheme, dtype, scale, zero_point, and axis, quant_min and quant_max where it has them.

    The scheme is that of a quantized tensor, which knows no symmetric ones; it is None for a placeholder.
    """
    scheme, dtype = getattr(observer_or_fake_quant, "qscheme", None), observer_or_fake_quant.dtype
    if scheme is None or isinstance(observer_or_fake_quant, PlaceholderObserver):
        return {"qscheme": None, "dtype": dtype}
    found: dict[str, Any] = {"qscheme": scheme, "dtype": dtype}
    if is_per_channel(scheme):
        found["qscheme"] = per_channel_affine if scheme is per_channel_symmetric else scheme
        found["axis"] = observer_or_fake_quant.ch_axis
    else:
        found["qscheme"] = per_tensor_affine
    found["scale"], found["zero_point"] = observer_or_fake_quant.calculate_qparams()
    limits = ("quant_min", "quant_max")
    return found | {n: getattr(observer_or_fake_quant, n) for n in limits if hasattr(observer_or_fake_quant, n)}


# ---- qconfigs ---------------------------------------------------------------------------------------------------------


def get_qconfig_dtypes(qconfig: Any) -> tuple[Any, Any, bool]:
    """The dtypes of activations and weights, and whether activations are quantized as the model runs."""
    if qconfig is None:
        raise AssertionError("qconfig must be provided to extract dtypes")
    activation = qconfig.activation()
    return activation.dtype, qconfig.weight().dtype, getattr(activation, "is_dynamic", False)


def activation_dtype(qconfig: Any) -> Any:
    """The dtype of activations."""
    return get_qconfig_dtypes(qconfig)[0]


def weight_dtype(qconfig: Any) -> Any:
    """The dtype of weights."""
    return get_qconfig_dtypes(qconfig)[1]


def activation_is_dynamically_quantized(qconfig: Any) -> bool:
    """Whether activations are quantized as the model runs."""
    return get_qconfig_dtypes(qconfig)[2]


def activation_is_statically_quantized(qconfig: Any) -> bool:
    """Whether activations are quantized, by a scale that is known."""
    kind, _, dynamic = get_qconfig_dtypes(qconfig)
    return not dynamic and kind in (*_BYTES, dtypes.qint32, dtypes.float16, *_WIDE, *_FLOAT8)


def activation_is_int8_quantized(qconfig: Any) -> bool:
    """Whether activations become 8-bit integers."""
    return activation_dtype(qconfig) in _BYTES


def activation_is_int32_quantized(qconfig: Any) -> bool:
    """Whether activations become 32-bit integers."""
    return activation_dtype(qconfig) in (dtypes.qint32, dtypes.int32)


def weight_is_quantized(qconfig: Any) -> bool:
    """Whether weights become smaller."""
    return weight_dtype(qconfig) in (*_BYTES, dtypes.float16, dtypes.quint4x2, *_WIDE, *_FLOAT8)


def weight_is_statically_quantized(qconfig: Any) -> bool:
    """Whether weights become 8-bit integers."""
    return weight_dtype(qconfig) in _BYTES


def op_is_int8_dynamically_quantized(qconfig: Any) -> bool:
    """Whether activations become unsigned, weights signed 8-bit integers as the model runs."""
    activation, weight, dynamic = get_qconfig_dtypes(qconfig)
    return activation in (dtypes.quint8, dtypes.uint8) and weight in (dtypes.qint8, dtypes.int8) and dynamic


def get_quant_type(qconfig: Any) -> QuantType:
    """The kind of quantization. Raises Exception for dtypes that do not go together."""
    activation, weight, dynamic = get_qconfig_dtypes(qconfig)
    integers = (*_BYTES, dtypes.quint4x2, dtypes.qint32, *_WIDE, *_FLOAT8)
    if weight in integers:
        if dynamic:
            return QuantType.DYNAMIC
        return QuantType.STATIC if activation in integers else QuantType.WEIGHT_ONLY
    if weight is dtypes.float16 and (dynamic or activation is dtypes.float16):
        return QuantType.DYNAMIC if dynamic else QuantType.STATIC
    raise Exception(f"Unrecognized dtype combination in get_quant_type: activation({activation}),weight({weight})")

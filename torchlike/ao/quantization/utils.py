"""What the files of this folder have in common: ranges of integers, schemes, checks."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine_float_qparams, qscheme
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.parametrize import is_parametrized
from torchlike.tensor import Tensor

RANGES: dict[Any, tuple[int, int]] = {
    dtypes.qint8: (-128, 127), dtypes.int8: (-128, 127), dtypes.quint8: (0, 255), dtypes.uint8: (0, 255),
    dtypes.qint32: (-(2**31), 2**31 - 1), dtypes.int32: (-(2**31), 2**31 - 1), dtypes.int16: (-(2**15), 2**15 - 1),
    dtypes.uint16: (0, 2**16 - 1), dtypes.quint4x2: (0, 15),
}  # fmt: skip


def is_per_tensor(scheme: qscheme) -> bool:
    """Whether one scale is for the whole tensor."""
    return not scheme.per_channel


def is_per_channel(scheme: qscheme) -> bool:
    """Whether each channel has its own scale."""
    return scheme.per_channel


def is_float_qparams(scheme: qscheme) -> bool:
    return scheme is per_channel_affine_float_qparams


def validate_qmin_qmax(quant_min: int, quant_max: int) -> None:
    """Raises AssertionError unless 0 lies within a range that is not empty."""
    if not quant_min <= 0 <= quant_max:
        raise AssertionError("Used-specified quantization range must include 0.")
    if quant_min >= quant_max:
        raise AssertionError("qmin must be strictly less than qmax for user-specified quantization range.")


def calculate_qmin_qmax(
    quant_min: int | None, quant_max: int | None, has_customized_qrange: bool, dtype: Any, reduce_range: bool
) -> tuple[int, int]:
    """The integers to use: those of `dtype`, with `reduce_range` one bit less, or what the user says."""
    if has_customized_qrange:
        low, high = int(quant_min or 0), int(quant_max or 0)
        validate_qmin_qmax(low, high)
        return (low // 2, high // 2) if reduce_range else (low, high)
    low, high = RANGES[dtype]
    return (low // 2, high // 2) if reduce_range and high - low == 255 else (low, high)


def check_min_max_valid(min_val: Tensor, max_val: Tensor) -> bool:
    """Whether a range was observed. Warns where none was; raises AssertionError for one that is upside down."""
    if min_val.numel() == 0 or max_val.numel() == 0:
        warnings.warn("must run observer before calling calculate_qparams. Returning default values.", stacklevel=3)
        return False
    low, high = min_val.detach().numpy(), max_val.detach().numpy()
    if low.ndim == 0 and low == float("inf") and high == float("-inf"):
        warnings.warn("must run observer before calling calculate_qparams. Returning default values.", stacklevel=3)
        return False
    if (low > high).any():
        raise AssertionError(f"min {low} should be less than max {high}")
    return True


def has_no_children_ignoring_parametrizations(module: Module) -> bool:
    """Whether a module is a leaf."""
    children = dict(module.named_children())
    return not children or (len(children) == 1 and is_parametrized(module))


def get_combined_dict(default_dict: dict, additional_dict: dict) -> dict:
    """Both, the second winning."""
    return {**default_dict, **additional_dict}


def to_underlying_dtype(qdtype: Any) -> Any:
    """The dtype of the integers of a quantized dtype."""
    return {dtypes.quint8: dtypes.uint8, dtypes.qint8: dtypes.int8, dtypes.qint32: dtypes.int32}[qdtype]


def get_qparam_dict(observer_or_fake_quant: Any) -> dict[str, Any]:
    """What an observer found, by name: qscheme, dtype, scale, zero_point and the rest."""
    found: dict[str, Any] = {
        "qscheme": getattr(observer_or_fake_quant, "qscheme", None), "dtype": observer_or_fake_quant.dtype
    }  # fmt: skip
    for name in ("quant_min", "quant_max"):
        if hasattr(observer_or_fake_quant, name):
            found[name] = getattr(observer_or_fake_quant, name)
    if found["qscheme"] is not None:
        found["scale"], found["zero_point"] = observer_or_fake_quant.calculate_qparams()
        if found["qscheme"].per_channel:
            found["axis"] = observer_or_fake_quant.ch_axis
    return found

"""Ranges of integers and of values, and what schemes say."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine_float_qparams, qscheme
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

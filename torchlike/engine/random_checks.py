"""What the integer and multinomial draws accept: torch's bounds per dtype, its roundings of them, and its errors."""

from __future__ import annotations

import ml_dtypes
import numpy as np

_DIGITS = {np.dtype(np.float16): 11, np.dtype(ml_dtypes.bfloat16): 8, np.dtype(np.float32): 24, np.dtype(np.float64): 53}
_WIDE_SPAN = 1 << 28  # from this span on, an integer takes two draws
_C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int",
    "int64": "long", "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
}  # fmt: skip


def integer_range(dtype: np.dtype, low: int, high: int | None) -> tuple[int, int, bool]:
    """The lowest integer to draw, how many there are, and whether each takes two draws.

    Raises:
        RuntimeError: if [low, high) is empty or does not fit the dtype.
    """
    largest = _largest(dtype)
    if high is None and low == 0:
        return 0, largest + 1, dtype in (np.int64, np.uint64, np.float64)
    if high is None:
        high = largest + 1
    else:
        _check_order(low, high, "")
        if dtype in _DIGITS:
            low, high = _representable(low, high, dtype)
            _check_order(low, high, " casted to dtype")
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if not _fits(bound, dtype, largest):
            raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[dtype.name]}")
    return low, high - low, high - low >= _WIDE_SPAN


def _check_order(low: int, high: int, cast: str) -> None:
    if low >= high:
        raise RuntimeError(f"random_ expects 'from'{cast} to be less than 'to'{cast}, but got from={low} >= to={high}")


def _largest(dtype: np.dtype) -> int:
    if dtype == np.bool_:
        return 1
    return 2 ** _DIGITS[dtype] if dtype in _DIGITS else int(np.iinfo(dtype).max)


def _fits(bound: int, dtype: np.dtype, largest: int) -> bool:
    if dtype in _DIGITS:
        return dtype != np.float16 or abs(bound) <= 65504
    lowest = 0 if dtype.kind in "bu" else -largest - 1
    return lowest <= bound <= largest


def _representable(low: int, high: int, dtype: np.dtype) -> tuple[int, int]:
    """Bounds moved inwards to where rounding to the floating dtype cannot leave [low, high)."""
    digits = _DIGITS[dtype]
    rounded = _there_and_back(low + 1, dtype)
    if rounded < low:
        low = rounded + (1 << max(abs(low + 1).bit_length() - digits, 0))
    rounded = _there_and_back(high - 1, dtype)
    if rounded >= high:
        high = rounded - (1 << max(abs(high - 1).bit_length() - digits, 0))
    return low, high


def _there_and_back(value: int, dtype: np.dtype) -> int:
    """int64 to the floating dtype and back as x86 does it: what does not fit becomes the lowest int64."""
    with np.errstate(over="ignore"):
        rounded = float(np.float64(value) if dtype == np.float64 else np.float32(value).astype(dtype))
    return int(rounded) if abs(rounded) < 2.0**63 else -(2**63)


def check_multinomial(weights: np.ndarray, count: int, replacement: bool) -> None:
    """Raise torch's RuntimeError for weights that are no distribution or a count that cannot be drawn."""
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    finite = np.isfinite(weights).all()
    positive = (weights >= 0).all()  # not NaN either
    if replacement and count > 1:
        if not positive:
            raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
        if not finite:
            raise RuntimeError("invalid multinomial distribution (encountering probability entry = infinity or NaN)")
    elif not (positive and finite):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.astype(np.float64).sum(-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")

"""Causal masks for queries and keys of different numbers."""

from __future__ import annotations

import warnings
from enum import IntEnum, auto
from typing import Any

from torchlike.tensor import Tensor, creation

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """Where the diagonal of a causal mask begins or ends: in the upper left or in the lower right corner."""

    UPPER_LEFT = auto()
    LOWER_RIGHT = auto()


class CausalBias(Tensor):
    """A causal mask `(seq_len_q, seq_len_kv)` for `scaled_dot_product_attention`: True where attention is allowed.

    In torch it is a mark for a kernel; here it is the mask itself. Rows that see nothing give zeros (in torch, nan).
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> Any:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant).__name__}")
        self = object.__new__(cls)
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv
        self._become(self._materialize())
        if seq_len_q > seq_len_kv and variant == CausalVariant.LOWER_RIGHT:
            warnings.warn("Lower right causal bias will produce NaNs in the output when seq_len_q > seq_len_kv!", stacklevel=2)
        return self

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        pass

    def _materialize(self, device: Any = None) -> Any:
        ones: Any = creation.full((self.seq_len_q, self.seq_len_kv), True, device=device)
        return ones.tril(self.seq_len_kv - self.seq_len_q if self.variant == CausalVariant.LOWER_RIGHT else 0)

    def __repr__(self) -> str:
        return repr(self._materialize())


def _of(variant: CausalVariant, size: tuple[int, ...]) -> CausalBias:
    if len(size) != 2:
        raise AssertionError(f"causal_{variant.name.lower()} only supports 2D tensors")
    return CausalBias(variant, *size)


def causal_upper_left(*size: int) -> CausalBias:
    """The mask `(seq_len_q, seq_len_kv)` by which the i-th query sees the first i + 1 keys."""
    return _of(CausalVariant.UPPER_LEFT, size)


def causal_lower_right(*size: int) -> CausalBias:
    """The mask `(seq_len_q, seq_len_kv)` by which the last query sees all keys, and each earlier one a key less."""
    return _of(CausalVariant.LOWER_RIGHT, size)

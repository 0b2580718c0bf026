"""LSTM on integers."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.quantizable.modules import rnn
from torchlike.ao.nn.quantizable.modules.steps import converted, no_conversion

__all__ = ["LSTM"]


class LSTM(rnn.LSTM):
    """`nn.LSTM` on integers, each step of it: what `convert` makes of `nn.quantizable.LSTM`."""

    _FLOAT_MODULE: ClassVar[Any] = rnn.LSTM

    def _get_name(self) -> str:
        return "QuantizedLSTM"

    @classmethod
    def from_float(cls, *args: Any, **kwargs: Any) -> Any:
        raise no_conversion("LSTM", "non-observed")

    @classmethod
    def from_observed(cls, other: Any) -> Any:
        """Made of a calibrated one. Raises AssertionError for another class."""
        if not isinstance(other, cls._FLOAT_MODULE):
            raise AssertionError(f"Expected module type {cls._FLOAT_MODULE}, got {type(other)}")
        return converted(other, cls)

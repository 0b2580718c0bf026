"""LSTM and attention of single layers."""

from __future__ import annotations

from torchlike.ao.nn.quantizable.modules.activation import MultiheadAttention
from torchlike.ao.nn.quantizable.modules.rnn import LSTM, LSTMCell

__all__ = ["LSTM", "LSTMCell", "MultiheadAttention"]

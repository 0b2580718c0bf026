"""Layers of floats with int8 weights."""

from __future__ import annotations

from torchlike.ao.nn.quantized.dynamic.modules.linear import Linear
from torchlike.ao.nn.quantized.dynamic.modules.rnn import GRU, LSTM, GRUCell, LSTMCell, RNNCell

__all__ = ["GRU", "LSTM", "GRUCell", "LSTMCell", "Linear", "RNNCell"]

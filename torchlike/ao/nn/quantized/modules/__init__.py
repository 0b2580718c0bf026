"""Layers on integers."""

from __future__ import annotations

from torchlike.ao.nn.quantized.modules.activation import ELU, Hardswish, LeakyReLU, PReLU, ReLU6, Sigmoid, Softmax
from torchlike.ao.nn.quantized.modules.attention import MultiheadAttention
from torchlike.ao.nn.quantized.modules.batchnorm import BatchNorm2d, BatchNorm3d
from torchlike.ao.nn.quantized.modules.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from torchlike.ao.nn.quantized.modules.dropout import Dropout
from torchlike.ao.nn.quantized.modules.embedding_ops import Embedding, EmbeddingBag
from torchlike.ao.nn.quantized.modules.functional_modules import FloatFunctional, FXFloatFunctional, QFunctional
from torchlike.ao.nn.quantized.modules.linear import Linear
from torchlike.ao.nn.quantized.modules.normalization import (
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
)
from torchlike.ao.nn.quantized.modules.quantize import DeQuantize, Quantize
from torchlike.ao.nn.quantized.modules.rnn import LSTM

__all__ = [
    "ELU", "LSTM", "BatchNorm2d", "BatchNorm3d", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d",
    "ConvTranspose3d", "DeQuantize", "Dropout", "Embedding", "EmbeddingBag", "FXFloatFunctional", "FloatFunctional",
    "GroupNorm", "Hardswish", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "LeakyReLU", "Linear",
    "MultiheadAttention", "PReLU", "QFunctional", "Quantize", "ReLU6", "Sigmoid", "Softmax",
]  # fmt: skip

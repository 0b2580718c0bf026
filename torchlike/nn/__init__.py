"""torch.nn: modules, their functional forms, initial values and helpers."""

from __future__ import annotations

from torchlike.nn import functional, init, modules, parameter, utils
from torchlike.nn.modules import *
from torchlike.nn.modules import __all__ as _layers
from torchlike.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "functional", "init", "modules", "parameter",
    "utils", *_layers,
]  # fmt: skip

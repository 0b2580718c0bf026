"""torch.nn: modules, their functional forms, initial values and helpers."""

from __future__ import annotations

from torchlike.nn import _reduction, attention, common_types, functional, grad, init, modules, parallel, parameter, utils
from torchlike.nn.modules import *
from torchlike.nn.modules import __all__ as _layers
from torchlike.nn.modules.utils import factory_kwargs
from torchlike.nn.parallel import DataParallel
from torchlike.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer", "DataParallel", "Parameter", "UninitializedBuffer", "UninitializedParameter", "attention", "common_types",
    "factory_kwargs", "functional", "grad", "init", "modules", "parallel", "parameter", "utils", *_layers,
]  # fmt: skip

"""torch.nn: modules, their functional forms, initial values and helpers."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any as _Any

from torchlike.base.errors import absent as _absent
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

# Older names of what lies in torchlike.ao, which stands above: loaded when first used.
_LAZY = frozenset(("intrinsic", "qat", "quantizable", "quantized"))
_missing = _absent("torch.nn")


def __getattr__(name: str) -> _Any:
    return _import_module(f"torchlike.nn.{name}") if name in _LAZY else _missing(name)

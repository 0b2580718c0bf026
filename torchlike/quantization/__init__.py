"""`torch.quantization`: the older name of `torch.ao.quantization`, and of its modules."""

from __future__ import annotations

import sys
from importlib import import_module

from torchlike.ao.quantization import *
from torchlike.base.errors import absent

for _name in (
    "fake_quantize", "fuse_modules", "fuser_method_mappings", "observer", "qconfig", "quant_type", "quantization_mappings",
    "quantize", "stubs", "utils",
):  # fmt: skip
    _module = sys.modules[f"{__name__}.{_name}"] = import_module(f"torchlike.ao.quantization.{_name}")
    globals().setdefault(_name, _module)  # functions of the same name come first, as in torch

__getattr__ = absent("torch.quantization")

"""`torch._C`: the few names of torch's compiled library that Python libraries read."""

from __future__ import annotations

from typing import Any

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.errors import absent
from torchlike.base.layout import memory_format
from torchlike.base.size import Size
from torchlike.nn import functional as _nn
from torchlike.tensor import Tensor
from torchlike.tensor.random import Generator

__all__ = ["Generator", "Size", "device", "dtype", "memory_format"]

TensorBase = _TensorBase = Tensor
_has_mps = _has_mkldnn = _has_xpu = False


class Value:
    """A value of TorchScript's graphs; there are none."""


class Graph:
    """A graph of TorchScript; there are none."""


def _get_privateuse1_backend_name() -> str:
    return "privateuseone"


def _log_api_usage_once(event: str) -> None:
    """Nothing: no usage is reported."""


def _get_tracing_state() -> None:
    """None: nothing is traced into TorchScript."""
    return


def _is_torch_function_enabled() -> bool:
    return True


class DisableTorchFunctionSubclass:
    """A context in which tensors of subclasses count as plain ones; they are wherever no class asks otherwise."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass


DisableTorchFunction = DisableTorchFunctionSubclass


def _jit_switch(*values: Any) -> None:
    """Takes a setting of TorchScript's executor, which is not here."""


_jit_set_profiling_executor = _jit_set_profiling_mode = _jit_override_can_fuse_on_gpu = _jit_switch
_jit_override_can_fuse_on_cpu = _jit_set_texpr_fuser_enabled = _jit_set_nvfuser_enabled = _jit_switch

__getattr__ = absent("torch._C")

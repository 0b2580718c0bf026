"""`torch._C`: the few names of torch's compiled library that Python libraries read."""

from __future__ import annotations

from typing import Any

from torchlike import aten, fft, linalg, special
from torchlike._C.script import SIMPLE, Block, Graph, JitType, Node, Value
from torchlike._library.operator import namespace
from torchlike.autograd.grad_mode import is_grad_enabled
from torchlike.autograd.variable import ImperativeEngine as _ImperativeEngine
from torchlike.base.device import default_device, device
from torchlike.base.dtypes import dtype
from torchlike.base.errors import absent, missing
from torchlike.base.layout import memory_format
from torchlike.base.size import Size
from torchlike.nn import functional
from torchlike.nn.modules.conversion import _parse_to as _arguments_of_to
from torchlike.tensor import Tensor
from torchlike.tensor.random import Generator

__all__ = ["Generator", "Size", "device", "dtype", "is_grad_enabled", "memory_format"]

TensorBase = _TensorBase = Tensor
globals().update(SIMPLE)  # IntType, TensorType ...


class _Library:
    """Functions of a public module by the names that they have in torch's compiled one: `_fft.fft_rfft` is `fft.rfft`.

    Args:
        space: the module.
        prefix: what their names there begin with.
        others: names that differ otherwise.
    """

    def __init__(self, space: Any, prefix: str = "", **others: str):
        self._space, self._prefix, self._others = space, prefix, others

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._space, self._others.get(name, name.removeprefix(self._prefix)))


def _parse_to(*args: Any, **kwargs: Any) -> tuple:
    """What `Module.to`'s arguments mean: device, dtype, non_blocking and memory format."""
    where, kind, options = _arguments_of_to(*args, **kwargs)
    return where, kind, options.get("non_blocking", False), options.get("memory_format")


_nn = _Library(functional, log_sigmoid="logsigmoid")
vars(_nn)["_parse_to"] = _parse_to
_linalg, _fft, _special = _Library(linalg, "linalg_"), _Library(fft, "fft_"), _Library(special, "special_")
_TensorMeta = type(Tensor)
_has_mps = _has_mkldnn = _has_xpu = False


class PyTorchFileReader:
    """Reads torch's archives in its compiled library. Making one raises NotImplementedError: `torch.load` reads them."""

    def __init__(self, *args: Any):
        raise missing(f"torch.{type(self).__name__}", "torch.load and torch.save read and write whole files")


class PyTorchFileWriter(PyTorchFileReader):
    """Writes torch's archives. Making one raises NotImplementedError: `torch.save` writes them."""


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
_jit_set_autocast_mode = _jit_set_bailout_depth = _jit_set_nvfuser_guard_mode = _jit_switch
_GLIBCXX_USE_CXX11_ABI = True


def _jit_can_fuse_on_cpu() -> bool:
    """False: TorchScript's fuser is not here."""
    return False


_jit_can_fuse_on_gpu = _jit_can_fuse_on_cpu


def _jit_get_operation(op_name: str) -> tuple[Any, list[str] | None]:
    """The operator "namespace::name" as a function, and the names of its overloads; (None, None) where there is none."""
    place, _, name = op_name.partition("::")
    space = aten if place == "aten" else namespace(place)
    try:
        found = getattr(space, name)
    except AttributeError:
        return None, None
    return found, ["" if overload == "default" else overload for overload in found.overloads()]


def _get_cudnn_enabled() -> bool:
    """Whether cuDNN may be used; XLA decides."""
    return True


def _get_default_device() -> str:
    """The kind of device that new tensors go to."""
    return default_device().type


def _disabled_torch_function_impl(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """A `__torch_function__` that just calls the function."""
    return func(*args, **(kwargs or {}))


class ScriptObject:
    """An object of a class registered in C++; there are none."""


class _DisableTorchDispatch(DisableTorchFunctionSubclass):
    """A context; nothing is dispatched to Python but by `TorchFunctionMode`."""


_TensorMeta = type(Tensor)

__getattr__ = absent("torch._C")

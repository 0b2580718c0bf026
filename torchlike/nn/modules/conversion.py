"""What is done to all of a module's tensors at once: moving, converting, training mode, gradients."""

from __future__ import annotations

import builtins
import copy
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.device import device as device_type
from torchlike.base.dtypes import bfloat16, dtype, float16, float32, float64
from torchlike.nn.modules.state_dict import ModuleState
from torchlike.tensor import Tensor, creation

T = TypeVar("T", bound="ModuleConversion")


class ModuleConversion(ModuleState):
    """The part of `Module` that changes all parameters and buffers together."""

    def apply(self: T, fn: Callable[[Any], None]) -> T:
        """Call `fn` with every submodule, children first, and with this module last. Returns self."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self: T, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> T:
        """Replace the data of every parameter, gradient and buffer by `fn` of it; the Parameter objects stay."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            grad = parameter.grad
            with no_grad():
                changed = fn(parameter)
                new_grad = None if grad is None else fn(grad)
            if changed is not parameter:
                parameter.grad = None  # a gradient of the old dtype or device would not fit the new data
                parameter.data = changed
                parameter.grad = None if new_grad is None else new_grad.requires_grad_(grad.requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: T, *args: Any, **kwargs: Any) -> T:
        """Move to a device and convert to a floating dtype: `to(device)`, `to(dtype)`, `to(device, dtype)`, `to(tensor)`.

        Integer parameters and buffers keep their dtype. Changes the module in place and returns it.

        Raises:
            TypeError: for a dtype that is neither floating nor complex.
        """
        where, kind, options = _parse_to(*args, **kwargs)
        if kind is not None and not (kind.is_floating_point or kind.is_complex):
            raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={kind}")
        if kind is not None and kind.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may change, "
                "and some modules might not work as expected when using complex tensors as parameters or buffers.",
                stacklevel=2,
            )
        memory_format = options.pop("memory_format", None)

        def convert(tensor: Tensor) -> Tensor:
            wanted = kind if tensor.is_floating_point() or tensor.is_complex() else None
            if memory_format is not None and tensor.dim() in (4, 5):
                return tensor.to(where, wanted, memory_format=memory_format, **options)
            return tensor.to(where, wanted, **options)

        return self._apply(convert)

    def cuda(self: T, device: Any = None) -> T:
        """Move to a GPU."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def xpu(self: T, device: Any = None) -> T:
        """Move to an Intel GPU. Raises RuntimeError: JAX knows no such devices."""
        return self._to_index("xpu", device)

    def mtia(self: T, device: Any = None) -> T:
        """Move to an MTIA device. Raises RuntimeError: JAX knows no such devices."""
        return self._to_index("mtia", device)

    def ipu(self: T, device: Any = None) -> T:
        """Move to an IPU. Raises RuntimeError: JAX knows no such devices."""
        return self._to_index("ipu", device)

    def _to_index(self: T, kind: str, index: Any) -> T:
        where = device_type(kind) if index is None else device_type(kind, index) if isinstance(index, int) else index
        return self._apply(lambda tensor: tensor.to(where))

    def cpu(self: T) -> T:
        """Move to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def type(self: T, dst_type: dtype | str) -> T:
        """Convert every parameter and buffer, integers too, to `dst_type`."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def _to_float(self: T, kind: dtype) -> T:
        return self._apply(lambda tensor: tensor.to(kind) if tensor.is_floating_point() else tensor)

    def float(self: T) -> T:
        """Convert floating parameters and buffers to float32."""
        return self._to_float(float32)

    def double(self: T) -> T:
        """Convert floating parameters and buffers to float64."""
        return self._to_float(float64)

    def half(self: T) -> T:
        """Convert floating parameters and buffers to float16."""
        return self._to_float(float16)

    def bfloat16(self: T) -> T:
        """Convert floating parameters and buffers to bfloat16."""
        return self._to_float(bfloat16)

    def to_empty(self: T, *, device: Any, recurse: bool = True) -> T:
        """Move to `device` without copying: what the tensors then hold is undefined."""
        return self._apply(lambda tensor: creation.empty_like(tensor, device=device), recurse=recurse)

    def share_memory(self: T) -> T:
        """Mark every parameter and buffer as shared between processes."""
        return self._apply(lambda tensor: tensor.share_memory_())

    def train(self: T, mode: bool = True) -> T:
        """Set training mode on this module and all below it (dropout and batch normalization act differently in it).

        Raises:
            ValueError: where `mode` is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: T) -> T:
        """Set evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self: T, requires_grad: bool = True) -> T:
        """Whether backward computes gradients for this module's parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                _ = grad.detach_() if grad.grad_fn is not None else grad.requires_grad_(False)
                grad.zero_()

    def _replicate_for_data_parallel(self: T) -> T:
        """A module that shares everything with this one but its dictionaries, and is nobody's parameter holder."""
        twin = self.__new__(builtins.type(self))
        twin.__dict__ = self.__dict__.copy()
        twin._parameters = {}
        twin._buffers = copy.copy(twin._buffers)
        twin._modules = copy.copy(twin._modules)
        twin._is_replica = True
        return twin


def _parse_to(
    *args: Any, device: Any = None, dtype: Any = None, tensor: Any = None, **options: Any
) -> tuple[Any, Any, dict[str, Any]]:
    """The device, dtype and other options that the arguments of `to` mean."""
    for value in args:
        if isinstance(value, Tensor):
            tensor = value
        elif isinstance(value, _DTYPE):
            dtype = value
        elif isinstance(value, bool):
            options["non_blocking"] = value
        elif value is not None:
            device = value
    if tensor is not None:
        device, dtype = tensor.device, tensor.dtype
    return (None if device is None else device_type(device)), dtype, options


_DTYPE = dtype

"""`Module`: what every layer and every model derives from."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.device import device as device_type
from torchlike.base.dtypes import bfloat16, dtype, float16, float32, float64
from torchlike.base.errors import missing
from torchlike.base.hooks import RemovableHandle
from torchlike.nn.modules import hooks as hook_table
from torchlike.nn.modules.hooks import (
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    add_hook,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torchlike.nn.modules.state_dict import ModuleState, _IncompatibleKeys
from torchlike.tensor import Tensor, creation

__all__ = [
    "Module",
    "RemovableHandle",
    "_IncompatibleKeys",
    "_global_buffer_registration_hooks",
    "_global_forward_hooks_always_called",
    "_global_forward_hooks_with_kwargs",
    "_global_module_registration_hooks",
    "_global_parameter_registration_hooks",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

T = TypeVar("T", bound="Module")


def _forward_unimplemented(self: Module, *input: Any) -> None:
    """Compute the module's output; every subclass defines it.

    Raises:
        NotImplementedError: here, where a subclass did not.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(ModuleState):
    """Base class of all layers and models.

    Assign parameters (`Parameter`), buffers (`Buffer`, `register_buffer`) and other modules as attributes and write `forward`.

    Example:
        >>> import torchlike as torch
        >>> class Net(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = torch.nn.Linear(2, 3)
        ...     def forward(self, x):  # (B, 2) -> (B, 3)
        ...         return self.layer(x).relu()
        >>> Net()(torch.ones(4, 2)).shape
        torch.Size([4, 3])
    """

    dump_patches: bool = False
    call_super_init: bool = False
    _is_full_backward_hook: bool | None
    _backward_pre_hooks: OrderedDict[int, Callable]
    _backward_hooks: OrderedDict[int, Callable]
    _forward_hooks: OrderedDict[int, Callable]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Callable]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            init = f"{type(self).__name__}.__init__()"
            if kwargs:
                raise TypeError(f"{init} got an unexpected keyword argument '{next(iter(kwargs))}'")
            raise TypeError(f"{init} takes 1 positional argument but {len(args) + 1} were given")
        self.__dict__.update(_fresh_state())
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # On the path of every step: nothing but these tests stands between the caller and `forward`.
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
            or _global_backward_hooks
            or _global_backward_pre_hooks
        ):
            return hook_table.call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        return Module.__call__(self, *args, **kwargs)

    # --- hooks -------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` (or `hook(module, args, kwargs)`) before forward; it may return other arguments."""
        marks = (self._forward_pre_hooks_with_kwargs,) if with_kwargs else ()
        return add_hook(self._forward_pre_hooks, hook, prepend=prepend, marks=marks)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` (or with `kwargs` third) after forward; it may return another output.

        Args:
            prepend: before the hooks that are there already.
            always_call: also where something raised, with None as the output.
        """
        marks = [self._forward_hooks_with_kwargs] * with_kwargs + [self._forward_hooks_always_called] * always_call
        return add_hook(self._forward_hooks, hook, prepend=prepend, marks=tuple(marks))

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are known; it may return others."""
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; it may return others.

        Raises:
            RuntimeError: where the module has a hook of the deprecated kind.
        """
        return self._add_backward_hook(hook, prepend, full=True)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Deprecated form of `register_full_backward_hook`, which sees only the last op of forward."""
        return self._add_backward_hook(hook, False, full=False)

    def _add_backward_hook(self, hook: Callable[..., Any], prepend: bool, full: bool) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def _get_backward_hooks(self) -> tuple[list[Callable], list[Callable]]:
        return hook_table.backward_hooks(self)

    def _get_backward_pre_hooks(self) -> list[Callable]:
        return hook_table.backward_pre_hooks(self)

    # --- everything at once ------------------------------------------------------------------------------------

    def apply(self: T, fn: Callable[[Module], None]) -> T:
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

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Not there yet: the ordinary loop already becomes one compiled program."""
        raise missing("nn.Module.compile")

    # --- printing, copying -------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses when the module is printed; for subclasses to override."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {_indent(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A module pickled by an older version lacks what came later.
        self.__dict__.update({**_fresh_state(), **state})


def _fresh_state() -> dict[str, Any]:
    return {
        "training": True,
        "_parameters": {},
        "_buffers": {},
        "_non_persistent_buffers_set": set(),
        "_backward_pre_hooks": OrderedDict(),
        "_backward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_forward_hooks": OrderedDict(),
        "_forward_hooks_with_kwargs": OrderedDict(),
        "_forward_hooks_always_called": OrderedDict(),
        "_forward_pre_hooks": OrderedDict(),
        "_forward_pre_hooks_with_kwargs": OrderedDict(),
        "_state_dict_hooks": OrderedDict(),
        "_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_post_hooks": OrderedDict(),
        "_modules": {},
    }


def _indent(text: str) -> str:
    """`text` with every line but the first moved two to the right."""
    return text.replace("\n", "\n  ")


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

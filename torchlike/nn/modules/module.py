"""`Module`: what every layer and every model derives from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from torchlike.base.errors import missing
from torchlike.base.hooks import RemovableHandle
from torchlike.nn.modules import hooks as hook_table
from torchlike.nn.modules.conversion import ModuleConversion
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
from torchlike.nn.modules.state_dict import _EXTRA_STATE_KEY_SUFFIX, _IncompatibleKeys
from torchlike.nn.parameter import Buffer, Parameter

__all__ = [
    "_EXTRA_STATE_KEY_SUFFIX",
    "Buffer",
    "Module",
    "Parameter",
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
_has_any_global_hook = hook_table.has_any_global_hook


def _forward_unimplemented(self: Module, *input: Any) -> None:
    """Compute the module's output; every subclass defines it.

    Raises:
        NotImplementedError: here, where a subclass did not.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


# `torch.compile` stands above this package: whoever provides it puts it here, under "compile".
_compilers: dict[str, Callable[..., Any]] = {}


class Module(ModuleConversion):
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
    _compiled_call_impl: Callable[..., Any] | None = None
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
        if self._compiled_call_impl is not None:
            return self._compiled_call_impl(*args, **kwargs)
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

    _wrapped_call_impl = __call__

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """A call that no compilation stands before."""
        return hook_table.call_with_hooks(self, args, kwargs)

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

    # --- compiling ---------------------------------------------------------------------------------------------

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Let calls of this module go through `torch.compile`, which gets the arguments; the module stays what it is.

        Raises:
            NotImplementedError: where there is no `torch.compile`. The ordinary loop is a compiled program without it.
        """
        if _compilers.get("compile") is None:
            raise missing("torch.compile", "nn.Module.compile needs it; the ordinary loop is one compiled program without it")
        self._compiled_call_impl = _compilers["compile"](self._call_impl, *args, **kwargs)

    # --- printing, copying -------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses when the module is printed; for subclasses to override."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {_addindent(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)  # a program is no state
        return state

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


def _addindent(text: str, indent: int = 2) -> str:
    """`text` with every line but the first moved to the right."""
    return text.replace("\n", "\n" + " " * indent)

"""Hooks of modules: handles, the hooks that concern every module, and what a call does where there are hooks."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from torchlike.base.hooks import RemovableHandle
from torchlike.nn.modules.backward_hook import BackwardHook, attach_to_grad_fn
from torchlike.tensor import Tensor

if TYPE_CHECKING:
    from torchlike.nn.modules.module import Module


def add_hook(
    hooks: OrderedDict, hook: Callable, *, prepend: bool = False, marks: tuple[OrderedDict, ...] = ()
) -> RemovableHandle:
    """Put `hook` into `hooks`, at the front if asked, and its id into every dictionary of `marks`."""
    handle = RemovableHandle(hooks, extra_dict=list(marks))
    hooks[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


# --- hooks that concern every module ---------------------------------------------------------------------------

_global_forward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_forward_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_backward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_backward_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_is_full_backward_hook: bool | None = None
_global_buffer_registration_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_module_registration_hooks: OrderedDict[int, Callable] = OrderedDict()
_global_parameter_registration_hooks: OrderedDict[int, Callable] = OrderedDict()


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, buffer)` whenever a buffer is registered; its result, unless None, replaces it."""
    return add_hook(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, submodule)` whenever a submodule is registered; its result, unless None, replaces it."""
    return add_hook(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, parameter)` whenever a parameter is registered; its result, unless None, replaces it."""
    return add_hook(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook: Callable[..., None]) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward, ahead of the module's own hooks."""
    return add_hook(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Callable[..., None], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward, ahead of the module's own hooks."""
    marks = [_global_forward_hooks_with_kwargs] * with_kwargs + [_global_forward_hooks_always_called] * always_call
    return add_hook(_global_forward_hooks, hook, marks=tuple(marks))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` before the gradients of every module's inputs are computed."""
    return add_hook(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` once the gradients of every module's inputs are known.

    Raises:
        RuntimeError: where the deprecated kind of global backward hook is in use.
    """
    return _add_global_backward_hook(hook, full=True)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Deprecated form of `register_module_full_backward_hook`, which sees only the last op of each forward."""
    return _add_global_backward_hook(hook, full=False)


def _add_global_backward_hook(hook: Callable[..., Any], full: bool) -> RemovableHandle:
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = full
    return add_hook(_global_backward_hooks, hook)


def has_any_global_hook() -> bool:
    """Whether a hook concerns the calls of every module."""
    return bool(_global_forward_hooks or _global_forward_pre_hooks or _global_backward_hooks or _global_backward_pre_hooks)


# --- a call with hooks -----------------------------------------------------------------------------------------


def backward_hooks(module: Module) -> tuple[list[Callable], list[Callable]]:
    """The full and the deprecated backward hooks that concern `module`."""
    found: tuple[list, list] = [], []
    if _global_backward_hooks:
        found[not _global_is_full_backward_hook].extend(_global_backward_hooks.values())
    if module._backward_hooks:
        found[not module._is_full_backward_hook].extend(module._backward_hooks.values())
    return found


def backward_pre_hooks(module: Module) -> list[Callable]:
    """The backward pre-hooks that concern `module`."""
    return [*_global_backward_pre_hooks.values(), *module._backward_pre_hooks.values()]


def call_with_hooks(module: Module, args: tuple, kwargs: dict) -> Any:
    """Forward with every hook around it; hooks of `always_call` run even where something raised."""
    called: set[int] = set()
    try:
        return _call(module, args, kwargs, called)
    except Exception:
        _call_always(module, args, kwargs, called)
        raise


def _call(module: Module, args: tuple, kwargs: dict, called: set[int]) -> Any:
    args, kwargs = _before_forward(module, args, kwargs)
    full, plain = backward_hooks(module)
    pre = backward_pre_hooks(module)
    backward = BackwardHook(module, full, pre) if full or pre else None
    if backward is not None:
        args = backward.setup_input_hook(args)
    result = module.forward(*args, **kwargs)
    for key, hook, with_kwargs, always in _forward_hooks(module):
        if always:
            called.add(key)
        replaced = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        if replaced is not None:
            result = replaced
    if backward is not None:
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=4,
            )
        result = backward.setup_output_hook(result)
    if plain:
        attach_to_grad_fn(module, plain, args, result)
    return result


def _before_forward(module: Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    for key, hook in [*_global_forward_pre_hooks.items(), *module._forward_pre_hooks.items()]:
        if key in module._forward_pre_hooks_with_kwargs:
            both = hook(module, args, kwargs)
            if both is None:
                continue
            if not isinstance(both, tuple) or len(both) != 2:
                raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}.")
            args, kwargs = both
        else:
            replaced = hook(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
    return args, kwargs


def _forward_hooks(module: Module) -> Iterator[tuple[int, Callable, bool, bool]]:
    """(id, hook, wants kwargs, is always called) of every forward hook, the global ones first."""
    for key, hook in list(_global_forward_hooks.items()):
        yield key, hook, key in _global_forward_hooks_with_kwargs, key in _global_forward_hooks_always_called
    for key, hook in list(module._forward_hooks.items()):
        yield key, hook, key in module._forward_hooks_with_kwargs, key in module._forward_hooks_always_called


def _call_always(module: Module, args: tuple, kwargs: dict, called: set[int]) -> None:
    """After an error: the `always_call` hooks that did not run yet, with no output to show them."""
    for key, hook, with_kwargs, always in _forward_hooks(module):
        if not always or key in called:
            continue
        try:
            _ = hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
        except Exception as error:
            warnings.warn(
                "module forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                f"was raised in forward: {error}",
                stacklevel=4,
            )

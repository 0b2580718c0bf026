"""`torch._jit_internal`: where older libraries look for marks of `torch.jit`."""

from __future__ import annotations

from typing import Any, Final, Optional

from torchlike.base.errors import absent
from torchlike.jit import export, ignore, interface, is_scripting, unused

__all__ = ["Final", "Optional", "export", "ignore", "interface", "is_scripting", "unused"]


def boolean_dispatch(
    arg_name: str, arg_index: int, default: bool, if_true: Any, if_false: Any, module_name: str, func_name: str
) -> Any:
    """A function that calls one of two, as one of its arguments says."""

    def fn(*args: Any, **kwargs: Any) -> Any:
        flag = kwargs.get(arg_name, args[arg_index] if len(args) > arg_index else default)
        return (if_true if flag else if_false)(*args, **kwargs)

    return fn


def _copy_to_script_wrapper(fn: Any) -> Any:
    return fn


__getattr__ = absent("torch._jit_internal")

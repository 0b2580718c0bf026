"""Layers that follow each other made one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.ao.quantization.fuser_method_mappings import get_fuser_method
from torchlike.nn.modules.linear import Identity
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.parametrize import type_before_parametrizations

__all__ = ["fuse_known_modules", "fuse_modules", "fuse_modules_qat"]


def fuse_known_modules(mod_list: Sequence[Any], is_qat: bool, additional_fuser_method_mapping: dict | None = None) -> list[Any]:
    """The fused module in the first place, `nn.Identity` in the others.

    Hooks before the first and after the last module go to the fused one.

    Raises:
        AssertionError: for a sequence that nobody knows how to fuse.
    """
    kinds = tuple(type_before_parametrizations(m) for m in mod_list)
    fused = get_fuser_method(kinds, additional_fuser_method_mapping)(is_qat, *mod_list)
    for hook in mod_list[0]._forward_pre_hooks.values():
        fused.register_forward_pre_hook(hook)
    mod_list[0]._forward_pre_hooks.clear()
    for hook in mod_list[-1]._forward_hooks.values():
        fused.register_forward_hook(hook)
    mod_list[-1]._forward_hooks.clear()
    return [fused, *[Identity().train(mod_list[0].training) for _ in mod_list[1:]]]


def _fuse(
    model: Module, modules_to_fuse: Any, is_qat: bool, inplace: bool, fuser_func: Callable, custom: dict | None
) -> Module:
    model = model if inplace else copy.deepcopy(model)
    groups = [modules_to_fuse] if all(isinstance(name, str) for name in modules_to_fuse) else modules_to_fuse
    for names in groups:
        modules = [model.get_submodule(name) for name in names]
        fused = fuser_func(modules, is_qat, (custom or {}).get("additional_fuser_method_mapping", {}))
        for name, module in zip(names, fused, strict=True):
            above, _, last = name.rpartition(".")
            setattr(model.get_submodule(above), last, module)
    return model


def fuse_modules(
    model: Module, modules_to_fuse: Any, inplace: bool = False, fuser_func: Callable = fuse_known_modules,
    fuse_custom_config_dict: dict | None = None,
) -> Module:  # fmt: skip
    """Make one module each of layers that follow each other: conv-bn(-relu), conv-relu, linear-bn, linear-relu, bn-relu.

    Args:
        model: in evaluation mode; a normalization is taken into the weights before it.
        modules_to_fuse: names of submodules, or several lists of them.

    >>> import torchlike as torch
    >>> fuse_modules(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()), ["0", "1"])[1]
    Identity()
    """
    return _fuse(model, modules_to_fuse, False, inplace, fuser_func, fuse_custom_config_dict)


def fuse_modules_qat(
    model: Module, modules_to_fuse: Any, inplace: bool = False, fuser_func: Callable = fuse_known_modules,
    fuse_custom_config_dict: dict | None = None,
) -> Module:  # fmt: skip
    """`fuse_modules` of a model in training mode: normalizations stay, and go on training."""
    return _fuse(model, modules_to_fuse, True, inplace, fuser_func, fuse_custom_config_dict)

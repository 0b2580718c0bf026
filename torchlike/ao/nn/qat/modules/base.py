"""What all layers that train rounded have in common: the check of what they are made from."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule
from torchlike.nn.utils.parametrize import type_before_parametrizations


def checked(cls: Any, mod: Any) -> Any:
    """The layer itself of a float module that `cls` can be made from: of a fused one the first.

    Raises:
        AssertionError: for a module of another class, or without a qconfig.
    """
    kind = type_before_parametrizations(mod)
    if kind != cls._FLOAT_MODULE:
        raise AssertionError(f"qat.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__}, got {kind.__name__}")
    if not hasattr(mod, "qconfig"):
        raise AssertionError("Input float module must have qconfig defined")
    if not mod.qconfig:
        raise AssertionError("Input float module must have a valid qconfig")
    first = mod[0] if isinstance(mod, _FusedModule) else mod
    first.qconfig = mod.qconfig
    return first


def need_qconfig(qconfig: Any) -> Any:
    """`qconfig`. Raises AssertionError where there is none."""
    if not qconfig:
        raise AssertionError("qconfig must be provided for QAT module")
    return qconfig

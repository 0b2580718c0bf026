"""Names for nodes and globals: no two alike, none that Python or the generated code means something else by."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from importlib import import_module
from typing import Any, NamedTuple

from torchlike.base.device import device
from torchlike.utils import _pytree as pytree

_ILLEGAL = re.compile("[^0-9a-zA-Z_]+")
_SUFFIX = re.compile(r"(.*)_(\d+)$")
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")


class _CustomBuiltin(NamedTuple):
    """A name that generated code uses without a definition of its own.

    Attributes:
        import_str: the statement that brings it into a file.
        obj: what it is.
    """

    import_str: str
    obj: Any


def custom_builtins() -> dict[str, _CustomBuiltin]:
    """What the name of each thing is that generated code may always use."""
    return {
        "inf": _CustomBuiltin("from math import inf", math.inf),
        "nan": _CustomBuiltin("from math import nan", math.nan),
        "NoneType": _CustomBuiltin("NoneType = type(None)", type(None)),
        "torch": _CustomBuiltin("import torch", import_module("torchlike")),
        "device": _CustomBuiltin("from torch import device", device),
        "fx_pytree": _CustomBuiltin("import torch.fx._pytree as fx_pytree", import_module("torchlike.fx._pytree")),
        "pytree": _CustomBuiltin("import torch.utils._pytree as pytree", pytree),
    }


_RESERVED = frozenset(("inf", "nan", "NoneType", "torch", "device", "fx_pytree", "pytree"))


def snake_case(text: str) -> str:
    """`aBcD` as `a_bc_d`."""
    return _HUMP.sub(r"_\1", text).lower()


class _Namespace:
    """The names in use, each with what it belongs to."""

    def __init__(self) -> None:
        self._obj_to_name: dict[Any, str] = {}
        self._used_names: set[str] = set()
        self._base_count: dict[str, int] = {}

    def create_name(self, candidate: str, obj: Any) -> str:
        """A free name as near to `candidate` as can be; the one that `obj` has already, if it has."""
        if obj is not None and obj in self._obj_to_name:
            return self._obj_to_name[obj]
        candidate = _ILLEGAL.sub("_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = f"_{candidate}"
        match = _SUFFIX.match(candidate)
        base, number = (candidate, 0) if match is None else (match[1], int(match[2]))
        if candidate in self._used_names or self._is_illegal_name(candidate, obj):
            number = number or self._base_count.get(base, 0)
            while candidate in self._used_names or self._is_illegal_name(candidate, obj):
                number += 1
                candidate = f"{base}_{number}"
        self._used_names.add(candidate)
        self._base_count[base] = number
        if obj is not None:
            self._obj_to_name[obj] = candidate
        return candidate

    def associate_name_with_obj(self, name: str, obj: Any) -> None:
        """Say that a name in use is that of `obj`."""
        if self._obj_to_name.setdefault(obj, name) != name:
            raise AssertionError("obj is already associated")

    def _is_illegal_name(self, name: str, obj: Any) -> bool:
        if keyword.iskeyword(name):
            return True
        if name in builtins.__dict__:
            return obj is not builtins.__dict__[name]
        if name in _RESERVED:
            return obj is not custom_builtins()[name].obj
        return False

    def _rename_object(self, obj: Any, name: str) -> None:
        self._obj_to_name[obj] = name
        self._used_names.add(name)

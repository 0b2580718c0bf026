"""The functions of the root namespace and of `linalg` that distributions are made of, by torch's names.

No module inside imports the package root, so this one looks where the root does.
"""

from __future__ import annotations

from typing import Any

from torchlike.base.numeric import finfo as finfo
from torchlike.base.size import Size as Size
from torchlike.tensor import Tensor as Tensor
from torchlike.tensor import attach, functions

_WRITTEN = attach.public_functions()
_ROWS = attach.public_rows("torch")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    found = globals()[name] = _WRITTEN[name] if name in _WRITTEN else getattr(functions, _ROWS[name])
    return found


class _Linalg:
    def __getattr__(self, name: str) -> Any:
        return _find_linalg(name)


_find_linalg = attach.namespace("linalg")[0]
linalg = _Linalg()

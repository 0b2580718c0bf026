"""`torch._linalg_utils`: the functions that torch removed, and says so when they are called."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.tensor.removed import FUNCTIONS

matrix_rank, solve, lstsq, eig = (FUNCTIONS[name] for name in ("matrix_rank", "solve", "lstsq", "eig"))
_symeig = FUNCTIONS["symeig"]

__getattr__ = absent("torch._linalg_utils")

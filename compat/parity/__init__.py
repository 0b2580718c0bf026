"""Compares torchlike with real torch, number by number, on torch's own databases and on a user's own models.

    python -m torchlike.compat parity ops --only softmax
    python -m torchlike.compat parity modules --only LayerNorm
    python -m torchlike.compat parity model path.py:build --input 2x3x224x224:float32

`entries` reads the operator database, `translate` carries values and functions from torch to torchlike, `checks` compares
one property each, `worker` runs an entry with a time limit, `report` counts and prints. `ops` and `modules` are the suites;
modules need `module_entries`, `module_more` (what torch's database leaves out) and `module_calls` beside. `model` compares
a model layer by layer: `sources` loads its file once for each library, `recording` runs it; from Python it is
`parity.compare_models`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Comparison, compare_models

__all__ = ["Comparison", "compare_models"]


def __getattr__(name: str) -> Any:
    """Imported when first asked for: it needs both libraries, which `worker` and `report` do without."""
    if name in __all__:
        return getattr(importlib.import_module(".model", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

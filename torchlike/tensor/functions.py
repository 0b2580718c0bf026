"""One function per row of the op table, by the row's name: `functions.exp(x)`, `functions.conv(x, w, b, stride=(1, 1))`.

Functions are made when they are first asked for, so that importing costs nothing for what is not used.
"""

from __future__ import annotations

from typing import Any

from torchlike.ops.registry import OPS
from torchlike.tensor.binding import function, inplace_function


def __getattr__(name: str) -> Any:
    rows = OPS.rows
    if name in rows:
        made = function(rows[name])
    elif name.endswith("_") and name[:-1] in rows and rows[name[:-1]].inplace:
        made = inplace_function(rows[name[:-1]])
    else:
        raise AttributeError(f"the op table has no row {name!r}")
    globals()[name] = made
    return made

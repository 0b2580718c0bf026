"""`TransformGetItemToIndex`, which mask functions are vectorized under."""

from __future__ import annotations

from typing import Any


class TransformGetItemToIndex:
    """A block in which `x[i]` takes a tensor `i` of a batch as an index. It always does here."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass

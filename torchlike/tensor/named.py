"""Named tuples of results, as `torch.return_types` has them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any

from torchlike.ops.registry import Op


@cache
def _type(name: str, fields: tuple[str, ...]) -> Any:
    fields_only = namedtuple(name, fields)  # type: ignore[misc]  # one type per row, made from the table
    made: Any = fields_only
    made.__module__ = "torch.return_types"

    def show(self: Any) -> str:
        return f"torch.return_types.{name}(\n" + ",\n".join(f"{f}={v!r}" for f, v in zip(fields, self, strict=True)) + ")"

    made.__repr__ = show
    return made


def named(op: Op) -> Callable[[tuple], Any] | None:
    """What wraps the results of a row that returns several named tensors."""
    if not op.returns:
        return None
    made = _type(op.name.removesuffix("_dim").removesuffix("_all"), op.returns)
    return lambda results: made(*results)

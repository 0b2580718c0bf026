"""Assertions about sizes that are not known while recording. All are known here."""

from __future__ import annotations

from typing import Any

__all__ = ["insert_deferred_runtime_asserts"]


def insert_deferred_runtime_asserts(gm: Any, shape_env: Any, name: str, export: bool = False) -> None:
    """Nothing: no size is unknown, so that nothing was deferred."""

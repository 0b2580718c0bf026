"""Utilities: data loading (`data`), hook handles (`hooks`)."""

from __future__ import annotations

from torchlike.utils import data, hooks

__all__ = ["data", "hooks"]

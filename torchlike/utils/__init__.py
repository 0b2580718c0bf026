"""Utilities: data loading (`data`), exchange of arrays (`dlpack`), hook handles (`hooks`)."""

from __future__ import annotations

from torchlike.utils import data, dlpack, hooks

__all__ = ["data", "dlpack", "hooks"]

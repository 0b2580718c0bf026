"""Utilities: checkpointing (`checkpoint`), data loading (`data`), exchange of arrays (`dlpack`), hook handles (`hooks`)."""

from __future__ import annotations

from torchlike.utils import checkpoint, data, dlpack, hooks

__all__ = ["checkpoint", "data", "dlpack", "hooks"]

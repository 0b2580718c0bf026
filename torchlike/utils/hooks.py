"""torch.utils.hooks: the handle of a registered hook."""

from __future__ import annotations

from torchlike.base.hooks import RemovableHandle

__all__ = ["RemovableHandle"]

"""A count of changes that a compiled call depends on: it looks closely again when the count has risen.

Raised where a module's attributes change (a layer replaced, `train()`, a hook), where a leaf begins or ceases to require a
gradient, and where an optimizer's groups or state are replaced.
"""

from __future__ import annotations


class Epoch:
    """The count of this process."""

    now = 0


def bump() -> None:
    """Something has changed."""
    Epoch.now += 1

"""Holds the garbage collector back while the package is imported.

What an import makes stays, so that there is nothing to collect; one full collection in the midst of it, over all that JAX
and numpy have made, costs as much as importing all of `nn`.
"""

from __future__ import annotations

import gc

_collecting = gc.isenabled()
gc.disable()


def done() -> None:
    """Let the collector run again, if it did before; what has been made counts as old, and is not gone through at once."""
    if not _collecting:
        return
    frozen = gc.get_freeze_count()
    gc.freeze()
    if not frozen:  # the user's own frozen objects stay so
        gc.unfreeze()
    gc.enable()

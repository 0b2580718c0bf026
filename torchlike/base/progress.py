"""A progress bar: tqdm's where it is installed, else a count."""

from __future__ import annotations

import sys
from typing import Any


class Count:
    """How much is done, on standard error: in per cent where the total is known.

    Args:
        total: what `update` is to add up to. disable: show nothing. unit and the rest: tqdm's, without effect.
    """

    def __init__(self, total: float | None = None, disable: bool = False, unit: str | None = None, *args: Any, **kwargs: Any):
        self.total, self.disable, self.n = total, disable, 0.0

    def update(self, n: float = 1) -> None:
        """So much more is done."""
        if self.disable:
            return
        self.n += n
        shown = f"{self.n:.1f} bytes" if self.total is None else f"{100 * self.n / self.total:.1f}%"
        sys.stderr.write(f"\r{shown}")
        sys.stderr.flush()

    def set_description(self, *args: Any, **kwargs: Any) -> None:
        """Without effect."""

    def write(self, s: str) -> None:
        """A line of its own."""
        sys.stderr.write(f"{s}\n")

    def close(self) -> None:
        """Show nothing more."""
        self.disable = True

    def __enter__(self) -> Count:
        return self

    def __exit__(self, *error: object) -> None:
        if not self.disable:
            sys.stderr.write("\n")


def bar() -> Any:
    """The class of progress bars."""
    try:
        from tqdm import tqdm
    except ImportError:
        return Count
    return tqdm

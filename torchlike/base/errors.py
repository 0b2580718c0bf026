"""Errors that more than one layer raises."""

from __future__ import annotations


class OutOfMemoryError(RuntimeError):
    """The device ran out of memory (torch.cuda.OutOfMemoryError)."""


def missing(api: str, advice: str = "") -> NotImplementedError:
    """The error for a torch API that torchlike does not have."""
    return NotImplementedError(f"torchlike has no {api}" + (f": {advice}" if advice else " yet"))

"""Annotations that TorchScript reads."""

from __future__ import annotations

from typing import Any, Dict, Final, List, Optional, Tuple, TypeVar, Union  # noqa: UP035  # taken from here by libraries

from torchlike.base.errors import absent

__all__ = ["Dict", "Final", "List", "Optional", "Tuple", "Union", "annotate"]

T = TypeVar("T")


def annotate(the_type: Any, the_value: T) -> T:
    """The value."""
    return the_value


__getattr__ = absent("torch.jit.annotations")

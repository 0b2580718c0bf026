"""`torch._tensor_str`: how tensors are printed, for classes that print themselves."""

from __future__ import annotations

from typing import Any

from torchlike.tensor import Tensor, printing
from torchlike.tensor.printing import printoptions, set_printoptions

__all__ = ["_add_suffixes", "_str_intern", "_tensor_str", "printoptions", "set_printoptions"]


def _tensor_str(self: Tensor, indent: int) -> str:
    """A tensor's values as they stand between the parentheses.

    >>> import torchlike as torch
    >>> _tensor_str(torch.ones(2), 0)
    '[1., 1.]'
    """
    array = self.detach().numpy()
    return printing._body(array, indent) if array.size else "[]"


def _str_intern(inp: Tensor, *, tensor_contents: Any = None) -> str:
    """A tensor as `repr` shows it."""
    return printing.show(inp)


def _add_suffixes(tensor_str: str, suffixes: list[str], indent: int, force_newline: bool = False) -> str:
    """The text with what comes after the values, in lines that are not too long, and the closing parenthesis."""
    if force_newline and suffixes:
        tensor_str += ",\n" + " " * indent + suffixes[0]
        suffixes = suffixes[1:]
    return printing._with_suffixes(tensor_str, suffixes, indent)


def __getattr__(name: str) -> Any:
    if name == "PRINT_OPTS":  # another object after each change
        return printing._options
    raise AttributeError(f"module 'torch._tensor_str' has no attribute {name!r}")

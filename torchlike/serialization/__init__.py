"""Saving and loading in torch's file format."""

from torchlike.serialization.allowed import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from torchlike.serialization.files import MAP_LOCATION, load, save
from torchlike.serialization.unsafe import get_unsafe_globals_in_checkpoint

__all__ = [
    "MAP_LOCATION", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load",
    "safe_globals", "save",
]  # fmt: skip

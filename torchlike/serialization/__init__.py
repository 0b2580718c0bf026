"""Saving and loading in torch's file format."""

from torchlike.serialization.allowed import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from torchlike.serialization.files import MAP_LOCATION, load, save
from torchlike.serialization.locations import (
    DEFAULT_PROTOCOL,
    _is_zipfile,
    _open_file_like,
    default_restore_location,
    location_tag,
    normalize_storage_type,
)
from torchlike.serialization.unsafe import get_unsafe_globals_in_checkpoint

__all__ = [
    "DEFAULT_PROTOCOL", "MAP_LOCATION", "add_safe_globals", "clear_safe_globals", "default_restore_location",
    "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load", "location_tag", "normalize_storage_type", "safe_globals",
    "save",
]  # fmt: skip

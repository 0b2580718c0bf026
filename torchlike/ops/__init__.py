"""The op table: one row per op (`registry`), one file per family. Pure JAX; nothing here knows of tensors."""

from importlib import import_module
from pkgutil import iter_modules

from torchlike.ops.registry import OPS, Op

for _family in iter_modules(__path__):  # every file of this folder is a family of rows
    import_module(f"{__name__}.{_family.name}")

__all__ = ["OPS", "Op"]

"""Public functions that need more than a row of the op table: several signatures under one name, arguments in another
order, values that decide a shape. Every file of this folder is a family; each registers its functions with `overload`.
"""

from importlib import import_module
from pkgutil import iter_modules

from torchlike.tensor.overloads.table import METHODS, NAMESPACES, overload

for _family in iter_modules(__path__):
    import_module(f"{__name__}.{_family.name}")

__all__ = ["METHODS", "NAMESPACES", "overload"]

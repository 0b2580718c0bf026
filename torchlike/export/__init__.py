"""`torch.export`: its classes by name, for annotations and `isinstance`."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent, missing

__all__ = ["Dim", "ExportedProgram"]


class ExportedProgram:
    """Not here yet: making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.export.ExportedProgram")


class Dim:
    """Not here yet: making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.export.Dim")


__getattr__ = absent("torch.export")

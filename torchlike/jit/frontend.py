"""`torch.jit.frontend`: the errors of TorchScript's reader. Nothing here raises them: Python goes on running."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent

__all__ = ["FrontendError", "FrontendTypeError", "NotSupportedError", "UnsupportedNodeError"]


class FrontendError(Exception):
    """Code that TorchScript cannot read.

    Args:
        source_range: where it stands.
        msg: what is wrong with it.
    """

    def __init__(self, source_range: Any, msg: str):
        self.source_range, self.msg = source_range, msg
        self.error_report = f"{msg}:\n{source_range}"

    def __str__(self) -> str:
        return self.error_report


class NotSupportedError(FrontendError):
    """Python that TorchScript does not have."""


class UnsupportedNodeError(NotSupportedError):
    """A kind of statement or expression that TorchScript does not have."""


class FrontendTypeError(FrontendError):
    """A type that TorchScript does not have."""


__getattr__ = absent("torch.jit.frontend")

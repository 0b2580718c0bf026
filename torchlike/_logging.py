"""`torch._logging`: settings of torch's compiler logs. Compilations are told of by `TORCHLIKE_DEBUG`."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["getArtifactLogger", "set_logs", "trace_structured"]


def set_logs(**options: Any) -> None:
    """Takes what torch's logs are to show; there are none of them."""


def trace_structured(name: str, *args: Any, **options: Any) -> None:
    """Takes an entry of torch's structured log, which is not kept; the functions that would give it are not called."""


def getArtifactLogger(module_qname: str, artifact_name: str) -> logging.Logger:
    """The logger of a module's artifacts."""
    return logging.getLogger(f"{module_qname}.__{artifact_name}")

"""`pin_memory`: batches are on their way to the accelerator before `.to(...)` asks for them there."""

from __future__ import annotations

import collections.abc
import warnings
from typing import Any

import jax

from torchlike.base.device import device, resolve
from torchlike.engine import staging
from torchlike.tensor import Tensor
from torchlike.utils.data.collate import _mapping_like, _sequence_like


def accelerator() -> device | None:
    """The device that batches go to: the first accelerator, if there is one."""
    return None if jax.default_backend() == "cpu" else resolve("xla")


def pin(data: Any, where: device | None) -> Any:
    """Start the transfer of every tensor in `data`, through dictionaries, tuples, lists and what has a `pin_memory` itself."""
    if isinstance(data, Tensor):
        if where is not None:
            staging.stage(data._read(), where)
        return data
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, collections.abc.Mapping):
        return _mapping_like(data, {key: pin(value, where) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[pin(item, where) for item in data])
    if isinstance(data, tuple):
        return [pin(item, where) for item in data]  # as torch has it
    if isinstance(data, collections.abc.Sequence):
        return _sequence_like(data, [pin(item, where) for item in data])
    return data.pin_memory() if hasattr(data, "pin_memory") else data


def warn_about_pinning(name: str) -> None:
    if name:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{name}'.",
            stacklevel=6,
        )
    if jax.default_backend() == "cpu":
        warnings.warn(
            "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
            stacklevel=6,
        )

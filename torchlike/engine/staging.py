"""Copies on their way: arrays of the host whose transfer to a device began before anyone asked for it (`pin_memory`)."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.device import device
from torchlike.engine.value import Value, put

_staged: dict[int, tuple[Any, device, Any]] = {}  # by the array's id: the array (weakly), where it goes, what is there


def stage(value: Value, where: device) -> None:
    """Begin to copy a value of the host to a device; JAX goes on in the background."""
    array = value.force()
    if value.aval.device is not devices.CPU or where is devices.CPU or id(array) in _staged:
        return
    key = id(array)
    _staged[key] = (weakref.ref(array, lambda _: _staged.pop(key, None)), where, put(np.asarray(array), where))


def is_staged(value: Value) -> bool:
    """Whether a copy of this value is on its way."""
    return value.array is not None and id(value.array) in _staged


def take(value: Value, where: device) -> Any:
    """The copy of a value on a device, if it was staged; it is the caller's from then on."""
    found = _staged.get(id(value.array)) if _staged else None
    if found is None or found[1] is not where:
        return None
    del _staged[id(value.array)]
    return found[2]

"""Which module answers for a kind of device."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torchlike.accelerator import current_accelerator
from torchlike.base.device import device as Device

_MODULES = ("cpu", "cuda", "mps", "xpu")


def get_device_module(device: Device | str | None = None) -> Any:
    """The module of a kind of device, `torch.cuda` of "cuda:0"; of the accelerator there is, or of the CPU, without one.

    Raises:
        RuntimeError: for anything else, and for a kind without a module.

    >>> import torchlike as torch
    >>> torch.get_device_module("cuda:0") is torch.cuda
    True
    """
    if not isinstance(device, (Device, str, type(None))):
        raise RuntimeError(f"Invalid value of device '{device}', expect torch.device, str, or None")
    kind = (current_accelerator() or Device("cpu")).type if device is None else Device(device).type
    if kind not in _MODULES:
        raise RuntimeError(f"Device '{kind}' does not have a corresponding module registered as 'torch.{kind}'.")
    return import_module(f"torchlike.{kind}")

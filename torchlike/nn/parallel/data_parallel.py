"""`DataParallel`: one process, a batch spread over its devices. On one device it is the module itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.base.errors import missing
from torchlike.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


def _one_device(device_ids: Sequence[Any] | None) -> None:
    """Raises NotImplementedError where more than one device is asked for."""
    if device_ids is not None and len(device_ids) > 1:
        raise missing("nn.DataParallel over several devices", f"received device_ids={list(device_ids)}; give one, or none")


class DataParallel(Module):
    """Calls `module`; parameters are named "module.*", as in files of models that were trained so.

    Args:
        device_ids: one device, or None. output_device, dim: torch's; without effect on one device.

    Raises:
        NotImplementedError: for several devices.
    """

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        _one_device(device_ids)
        self.module = module
        self.dim = dim
        self.device_ids: list[Any] = []
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module, inputs: Any, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """`module(*inputs, **module_kwargs)`, the functional form of `DataParallel`."""
    _one_device(device_ids)
    given = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*given, **(module_kwargs or {}))

"""A module on each of several devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.nn.parallel import comm
from torchlike.tensor import Tensor

__all__ = ["replicate"]


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Any]:
    """Copies of a module, one a device. Their parameters are copies too, whose gradients come to the module's own.

    Args:
        detach: without that.
    """
    return [_copy(network, comm.place(where), detach, {}) for where in devices]


def _copy(module: Module, where: Any, detach: bool, known: dict[int, Any]) -> Any:
    if id(module) in known:
        return known[id(module)]
    twin = known[id(module)] = module._replicate_for_data_parallel()
    twin._former_parameters = {}
    for name, child in module._modules.items():
        twin._modules[name] = None if child is None else _copy(child, where, detach, known)
    for name, param in module._parameters.items():
        if param is None:
            twin._parameters[name] = None
            continue
        moved = _moved(param, where, detach, known)
        twin._former_parameters[name] = moved
        object.__setattr__(twin, name, moved)  # no leaf any more, and so no parameter
    for name, buffer in module._buffers.items():
        twin._buffers[name] = None if buffer is None else _moved(buffer, where, detach or not buffer.requires_grad, known)
    return twin


def _moved(tensor: Tensor, where: Any, detach: bool, known: dict[int, Any]) -> Tensor:
    """A tensor on a device, once each; on its own device it is its alias, so that what a replica writes there is kept."""
    if id(tensor) not in known:
        source = tensor.detach() if detach else tensor.view_as(tensor)
        known[id(tensor)] = source.to(where)
    return known[id(tensor)]

"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def _check_param_device(param: Tensor, old_param_device: Any) -> Any:
    """The device of `param`, which must be `old_param_device` unless that is None."""
    if old_param_device not in (None, param.device):
        raise TypeError("Found two parameters on different devices, this is currently not supported.")
    return param.device


def _check_device(tensor: Tensor, first: Tensor) -> None:
    _check_param_device(tensor, first.device)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters as one vector. Raises TypeError where they are on several devices."""
    found = list(parameters)
    for parameter in found:
        _check_device(parameter, found[0])
    return ops.cat([parameter.view(-1) for parameter in found])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Cut `vec` into the parameters' data, in their order.

    Raises:
        TypeError: where `vec` is no tensor or the parameters are on several devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    at = 0
    found = list(parameters)
    for parameter in found:
        _check_device(parameter, found[0])
        count = parameter.numel()
        parameter.data = vec[at : at + count].view_as(parameter).data
        at += count

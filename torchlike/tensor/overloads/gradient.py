"""`torch.gradient`: the derivatives along several dimensions, each with its own spacing."""

from __future__ import annotations

from typing import Any

from torchlike.ops.checks import dims_in_range
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


@overload("gradient", method=False)
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivatives of the samples along each dimension of `dim` (all of them by default), by finite differences.

    Args:
        spacing: the distance between samples; one number, a number per dimension, or a vector of coordinates per dimension.
        edge_order: 1 or 2, the order of the formula at the two ends.

    Raises:
        RuntimeError: where the spacings do not fit the dimensions, or a dimension has too few samples.
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = tuple(range(input.ndim)) if dim is None else dims_in_range(dim, input.ndim)
    steps = _spacings(input, spacing, dim, dims)
    for d in dims:
        if input.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(
        ops.gradient_along(input, step, dim=d, edge_order=edge_order)
        if isinstance(step, Tensor)
        else ops.gradient_along(input, dim=d, spacing=1 if step is None else step, edge_order=edge_order)
        for d, step in zip(dims, steps, strict=True)
    )


def _spacings(input: Tensor, spacing: Any, dim: Any, dims: tuple[int, ...]) -> list[Any]:
    if isinstance(spacing, Tensor):
        spacing = [spacing]
    if not isinstance(spacing, (list, tuple)):
        return [spacing] * len(dims)
    if len(spacing) != len(dims) and not (isinstance(dim, int) and len(spacing) == 1):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or a list of length equal to the number of dimensions "
            f"({len(dims)}), but got a list of length {len(spacing)}"
        )
    for d, step in zip(dims, spacing, strict=True):
        if not isinstance(step, Tensor):
            continue
        if step.device is not input.device:
            raise RuntimeError(
                "torch.gradient expected each tensor to be on the same device, but got devices "
                f"{step.device} and {input.device}!"
            )
        if step.ndim != 1 or step.shape[0] != input.shape[d]:
            raise RuntimeError(
                "torch.gradient expected coordinates to be a vector with as many elements as the dimension has, but got "
                f"{list(step.shape)} for dimension {d} of size {input.shape[d]}"
            )
    return list(spacing)

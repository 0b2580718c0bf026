"""Tensors between the devices of one process (torch.nn.parallel.comm). Copies carry gradients like any other op.

torch takes GPUs only; here a device may be the CPU as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torchlike.base import device as devices
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = ["broadcast", "broadcast_coalesced", "gather", "reduce_add", "reduce_add_coalesced", "scatter"]


def place(where: Any) -> devices.device:
    """The device that a number (of a GPU; -1 is the CPU), a name or None (the current GPU) means."""
    if where == -1:
        return devices.CPU
    return devices.resolve("cuda" if where is None else where)


def broadcast(
    tensor: Tensor, devices: Sequence[Any] | None = None, *, out: Sequence[Tensor] | None = None
) -> tuple[Tensor, ...]:
    """The tensor on each of some devices, or in each of `out`. Raises RuntimeError unless one of the two is given."""
    if (devices is None) == (out is None):
        raise RuntimeError(f"Exactly one of 'devices' and 'out' must be specified, but got devices={devices} and out={out}")
    if out is not None:
        return tuple([target.copy_(tensor) for target in out])
    return tuple([tensor.to(place(d)) for d in devices or ()])


def broadcast_coalesced(tensors: Sequence[Tensor], devices: Sequence[Any], buffer_size: int = 10485760) -> list[list[Tensor]]:
    """For each device, all tensors on it."""
    return [[tensor.to(place(d)) for tensor in tensors] for d in devices]


def reduce_add(inputs: Sequence[Tensor], destination: Any = None) -> Tensor:
    """The sum of tensors of one shape, on a device (that of the first by default).

    Raises:
        RuntimeError: for no tensors. ValueError: for different shapes.
    """
    if not inputs:
        raise RuntimeError("reduce_add expects at least one tensor to reduce")
    first = inputs[0]
    for i, tensor in enumerate(inputs):
        if tensor.shape != first.shape:
            got, expected = ("x".join(map(str, t.shape)) for t in (tensor, first))
            raise ValueError(f"input {i} has invalid size: got {got}, but expected {expected}")
    where = first.device if destination is None else place(destination)
    total = first.to(where)
    for tensor in inputs[1:]:
        total = total + tensor.to(where)
    return total


def reduce_add_coalesced(
    inputs: Iterable[Iterable[Tensor]], destination: Any = None, buffer_size: int = 10485760
) -> tuple[Tensor, ...]:
    """`reduce_add` of the first tensor of each of `inputs`, of the second, and so on."""
    return tuple([reduce_add(alike, destination) for alike in zip(*inputs, strict=True)])


def scatter(
    tensor: Tensor, devices: Sequence[Any] | None = None, chunk_sizes: Sequence[int] | None = None, dim: int = 0,
    streams: Any = None, *, out: Sequence[Tensor] | None = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Parts of a tensor along `dim`, one a device: of equal sizes (the last may be smaller, or missing), or of `chunk_sizes`.

    Raises:
        RuntimeError: where `out` is given with `devices` or `chunk_sizes`, or sizes do not add up.
    """
    if out is not None:
        for name, given in (("devices", devices), ("chunk_sizes", chunk_sizes)):
            if given is not None:
                raise RuntimeError(f"'{name}' must not be specified when 'out' is specified, but got {name}={given}")
        parts = tensor.split([target.shape[dim] for target in out], dim)
        return tuple([target.copy_(part) for target, part in zip(out, parts, strict=True)])
    places = [place(d) for d in devices or ()]
    if chunk_sizes is not None and len(chunk_sizes) != len(places):
        raise RuntimeError(
            f"Expected devices and chunk_sizes to be of same length, but got {len(places)} and {len(chunk_sizes)}"
        )
    parts = tensor.chunk(len(places), dim) if chunk_sizes is None else tensor.split(list(chunk_sizes), dim)
    return tuple([part.to(where) for part, where in zip(parts, places, strict=False)])


def gather(tensors: Sequence[Tensor], dim: int = 0, destination: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after another along `dim`, on a device (the current GPU by default) or in `out`.

    Raises:
        RuntimeError: where both are given.
    """
    if out is None:
        where = place(destination)
        return ops.cat([tensor.to(where) for tensor in tensors], dim)
    if destination is not None:
        raise RuntimeError(f"'destination' must not be specified when 'out' is specified, but got destination={destination}")
    return out.copy_(ops.cat([tensor.to(out.device) for tensor in tensors], dim))

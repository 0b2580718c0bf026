"""Copies between devices as torch names them on the tape. They are ordinary differentiable ops here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from torchlike.nn.parallel import comm
from torchlike.tensor import Tensor


class Broadcast:
    """`apply(devices, *tensors)`: for each device in turn all tensors on it, in one tuple."""

    @staticmethod
    def apply(target_gpus: Sequence[Any], *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple([tensor for copies in comm.broadcast_coalesced(inputs, target_gpus) for tensor in copies])


class ReduceAddCoalesced:
    """`apply(destination, count, *tensors)`: the sums of every `count`-th tensor, on one device."""

    @staticmethod
    def apply(destination: Any, num_inputs: int, *grads: Tensor) -> tuple[Tensor, ...]:
        parts = [grads[i : i + num_inputs] for i in range(0, len(grads), num_inputs)]
        return comm.reduce_add_coalesced(parts, destination)


class Gather:
    """`apply(device, dim, *tensors)`: the tensors one after another along `dim`, on one device."""

    @staticmethod
    def apply(target_device: Any, dim: int, *inputs: Tensor) -> Tensor:
        if dim == 0 and all(not tensor.ndim for tensor in inputs):
            warnings.warn(
                "Was asked to gather along dimension 0, but all input tensors were scalars; will instead unsqueeze and return "
                "a vector.",
                stacklevel=2,
            )
            inputs = tuple([tensor.reshape(1) for tensor in inputs])
        return comm.gather(inputs, dim, target_device)


class Scatter:
    """`apply(devices, sizes, dim, tensor)`: parts of a tensor along `dim`, one a device."""

    @staticmethod
    def apply(target_gpus: Sequence[Any], chunk_sizes: Sequence[int] | None, dim: int, input: Tensor) -> tuple[Tensor, ...]:
        return comm.scatter(input, target_gpus, chunk_sizes, dim)

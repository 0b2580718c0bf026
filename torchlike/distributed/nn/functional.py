"""Collectives that return new tensors, through which gradients flow (torch.distributed.nn.functional)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.distributed import process_group as groups
from torchlike.distributed.collectives import record
from torchlike.distributed.work import ReduceOp, kind_of
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops


class _Group:
    WORLD = None  # the default group, whatever it is when it is used


group = _Group


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """What rank `src` has. Its gradient is the sum of all ranks', and arrives at `src`."""
    pg = groups.chosen(group)
    return _first(record("broadcast_from", [tensor], pg.ranks, pg.place(src)))


def gather(tensor: Tensor, dst: int = 0, group: Any = None) -> tuple[Tensor, ...]:
    """Every rank's tensor on rank `dst`; zeros on the others."""
    pg = groups.chosen(group)
    parts = record("all_gather", [tensor], pg.ranks)
    if pg.rank() != pg.place(dst):
        parts = parts * 0
    return tuple(parts)


def scatter(tensors: Sequence[Tensor], src: int = 0, group: Any = None) -> Tensor:
    """This rank's tensor of the list that rank `src` has (all ranks give a list of these shapes)."""
    pg = groups.chosen(group)
    return record("scatter_from", [ops.stack(list(tensors))], pg.ranks, pg.place(src))


def reduce(tensor: Tensor, dst: int, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """All ranks' tensors reduced on rank `dst`; the others keep their own."""
    pg = groups.chosen(group)
    return record("reduce_to", [tensor], pg.ranks, kind_of(op), pg.place(dst))


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """All ranks' tensors reduced. The gradient is the sum of all ranks' gradients."""
    return record("all_reduce", [tensor], groups.chosen(group).ranks, kind_of(op))


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """Every rank's tensor."""
    return tuple(record("all_gather", [tensor], groups.chosen(group).ranks))


def _all_gather_base(output_tensor: Tensor, input_tensor: Tensor, group: Any = None) -> Tensor:
    """Every rank's tensor, in the shape of `output_tensor`."""
    return record("all_gather", [input_tensor], groups.chosen(group).ranks).reshape(output_tensor.shape)


def reduce_scatter(output: Tensor, input_list: Sequence[Tensor], op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """This rank's part of the lists, reduced over all ranks."""
    return record("reduce_scatter", [ops.stack(list(input_list))], groups.chosen(group).ranks, kind_of(op))


def all_to_all(output_tensor_list: Sequence[Tensor], input_tensor_list: Sequence[Tensor], group: Any = None) -> tuple:
    """The i-th tensor goes to rank i; the i-th result is what rank i sent."""
    return tuple(record("all_to_all", [ops.stack(list(input_tensor_list))], groups.chosen(group).ranks))


def all_to_all_single(
    output: Tensor, input: Tensor, output_split_sizes: Any = None, input_split_sizes: Any = None, group: Any = None
) -> Tensor:
    """`all_to_all` of the equal parts of a tensor along its first dimension."""
    pg = groups.chosen(group)
    if output_split_sizes or input_split_sizes:
        raise NotImplementedError("torchlike has no differentiable all_to_all_single with split sizes yet: pad to equal parts")
    parts = input.reshape(pg.size(), input.shape[0] // pg.size(), *input.shape[1:])
    return record("all_to_all", [parts], pg.ranks).reshape(output.shape)


def permute(tensor: Tensor, pairs: Sequence[tuple[int, int]], group: Any = None) -> Tensor:
    """What rank `pairs[i][0]` has goes to rank `pairs[i][1]` of the group, within the step's program; the others get zeros."""
    pg = groups.chosen(group)
    parts = pg.ranks.parts or (tuple(range(pg.size())),)
    every = tuple((part[a], part[b]) for part in parts for a, b in pairs)
    return record("permute_parts", [tensor], pg.ranks, every)


def empty_like_parts(tensor: Tensor, count: int) -> Tensor:
    """Room for `count` tensors like this one."""
    return creation.empty(count, *tensor.shape, dtype=tensor.dtype, device=tensor.device)


def _first(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found

"""Functional collectives (torch.distributed._functional_collectives): new tensors, nothing is written in place.

A result needs no `wait_tensor`: it is recorded like any other, and whoever reads it waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.distributed import process_group as groups
from torchlike.distributed.collectives import record, summed
from torchlike.distributed.nn.functional import permute
from torchlike.distributed.work import kind_of
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

AsyncCollectiveTensor = Tensor


def wait_tensor(tensor: Tensor) -> Tensor:
    """The tensor."""
    return tensor


def _group(group: Any) -> groups.ProcessGroup:
    """A group, a list of ranks, a one-dimensional mesh, or a mesh and its dimension."""
    if isinstance(group, tuple) and len(group) == 2 and hasattr(group[0], "get_group"):
        return groups.chosen(group[0].get_group(group[1]))
    if hasattr(group, "get_group"):
        return groups.chosen(group.get_group())
    if isinstance(group, (list, tuple)):
        members = [r for part in group for r in (part if isinstance(part, (list, tuple)) else [part])]
        if sorted(members) == groups.chosen(None).members:
            return groups.chosen(None)
        raise ValueError("make a group of these ranks with new_group first")
    return groups.chosen(group)


def broadcast(self: Tensor, src: int, group: Any, tag: str = "") -> Tensor:
    found = record("broadcast_from", [self], _group(group).ranks, src)
    return found[0] if isinstance(found, tuple) else found


def all_reduce(self: Tensor, reduceOp: str, group: Any, tag: str = "") -> Tensor:
    """All ranks' tensors reduced ("sum", "avg", "max" ...)."""
    return record("all_reduce", [self], _group(group).ranks, kind_of(reduceOp))


def all_reduce_coalesced(self: Sequence[Tensor], reduceOp: str, group: Any, tag: str = "") -> list[Tensor]:
    return list(summed(self, _group(group).ranks, kind_of(reduceOp)))


def all_gather_tensor(self: Tensor, gather_dim: int, group: Any, tag: str = "") -> Tensor:
    """Every rank's tensor, concatenated along a dimension."""
    parts = record("all_gather", [self], _group(group).ranks)
    return parts.flatten(0, 1) if gather_dim == 0 and self.ndim else ops.cat(list(parts), gather_dim)


all_gather_tensor_autograd = all_gather_tensor


def all_gather_into_tensor_coalesced(self: Sequence[Tensor], group: Any, tag: str = "") -> list[Tensor]:
    return [all_gather_tensor(t, 0, group) for t in self]


def reduce_scatter_tensor(self: Tensor, reduceOp: str, scatter_dim: int, group: Any, tag: str = "") -> Tensor:
    """All ranks' tensors reduced; this rank's part along a dimension."""
    pg = _group(group)
    if self.shape[scatter_dim] % pg.size():
        raise AssertionError(
            f"input dimension {scatter_dim} ({self.shape[scatter_dim]} must be a multiple of group_size {pg.size()}"
        )
    parts = ops.stack(list(self.chunk(pg.size(), scatter_dim)))
    return record("reduce_scatter", [parts], pg.ranks, kind_of(reduceOp))


reduce_scatter_tensor_autograd = reduce_scatter_tensor


def reduce_scatter_tensor_coalesced(
    inputs: Sequence[Tensor], reduceOp: str, scatter_dim: Sequence[int], group: Any, tag: str = ""
) -> list[Tensor]:
    return [reduce_scatter_tensor(t, reduceOp, d, group) for t, d in zip(inputs, scatter_dim, strict=True)]


def all_to_all_single(self: Tensor, output_split_sizes: Any, input_split_sizes: Any, group: Any, tag: str = "") -> Tensor:
    """Equal parts along the first dimension, the i-th to rank i."""
    pg = _group(group)
    for sizes in (output_split_sizes, input_split_sizes):
        if sizes and len(set(sizes)) > 1:
            raise NotImplementedError("torchlike has no functional all_to_all_single with unequal parts yet: pad to equal ones")
    parts = self.reshape(pg.size(), self.shape[0] // pg.size(), *self.shape[1:])
    return record("all_to_all", [parts], pg.ranks).flatten(0, 1)


all_to_all_single_autograd = all_to_all_single


def permute_tensor(self: Tensor, src_dst: Sequence[int], group: Any, tag: str = "") -> Tensor:
    """Rank i's tensor goes to rank `src_dst[i]`."""
    return permute(self, list(enumerate(src_dst)), _group(group))

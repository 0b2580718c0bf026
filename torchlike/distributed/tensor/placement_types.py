"""How a tensor lies along one dimension of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

from torchlike.base.errors import missing


class Placement:
    dim: int  # of a Shard
    reduce_op: str  # of a Partial

    def is_shard(self, dim: int | None = None) -> bool:
        return isinstance(self, Shard) and dim in (None, self.dim)

    def is_replicate(self) -> bool:
        return isinstance(self, Replicate)

    def is_partial(self, reduce_op: str | None = None) -> bool:
        return isinstance(self, Partial) and reduce_op in (None, self.reduce_op)


@dataclass(frozen=True)
class Shard(Placement):
    """Each rank has an equal part along `dim`."""

    dim: int

    def __str__(self) -> str:
        return f"S({self.dim})"


@dataclass(frozen=True)
class Replicate(Placement):
    """Each rank has all of it."""

    def __str__(self) -> str:
        return "R"


@dataclass(frozen=True)
class Partial(Placement):
    """The tensor is what the ranks' tensors reduce to."""

    reduce_op: str = "sum"

    def __str__(self) -> str:
        return f"P({self.reduce_op})"


class _StridedShard(Shard):
    """A part of several meshes' parts. Making one raises NotImplementedError."""

    def __init__(self, dim: int, *, split_factor: int):
        raise missing("torch.distributed.tensor.placement_types._StridedShard")

"""Parts: what each of many processes has of a tensor."""

from __future__ import annotations

from typing import NamedTuple

from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor.placement_types import Placement
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops


class Part(NamedTuple):
    """What a rank's part of a parameter is a part of (`Tensor._part`).

    Where parts are not equal, all are as long as the longest, with zeros at the end: so all ranks run one program.

    Attributes:
        shape: that of the whole.
    """

    mesh: DeviceMesh
    placements: tuple[Placement, ...]
    shape: tuple[int, ...]

    @property
    def cuts(self) -> tuple:
        """The groups over which it is cut."""
        return tuple(self.mesh.get_group(d).ranks for d, p in enumerate(self.placements) if p.is_shard())

    @property
    def uneven(self) -> bool:
        return any(p.is_shard() and self.shape[p.dim] % self.mesh.size(d) for d, p in enumerate(self.placements))

    def of(self, whole: Tensor) -> Tensor:
        """This rank's part of a whole tensor."""
        for d, p in enumerate(self.placements):
            if p.is_shard():
                piece, rows = _piece(whole, self.mesh, d, p.dim)
                whole = padded(piece, rows, p.dim)
        return whole

    def own(self, part: Tensor) -> Tensor:
        """What of this rank's part is not filling."""
        for d, p in enumerate(self.placements):
            if p.is_shard():
                _, _, count = span(self.shape[p.dim], self.mesh, d)
                part = part if part.shape[p.dim] == count else part.narrow(p.dim, 0, count)
        return part


def span(size: int, mesh: DeviceMesh, mesh_dim: int) -> tuple[int, int, int]:
    """As `torch.chunk` cuts: the longest part's length, and where this rank's begins and how long it is."""
    count, place = mesh.size(mesh_dim), mesh.get_local_rank(mesh_dim)
    rows = -(-size // count)
    start = min(place * rows, size)
    return rows, start, min(rows, size - start)


def _piece(whole: Tensor, mesh: DeviceMesh, mesh_dim: int, dim: int) -> tuple[Tensor, int]:
    rows, start, count = span(whole.shape[dim], mesh, mesh_dim)
    return whole.narrow(dim, start, count), rows


def padded(piece: Tensor, rows: int, dim: int) -> Tensor:
    missing = rows - piece.shape[dim]
    if not missing:
        return piece
    shape = [*piece.shape]
    shape[dim] = missing
    return ops.cat([piece, creation.zeros(shape, dtype=piece.dtype, device=piece.device)], dim)

"""Parameters in parts: each rank (or device) keeps one, and puts them together for as long as a module runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed.collectives import record
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor._api import DTensor, Part, part_of, place, placements_of, planned_at
from torchlike.distributed.tensor.placement_types import Placement, Replicate, Shard
from torchlike.engine import placement
from torchlike.engine.value import Value
from torchlike.nn.modules.module import Module
from torchlike.tensor import Parameter, Tensor


def divided(
    param: Tensor, mesh: DeviceMesh, preferred: int | None = None, taken: Collection[int] = ()
) -> tuple[Placement, ...]:
    """How a parameter is cut over the last mesh dimension: along its first dimension that divides evenly.

    Where there is none, processes cut the first one (and fill up the last parts), and the devices of one process have it whole:
    JAX's arrays have equal parts.
    """
    count = mesh.size(mesh.ndim - 1)
    order = [d for d in range(param.ndim) if d not in taken] if preferred is None else [preferred % param.ndim]
    dim = next((d for d in order if param.shape[d] and not param.shape[d] % count), None)
    if dim is None and mesh.processes:
        dim = next((d for d in order if param.shape[d]), None)
    last: Placement = Replicate() if dim is None else Shard(dim)
    return (*[Replicate()] * (mesh.ndim - 1), last)


def shard(param: Parameter, mesh: DeviceMesh, preferred: int | None = None) -> None:
    """Leave of a parameter this rank's part, in place: whoever holds it (an optimizer) has the part, too."""
    if not mesh.processes and (planned_at(param) is not None or isinstance(param, DTensor)):
        _shard_further(param, mesh)
        return
    before = part_of(param)
    taken = () if before is None else {p.dim for p in before.placements if p.is_shard()}
    placements = divided(param, mesh, preferred, taken)
    if not mesh.processes:
        place(param, mesh, placements)
        return
    part = Part(mesh, placements, tuple(param.shape))
    with no_grad():
        param._become(part.of(param.detach()).clone())
    param._part = part if before is None else _both(before, part)


def _both(before: Part, part: Part) -> Part:
    """A part of a part that another dimension of the same mesh has cut."""
    root = _rooted(part.mesh)
    found: dict[str, Placement] = dict.fromkeys(root.axis_names, Replicate())
    for known in (before, part):
        found.update(zip(known.mesh.axis_names, known.placements, strict=True))
    return Part(root, tuple(found.values()), before.shape)


def _shard_further(param: Parameter, mesh: DeviceMesh) -> None:
    """Cut a parameter that tensor parallelism has cut already along another dimension, by another mesh dimension."""
    here = _home(param)
    assert here is not None
    whole = placements_of(here, _rooted(mesh))
    taken = {p.dim for p in whole if p.is_shard()}
    count = mesh.size(mesh.ndim - 1)
    dim = next((d for d in range(param.ndim) if d not in taken and not param.shape[d] % count), None)
    if dim is None:
        return
    axis = mesh.axis_names[-1]
    chosen = [Shard(dim) if name == axis else p for name, p in zip(_rooted(mesh).axis_names, whole, strict=True)]
    sharding = _rooted(mesh).sharding(chosen, param.ndim)
    if planned_at(param) is not None:
        param._planned = sharding  # type: ignore[attr-defined]
        return
    value = param._read()
    param._storage.write(Value(value.aval, placement.put(value.force(), sharding)))


def _home(param: Tensor) -> Any:
    """Where a parameter lies on one process's devices, or would lie on described ones."""
    return planned_at(param) or placement.sharding_of(param._read().force())


def _rooted(mesh: DeviceMesh) -> DeviceMesh:
    return mesh if mesh._root is None else mesh._root


def gathered(param: Tensor, mesh: DeviceMesh, kind: Any = None, reduce: Any = None) -> Tensor:
    """The whole parameter for a forward pass; its gradient goes back in parts, averaged over the ranks.

    Args:
        kind: the dtype that it is cast to before it travels. reduce: that of gradients on their way.
    """
    if not param.is_floating_point():
        kind = reduce = None
    part = part_of(param)
    if part is not None:
        out: Tensor = param
        for dim, p in reversed(list(enumerate(part.placements))):
            if part.mesh.axis_names[dim] not in mesh.axis_names:  # tensor parallelism's
                continue
            ranks = part.mesh.get_group(dim).ranks
            if not p.is_shard():
                out = record("average_gradient", [out], ranks, kind, reduce)
                continue
            out = record("unshard", [out], ranks, p.dim, kind, reduce)
            if out.shape[p.dim] != part.shape[p.dim]:
                out = out.narrow(p.dim, 0, part.shape[p.dim])
        return out
    home = _home(param)
    if home is None:
        return param if kind is None else param.to(kind)
    axes = set(mesh.axis_names)
    kept = [
        Replicate() if name in axes else p
        for name, p in zip(_rooted(mesh).axis_names, placements_of(home, _rooted(mesh)), strict=True)
    ]
    return record("relocate", [param], _rooted(mesh).sharding(kept, param.ndim), home, kind, reduce)


class Unsharding:
    """The parameters that one module puts together while it runs.

    Args:
        kind, reduce: dtypes, as in `gathered`.
    """

    def __init__(self, mesh: DeviceMesh, owned: list[tuple[Module, str, Parameter]], kind: Any = None, reduce: Any = None):
        self.mesh, self.owned, self.kind, self.reduce = mesh, owned, kind, reduce
        self.stored: list[tuple[Module, str, Any]] = []

    def enter(self) -> None:
        if self.stored:
            return
        whole: dict[int, Tensor] = {}
        for module, name, param in self.owned:
            self.stored.append((module, name, param))
            if id(param) not in whole:
                whole[id(param)] = gathered(param, self.mesh, self.kind, self.reduce)
            module._parameters[name] = whole[id(param)]  # type: ignore[assignment]  # for as long as the module runs

    def leave(self) -> None:
        for module, name, param in self.stored:
            module._parameters[name] = param
        self.stored.clear()


def owned_by(modules: list[Module], managed: set[int]) -> list[tuple[Module, str, Parameter]]:
    """The parameters of modules and their children that nobody manages yet, where they stand."""
    found = []
    for module in modules:
        for child in module.modules():
            for name, param in child._parameters.items():
                if param is not None and id(param) not in managed:
                    found.append((child, name, param))
    return found

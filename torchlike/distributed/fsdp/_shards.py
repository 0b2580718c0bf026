"""Parameters in parts: each rank (or device) keeps one, and puts them together for as long as a module runs."""

from __future__ import annotations

from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed.collectives import record
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor._api import DTensor, Part, distribute_tensor, part_of, placements_of
from torchlike.distributed.tensor.placement_types import Placement, Replicate, Shard
from torchlike.engine import placement
from torchlike.engine.value import Value
from torchlike.nn.modules.module import Module
from torchlike.tensor import Parameter, Tensor


def divided(param: Tensor, mesh: DeviceMesh, preferred: int | None = None) -> tuple[Placement, ...]:
    """How a parameter is cut over the last mesh dimension: along its first dimension that divides evenly, or not at all."""
    count = mesh.size(mesh.ndim - 1)
    order = range(param.ndim) if preferred is None else [preferred % param.ndim]
    dim = next((d for d in order if param.shape[d] and not param.shape[d] % count), None)
    last: Placement = Replicate() if dim is None else Shard(dim)
    return (*[Replicate()] * (mesh.ndim - 1), last)


def shard(param: Parameter, mesh: DeviceMesh, preferred: int | None = None) -> None:
    """Leave of a parameter this rank's part, in place: whoever holds it (an optimizer) has the part, too."""
    if isinstance(param, DTensor) and not mesh.processes:
        _shard_further(param, mesh)
        return
    placements = divided(param, mesh, preferred)
    if not mesh.processes:
        param._become(distribute_tensor(param.detach(), mesh, placements))
        return
    with no_grad():
        for dim, p in enumerate(placements):
            if p.is_shard():
                group = mesh.get_group(dim)
                parts = param.detach().chunk(group.size(), p.dim)
                param._become(parts[group.rank()].clone())
    param.__dict__["_part"] = Part(mesh, placements)


def _shard_further(param: Parameter, mesh: DeviceMesh) -> None:
    """Cut a parameter that tensor parallelism has cut already along another dimension, by another mesh dimension."""
    here = placement.sharding_of(param._read().force())
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
    value = param._read()
    param._storage.write(Value(value.aval, placement.put(value.force(), sharding)))


def _rooted(mesh: DeviceMesh) -> DeviceMesh:
    return mesh if mesh._root is None else mesh._root


def gathered(param: Tensor, mesh: DeviceMesh) -> Tensor:
    """The whole parameter for a forward pass; its gradient goes back in parts, averaged over the ranks."""
    part = part_of(param)
    if part is not None:
        out: Tensor = param
        for dim, p in reversed(list(enumerate(part.placements))):
            ranks = part.mesh.get_group(dim).ranks
            out = record("unshard", [out], ranks, p.dim) if p.is_shard() else record("average_gradient", [out], ranks)
        return out
    home = placement.sharding_of(param._read().force())
    if home is None:
        return param
    axes = set(mesh.axis_names)
    kept = [
        Replicate() if name in axes else p
        for name, p in zip(_rooted(mesh).axis_names, placements_of(home, _rooted(mesh)), strict=True)
    ]
    return record("relocate", [param], _rooted(mesh).sharding(kept, param.ndim), home)


class Unsharding:
    """The parameters that one module puts together while it runs."""

    def __init__(self, mesh: DeviceMesh, owned: list[tuple[Module, str, Parameter]]):
        self.mesh, self.owned = mesh, owned
        self.stored: list[tuple[Module, str, Any]] = []

    def enter(self) -> None:
        if self.stored:
            return
        whole: dict[int, Tensor] = {}
        for module, name, param in self.owned:
            self.stored.append((module, name, param))
            if id(param) not in whole:
                whole[id(param)] = gathered(param, self.mesh)
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

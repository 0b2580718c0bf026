"""DTensor: tensors that lie on a mesh.

In one process with many devices a DTensor is a tensor like any other whose array is spread over them: every operation
works on it, and XLA divides the work. `placements` says where it lies (a pending one is run for that).

With many processes a DTensor is this rank's part and what it is a part of (`_across`). But a parameter that `fully_shard` or
`parallelize_module` has divided is the part itself: its `shape` is the part's (torch's is the whole's), `full_tensor()` gives
the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.errors import missing
from torchlike.distributed import device_mesh as meshes
from torchlike.distributed.collectives import record
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor import _across
from torchlike.distributed.tensor._parts import Part
from torchlike.distributed.tensor.placement_types import Placement, Replicate, Shard
from torchlike.engine import placement
from torchlike.engine.value import Value
from torchlike.nn.modules.module import Module
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor.tensor import bare


def _sharding(tensor: Tensor) -> Any:
    """Where a tensor lies, if that is on several devices of this process."""
    if not placement.spread.active:
        return None
    value = tensor._read()
    if value.aval.traced or tensor.is_meta:
        return None
    return placement.sharding_of(value.force())


def planned_at(tensor: Any) -> Any:
    """The `NamedSharding` that a parameter would have on a described mesh, or None."""
    return getattr(tensor, "_planned", None)


def place(param: Parameter, mesh: DeviceMesh, placements: Sequence[Placement]) -> None:
    """Spread a parameter over one process's devices, in place; on a described mesh, note where it would lie."""
    if mesh.topology is not None:
        param._planned = mesh.sharding(normalized(placements, mesh, param), param.ndim)  # type: ignore[attr-defined]
    else:
        param._become(distribute_tensor(param.detach(), mesh, placements))


def held(tensor: Tensor) -> tuple[Tensor, Part | None]:
    """What this process has of a tensor, and of what it is a part."""
    return (tensor._local, tensor._spec) if isinstance(tensor, _across.Across) else (tensor, part_of(tensor))


def part_of(tensor: Any) -> Part | None:
    return tensor._part


class _Distributed(type(Tensor)):  # type: ignore[misc]  # whatever class tensors are of
    def __instancecheck__(cls, instance: Any) -> bool:
        if isinstance(instance, _across.Across):
            return True
        return isinstance(instance, Tensor) and (part_of(instance) is not None or _sharding(instance) is not None)


class DTensor(Tensor, metaclass=_Distributed):
    """A tensor on a mesh. Made by `distribute_tensor`, `DTensor.from_local` and what is computed from such."""

    @staticmethod
    def from_local(
        local_tensor: Tensor, device_mesh: DeviceMesh | None = None, placements: Sequence[Placement] | None = None, *,
        run_check: bool = False, shape: Any = None, stride: Any = None, grad_placements: Any = None,
    ) -> Tensor:  # fmt: skip
        """A tensor of which every rank has this local part. In one process all devices start from the same one.

        Raises:
            NotImplementedError: for anything but replicated tensors in one process.
        """
        if device_mesh is not None and device_mesh.processes:
            chosen = placements or [Replicate()] * device_mesh.ndim
            return _across.from_local(local_tensor, device_mesh, _counted(chosen, local_tensor), shape)
        if device_mesh is None or not all(p.is_replicate() for p in placements or ()):
            raise missing("DTensor.from_local but for replicated tensors of one process", "use distribute_tensor")
        return distribute_tensor(local_tensor, device_mesh, placements)


def placements_of(sharding: Any, mesh: DeviceMesh) -> tuple[Placement, ...]:
    """What a JAX sharding is called."""
    found: dict[str, Placement] = {}
    for dim, entry in enumerate(sharding.spec):
        for name in (entry,) if isinstance(entry, str) else entry or ():
            found[name] = Shard(dim)
    return tuple(found.get(name, Replicate()) for name in mesh.axis_names)


def distribute_tensor(
    tensor: Tensor, device_mesh: DeviceMesh | None = None, placements: Sequence[Placement] | None = None, *,
    src_data_rank: int | None = 0,
) -> Any:  # fmt: skip
    """Spread a tensor over a mesh.

    Raises:
        NotImplementedError: for parts of different sizes on one process's devices.

    >>> import torchlike as torch
    >>> from torchlike.distributed.tensor import init_device_mesh, distribute_tensor, Shard
    >>> mesh = init_device_mesh("cpu", (1,))
    >>> distribute_tensor(torch.ones(4, 2), mesh, [Shard(0)]).shape
    torch.Size([4, 2])
    """
    if device_mesh is None:
        raise ValueError("distribute_tensor needs a device_mesh")
    chosen = normalized(placements, device_mesh, tensor)
    if device_mesh.processes:
        if src_data_rank is not None:
            tensor = _alike(tensor, device_mesh)
        return _across.distributed(tensor, device_mesh, chosen)
    value = tensor.detach()._read()
    out = bare(Value(value.aval, placement.put(value.force(), device_mesh.sharding(chosen, tensor.ndim))))
    if isinstance(tensor, Parameter):
        return Parameter(out, tensor.requires_grad)
    return out.requires_grad_(tensor.requires_grad)


def normalized(placements: Any, mesh: DeviceMesh, tensor: Tensor) -> tuple[Placement, ...]:
    """One placement a mesh dimension, checked against the tensor."""
    chosen = tuple(placements or [Replicate()] * mesh.ndim)
    if len(chosen) != mesh.ndim:
        raise ValueError(f"`placements` must have the same length as `device_mesh.ndim`! Found {len(chosen)}, and {mesh.ndim}")
    parts: dict[int, int] = {}
    for size, p in zip(mesh.shape, chosen, strict=True):
        if p.is_partial():
            raise RuntimeError(
                "placements to Partial not supported: a tensor cannot be spread as a sum that is still to be made"
            )
        if p.is_shard():
            if not -tensor.ndim <= p.dim < tensor.ndim:
                raise RuntimeError(f"Shard({p.dim}) of a tensor of {tensor.ndim} dimensions")
            dim = p.dim % tensor.ndim
            parts[dim] = parts.get(dim, 1) * size
    for dim, count in parts.items():
        if tensor.shape[dim] % count and not mesh.processes:
            raise missing(
                f"sharding of dimension {dim} ({tensor.shape[dim]} elements) into {count} unequal parts",
                "pad it, or replicate it",
            )
    return _counted(chosen, tensor)


def _counted(placements: Sequence[Placement], tensor: Tensor) -> tuple[Placement, ...]:
    """Placements with their dimensions counted from the front."""
    return tuple(Shard(p.dim % tensor.ndim) if p.is_shard() else p for p in placements)


def _alike(tensor: Tensor, mesh: DeviceMesh) -> Tensor:
    """What the mesh's first rank has, on every rank."""
    value = tensor.detach()
    with no_grad():
        for d in range(mesh.ndim):
            value = record("broadcast_from", [value], mesh.get_group(d).ranks, 0)
    if isinstance(tensor, Parameter):
        return Parameter(value, tensor.requires_grad)
    return value.requires_grad_(tensor.requires_grad)


def distribute_module(
    module: Module, device_mesh: DeviceMesh | None = None, partition_fn: Callable | None = None,
    input_fn: Callable | None = None, output_fn: Callable | None = None,
) -> Module:  # fmt: skip
    """Spread a module's parameters: `partition_fn(name, module, mesh)` does, what it leaves is replicated."""
    if device_mesh is None:
        raise ValueError("distribute_module needs a device_mesh")
    for name, part in module.named_modules():
        if partition_fn is not None:
            partition_fn(name, part, device_mesh)
        for tensors in (part._parameters, part._buffers):
            for key, tensor in tensors.items():
                if tensor is not None and not isinstance(tensor, DTensor):
                    tensors[key] = distribute_tensor(tensor, device_mesh)
    if input_fn is not None:
        module.register_forward_pre_hook(lambda m, inputs: input_fn(m, inputs, device_mesh))
    if output_fn is not None:
        module.register_forward_hook(lambda m, inputs, outputs: output_fn(m, outputs, device_mesh))
    return module


def _factory(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def made(*size: Any, device_mesh: DeviceMesh, placements: Any = None, **keywords: Any) -> Tensor:
        """The tensor of torch's function of this name, spread over a mesh."""
        return distribute_tensor(fill(*size, **keywords), device_mesh, placements)

    return made


ones, zeros = _factory(creation.ones), _factory(creation.zeros)
empty, full = _factory(creation.empty), _factory(creation.full)

# ---- what such a tensor has besides: attached to Tensor, and not there (AttributeError) on any other --------------------


def _mesh(self: Tensor) -> DeviceMesh:
    if isinstance(self, _across.Across):
        return self._spec.mesh
    part = part_of(self)
    if part is not None:
        return part.mesh
    found = _sharding(self)
    if found is None:
        raise AttributeError("'Tensor' object has no attribute 'device_mesh'")
    return meshes.of(found.mesh)


def _placements(self: Tensor) -> tuple[Placement, ...]:
    if isinstance(self, _across.Across):
        return self._spec.placements
    part = part_of(self)
    if part is not None:
        return part.placements
    return placements_of(_sharding(self), _mesh(self))


def _redistribute(
    self: Tensor, device_mesh: DeviceMesh | None = None, placements: Sequence[Placement] | None = None, *,
    async_op: bool = False, forward_dtype: Any = None, backward_dtype: Any = None,
) -> Tensor:  # fmt: skip
    """The same tensor lying elsewhere; recorded, and differentiable."""
    mesh = device_mesh or _mesh(self)
    if isinstance(self, _across.Across):
        chosen = _counted(placements or [Replicate()] * mesh.ndim, self)
        return _across.redistribute(self, mesh, chosen)
    if mesh.processes:
        raise missing("redistribute of a parameter that fully_shard or parallelize_module has cut", "use full_tensor()")
    return record("constrain", [self], mesh.sharding(normalized(placements, mesh, self), self.ndim))


def _full_tensor(self: Tensor, *, grad_placements: Any = None) -> Tensor:
    """The whole tensor, on every rank."""
    if isinstance(self, _across.Across):
        return _across.full_tensor(self)
    part = part_of(self)
    if part is not None:
        return whole(self, part)
    return _redistribute(self, placements=[Replicate()] * _mesh(self).ndim)


def whole(tensor: Tensor, part: Part) -> Tensor:
    """The parameter that this rank's part belongs to."""
    out = tensor.detach()
    with no_grad():
        for dim, p in reversed(list(enumerate(part.placements))):
            if p.is_shard():
                out = record("unshard", [out], part.mesh.get_group(dim).ranks, p.dim, None, None)
                out = out if out.shape[p.dim] == part.shape[p.dim] else out.narrow(p.dim, 0, part.shape[p.dim])
    return out


def _to_local(self: Tensor, *, grad_placements: Any = None) -> Tensor:
    """This rank's part; in one process, that of its first device."""
    if isinstance(self, _across.Across):
        return _across.to_local(self)
    part = part_of(self)
    if part is not None:
        return part.own(self)
    first = self._read().force().addressable_shards[0].data
    return creation.tensor(np.asarray(first))


def _attach() -> None:
    def present(fn: Callable) -> property:
        def get(self: Tensor) -> Any:
            if not isinstance(self, DTensor):
                raise AttributeError(f"'Tensor' object has no attribute {fn.__name__.lstrip('_')!r}: it lies on one device")
            return fn.__get__(self)

        return property(get)

    own: dict[str, Callable] = {"full_tensor": _full_tensor, "to_local": _to_local, "redistribute": _redistribute}
    for name, fn in own.items():
        setattr(Tensor, name, present(fn))
    Tensor.device_mesh = property(_mesh)  # type: ignore[attr-defined]  # attached here
    Tensor.placements = property(_placements)  # type: ignore[attr-defined]  # likewise


_attach()

"""DeviceMesh: processes, or the devices of one process, in rows and columns."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.base import device as devices
from torchlike.distributed import process_group as groups
from torchlike.engine import aot
from torchlike.engine.processes import world
from torchlike.tensor import Tensor, creation

_KNOWN: dict[Mesh, DeviceMesh] = {}


class DeviceMesh:
    """An n-dimensional arrangement of ranks.

    With several processes its elements are ranks; in one process they are the numbers of its devices. Both map onto a
    `jax.sharding.Mesh`: over the processes' devices, or over this process's own (`local_mesh`).

    Args:
        mesh: nested lists, an array or a tensor of numbers.
        mesh_dim_names: one a dimension.

    Raises:
        RuntimeError: where there are not so many processes or devices.
    """

    mesh_dim_names: tuple[str, ...] | None = None

    def __init__(
        self, device_type: str, mesh: Any = None, *, mesh_dim_names: Sequence[str] | None = None, _init_backend: bool = True,
        _root: DeviceMesh | None = None, _dims: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self.device_type = device_type
        self._numbers = np.asarray(mesh.numpy() if isinstance(mesh, Tensor) else mesh, np.int64)
        self.mesh_dim_names = tuple(mesh_dim_names) if mesh_dim_names is not None else None
        if self.mesh_dim_names is not None and len(self.mesh_dim_names) != self._numbers.ndim:
            raise RuntimeError(
                f"mesh_dim_names {mesh_dim_names} must have one name for each of {self._numbers.ndim} dimensions"
            )
        self._root, self._dims = _root, tuple(range(self._numbers.ndim) if _dims is None else _dims)
        self.topology: str | None = None if _root is None else _root.topology
        self.processes = get_world_size() > 1 and self.topology is None
        self._groups: dict[int, Any] = {}
        self.local_mesh: Mesh | None = None if self.processes else self._devices()
        if self.processes and _root is None:
            self._make_groups()

    @classmethod
    def described(
        cls, topology: str, mesh_shape: Sequence[int] | None = None, *, mesh_dim_names: Sequence[str] | None = None
    ) -> DeviceMesh:
        """The chips of a TPU slice that is not here ("v5e:16x16"), to plan for (`torchlike.distributed.plan`).

        `fully_shard` and `parallelize_module` note on a model's parameters where they would lie. Nothing can be run on it.

        Raises:
            RuntimeError: where the shape does not fit, or there is no TPU compiler (`pip install torchlike[tpu]`).
        """
        chips = aot.mesh(topology).devices
        shape = tuple(mesh_shape or chips.shape)
        if math.prod(shape) != chips.size:
            raise RuntimeError(f"a mesh of {shape} does not fit the {chips.size} chips of {topology}")
        made = object.__new__(cls)
        made.device_type, made.topology, made.processes = "tpu", topology, False
        made._numbers = np.arange(chips.size).reshape(shape)
        made.mesh_dim_names = None if mesh_dim_names is None else tuple(mesh_dim_names)
        made._root, made._dims, made._groups = None, tuple(range(len(shape))), {}
        made.local_mesh = Mesh(chips.reshape(shape), made.axis_names)
        return made

    # ---- what it stands on ------------------------------------------------------------------------------------

    def _devices(self) -> Mesh:
        if self._root is not None:
            assert self._root.local_mesh is not None
            return self._root.local_mesh
        where = devices.resolve(self.device_type)
        found = jax.local_devices(backend=where.platform)
        if self._numbers.max(initial=0) >= len(found):
            raise RuntimeError(
                f"a mesh of {self._numbers.size} {self.device_type} devices was asked for, and JAX sees {len(found)} (for "
                "tests on a CPU set XLA_FLAGS=--xla_force_host_platform_device_count=8)"
            )
        chosen = np.array([found[i] for i in self._numbers.flat], object).reshape(self._numbers.shape)
        made = Mesh(chosen, self.axis_names)
        _KNOWN.setdefault(made, self)
        return made

    @property
    def axis_names(self) -> tuple[str, ...]:
        """The names of this mesh's dimensions in the JAX mesh."""
        if self._root is not None:
            return tuple(self._root.axis_names[d] for d in self._dims)
        return self.mesh_dim_names or tuple(f"dim{d}" for d in range(self._numbers.ndim))

    def _make_groups(self) -> None:
        """A group for each dimension, in which this rank is; all ranks do the same, in the same order."""
        for dim in range(self._numbers.ndim):
            lines = np.moveaxis(self._numbers, dim, -1).reshape(-1, self._numbers.shape[dim])
            self._groups[dim] = groups.partition([list(map(int, line)) for line in lines])

    def sharding(self, placements: Sequence[Any], ndim: int) -> NamedSharding:
        """Where a tensor of this rank with these placements lies on the devices of one process."""
        axes: list[list[str]] = [[] for _ in range(ndim)]
        for name, placement in zip(self.axis_names, placements, strict=True):
            if placement.is_shard():
                axes[placement.dim % ndim].append(name)
        assert self.local_mesh is not None
        spec = [tuple(a) if len(a) > 1 else a[0] if a else None for a in axes]
        while spec and spec[-1] is None:
            spec.pop()
        return NamedSharding(self.local_mesh, PartitionSpec(*spec))

    # ---- torch's surface --------------------------------------------------------------------------------------

    @property
    def mesh(self) -> Tensor:
        return creation.tensor(self._numbers)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._numbers.shape

    @property
    def ndim(self) -> int:
        return self._numbers.ndim

    def size(self, mesh_dim: int | None = None) -> int:
        return self._numbers.size if mesh_dim is None else self._numbers.shape[mesh_dim]

    def _dim(self, mesh_dim: int | str | None) -> int:
        if mesh_dim is None:
            if self.ndim > 1:
                raise RuntimeError(f"Found the DeviceMesh have {self.ndim} dimensions: `mesh_dim` must be given")
            return 0
        if isinstance(mesh_dim, str):
            if self.mesh_dim_names is None or mesh_dim not in self.mesh_dim_names:
                raise KeyError(f"Invalid mesh_dim_name {mesh_dim!r}: the mesh has {self.mesh_dim_names}")
            return self.mesh_dim_names.index(mesh_dim)
        return mesh_dim

    def get_group(self, mesh_dim: int | str | None = None) -> Any:
        """The process group along a dimension."""
        dim = self._dim(mesh_dim)
        if not self.processes:
            return groups.chosen(None) if groups.is_initialized() else _Alone()
        return self._root.get_group(self._dims[dim]) if self._root is not None else self._groups[dim]

    def get_all_groups(self) -> list[Any]:
        return [self.get_group(d) for d in range(self.ndim)]

    def get_rank(self) -> int:
        return world.rank

    def get_local_rank(self, mesh_dim: int | str | None = None) -> int:
        """This process's number along a dimension; 0 in the one process that has all devices."""
        place = self.get_coordinate()
        if place is None:
            raise RuntimeError("this rank is not in the mesh")
        return place[self._dim(mesh_dim)]

    def get_coordinate(self) -> list[int] | None:
        found = np.argwhere(self._numbers == world.rank) if self.processes else np.zeros((1, self.ndim), int)
        return found[0].tolist() if len(found) else None

    def __getitem__(self, names: str | tuple[str, ...]) -> DeviceMesh:
        """The part along the named dimensions that this process is in."""
        chosen = (names,) if isinstance(names, str) else names
        dims = [self._dim(n) for n in chosen]
        place = self.get_coordinate() or [0] * self.ndim
        index = tuple(slice(None) if d in dims else place[d] for d in range(self.ndim))
        part = np.moveaxis(self._numbers[index], range(len(dims)), np.argsort(np.argsort(dims)))
        root = self if self._root is None else self._root
        return DeviceMesh(self.device_type, part, mesh_dim_names=chosen, _root=root, _dims=[self._dims[d] for d in dims])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceMesh) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple:
        return self.device_type, self._numbers.shape, tuple(self._numbers.flat), self.mesh_dim_names

    def __repr__(self) -> str:
        names = f", mesh_dim_names={self.mesh_dim_names}" if self.mesh_dim_names else ""
        return f"DeviceMesh('{self.device_type}', {self._numbers.tolist()}{names})"


class _Alone:
    """The group of the one process there is."""

    members = [0]

    def size(self) -> int:
        return 1

    def rank(self) -> int:
        return 0


def get_world_size() -> int:
    return groups.get_world_size() if groups.is_initialized() else 1


def of(mesh: Mesh) -> DeviceMesh:
    """The mesh that torch's names speak of where JAX has this one."""
    found = _KNOWN.get(mesh)
    if found is None:
        numbers = [d.local_hardware_id if d.platform != "cpu" else d.id for d in mesh.devices.flat]
        kind = devices.kind_of(mesh.devices.flat[0].platform)
        found = DeviceMesh(kind, np.reshape(numbers, mesh.devices.shape), mesh_dim_names=list(map(str, mesh.axis_names)))
        _KNOWN[mesh] = found
    return found


def init_device_mesh(
    device_type: str, mesh_shape: Sequence[int], *, mesh_dim_names: Sequence[str] | None = None, backend_override: Any = None
) -> DeviceMesh:
    """A mesh over all processes; or, in one process, over its first devices.

    Raises:
        RuntimeError: where the shape has not as many elements as there are processes, or more than there are devices.
    """
    if mesh_dim_names is not None and (
        len(set(mesh_dim_names)) != len(mesh_dim_names) or len(mesh_dim_names) != len(mesh_shape)
    ):
        raise RuntimeError(f"mesh_dim_names {mesh_dim_names} must be different, one for each dimension of {tuple(mesh_shape)}")
    if not groups.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        groups.init_process_group()
    size, total = get_world_size(), math.prod(mesh_shape)
    if size > 1 and total != size:
        raise RuntimeError(f"Mesh should not be bigger than default world size {size}, but found {total} ranks!")
    return DeviceMesh(device_type, np.arange(total).reshape(tuple(mesh_shape)), mesh_dim_names=mesh_dim_names)

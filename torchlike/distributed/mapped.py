"""`shard_map`, `pmap`: functions of a device's own parts, run on every device of a mesh."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor.placement_types import Placement
from torchlike.engine import dispatch, placement
from torchlike.engine.value import of_jax
from torchlike.func import functional_call
from torchlike.nn.modules.module import Module
from torchlike.ops.registry import Op
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare

_names = itertools.count()


@dataclass(frozen=True)
class Axis:
    """A mesh axis as a group of collectives inside of `shard_map`: `functional.all_reduce(x, "sum", Axis("tp", 4))`."""

    axis: str
    size: int
    parts: None = None

    @property
    def ranks(self) -> Axis:
        return self


def shard_map(
    fn: Callable[..., Any], mesh: DeviceMesh | Mesh, in_specs: Any, out_specs: Any, *, check_vma: bool = False
) -> Callable[..., Any]:
    """`fn` of tensors that are each device's own parts, as a function of whole tensors.

    The result is an op like any other: recorded, and differentiable with respect to its arguments (not to tensors that `fn`
    takes from elsewhere). Inside, `torchlike.distributed.axis(mesh, name)` is the group of a mesh dimension, which functional
    collectives take.

    Args:
        in_specs, out_specs: a `jax.sharding.PartitionSpec`, or placements (`[Shard(0)]`), one an argument and one a result.

    Raises:
        NotImplementedError: over processes.

    >>> import torchlike as torch
    >>> from torchlike.distributed import shard_map, init_device_mesh
    >>> from jax.sharding import PartitionSpec as P
    >>> double = shard_map(lambda x: x * 2, init_device_mesh("cpu", (1,), mesh_dim_names=("x",)), P("x"), P("x"))
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """
    devices = _mesh(mesh)
    ins, outs = _spec(in_specs, mesh), _spec(out_specs, mesh)
    shapes: dict[Any, Any] = {}  # by the arguments' structure: that of the results

    def body(*args: Any) -> Any:
        given = jax.tree.map(lambda a: bare(of_jax(a)), args)
        found = fn(*given)
        return jax.tree.map(lambda t: t._read().on_device(), found, is_leaf=_is_tensor)

    def row(*arrays, tree, where):
        run = jax.shard_map(body, mesh=devices, in_specs=_per_argument(ins), out_specs=outs, check_vma=check_vma)
        flat, shapes[tree] = jax.tree.flatten(run(*jax.tree.unflatten(tree, arrays)))
        return tuple(flat)

    op = Op(f"shard_map_{next(_names)}", row, ns="", method=False, out=False)
    everywhere = NamedSharding(devices, PartitionSpec())

    @wraps(fn)
    def mapped(*args: Any) -> Any:
        placement.spread.active = True
        flat, tree = jax.tree.flatten(args, is_leaf=_is_tensor)
        found = dispatch.call(op, flat, (tree, everywhere))
        return jax.tree.unflatten(shapes[tree], found if isinstance(found, tuple) else (found,))

    return mapped


def pmap(
    fn: Callable[..., Any], *, axis_name: str = "devices", in_axes: int | Sequence[int | None] = 0, out_axes: int = 0
) -> Callable[..., Any]:
    """`fn` of one slice of each argument, for every slice on a device of its own, as `jax.pmap`.

    A module's parameters and buffers are whole on every device; their gradients are the sums over all slices, and what it
    writes to buffers is not kept. Inside, `Axis(axis_name, number of slices)` is the group that functional collectives take.

    Args:
        fn: of tensors, or a module. in_axes: which dimension of the arguments the slices are along, or of each argument; None
            for one that all get whole. out_axes: where that dimension is in the results.

    Raises:
        ValueError: where no argument is cut, where they are cut into unlike numbers, or into more than there are devices.

    >>> import torchlike as torch
    >>> from torchlike.distributed import pmap
    >>> pmap(lambda row: row.sum())(torch.ones(1, 3))
    tensor([3.])
    """
    made: dict[Any, Callable[..., Any]] = {}
    module = fn if isinstance(fn, Module) else None

    def make(devices: Sequence[Any], axes: tuple[int | None, ...]) -> Callable[..., Any]:
        def slices(state: Any, *args: Any) -> Any:
            own = [_each(lambda x: x[0], arg) if at is not None else arg for arg, at in zip(args, axes, strict=True)]
            found = fn(*own) if module is None else functional_call(module, state, tuple(own))
            return _each(lambda x: x.unsqueeze(0), found)

        specs = [PartitionSpec() if at is None else PartitionSpec(axis_name) for at in axes]
        mesh = Mesh(np.array(devices), (axis_name,))
        return shard_map(slices, mesh, (PartitionSpec(), *specs), PartitionSpec(axis_name))

    def mapped(*args: Any) -> Any:
        axes = (in_axes,) * len(args) if in_axes is None or isinstance(in_axes, int) else tuple(in_axes)
        cut = [leaf for arg, at in zip(args, axes, strict=True) if at is not None for leaf in _leaves(arg)]
        sizes = {leaf.shape[at] for arg, at in zip(args, axes, strict=True) if at is not None for leaf in _leaves(arg)}
        if len(sizes) != 1:
            raise ValueError(f"pmap: arguments must be cut into one number of slices, but got {sorted(sizes) or 'none to cut'}")
        count, here = sizes.pop(), jax.local_devices(backend=cut[0].device.platform)
        if count > len(here):
            raise ValueError(f"pmap: {count} slices need as many devices, and there are {len(here)}")
        run = made.get((count, axes)) or made.setdefault((count, axes), make(here[:count], axes))
        first = [arg if at is None else _in_front(arg, at) for arg, at in zip(args, axes, strict=True)]
        state = {} if module is None else {**dict(module.named_parameters()), **dict(module.named_buffers())}
        return _each(lambda x: x.movedim(0, out_axes), run(state, *first))

    return mapped


def _in_front(tree: Any, dim: int) -> Any:
    return _each(lambda x: x.movedim(dim, 0), tree)


def _leaves(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree, is_leaf=_is_tensor) if _is_tensor(leaf)]


def _each(fn: Callable[[Any], Any], tree: Any) -> Any:
    return jax.tree.map(lambda x: fn(x) if _is_tensor(x) else x, tree, is_leaf=_is_tensor)


def axis(mesh: DeviceMesh | Mesh, name: str) -> Axis:
    """A mesh dimension as a group, for collectives inside of `shard_map`."""
    return Axis(name, _mesh(mesh).shape[name])


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


def _mesh(mesh: DeviceMesh | Mesh) -> Mesh:
    if isinstance(mesh, Mesh):
        return mesh
    if mesh.local_mesh is None:
        raise NotImplementedError("torchlike has no shard_map over processes: each runs its own part already; use collectives")
    return mesh.local_mesh


def _per_argument(specs: Any) -> Any:
    return specs if isinstance(specs, (tuple, PartitionSpec)) else tuple(specs)


def _spec(spec: Any, mesh: DeviceMesh | Mesh) -> Any:
    """Placements as a PartitionSpec; what is one, or holds some, stays."""
    if isinstance(spec, Placement):
        spec = [spec]
    if isinstance(spec, Sequence) and spec and all(isinstance(s, Placement) for s in spec):
        if not isinstance(mesh, DeviceMesh):
            raise TypeError("placements need a DeviceMesh; with a jax.sharding.Mesh use PartitionSpec")
        rank = max([p.dim for p in spec if p.is_shard()], default=-1) + 1
        return mesh.sharding(spec, rank).spec
    if isinstance(spec, PartitionSpec) or spec is None:
        return spec
    if isinstance(spec, (list, tuple)):
        return tuple(_spec(s, mesh) for s in spec)
    return jax.tree.map(lambda s: _spec(s, mesh), spec, is_leaf=lambda s: isinstance(s, (PartitionSpec, Placement)))

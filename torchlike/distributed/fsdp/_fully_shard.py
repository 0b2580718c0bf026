"""`fully_shard`: parameters, gradients and optimizer state in parts, put together only while a module runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torchlike.base import pytree
from torchlike.base.errors import missing
from torchlike.distributed.device_mesh import DeviceMesh, get_world_size, init_device_mesh
from torchlike.distributed.fsdp._shards import Unsharding, owned_by, shard
from torchlike.nn.modules.module import Module
from torchlike.nn.parallel import replicas
from torchlike.tensor import Tensor


@dataclass(frozen=True)
class MixedPrecisionPolicy:
    """Dtypes of parameters while a module runs, of their gradients while they are reduced, and of what the module returns.

    None leaves them as they are; gradients are then reduced in `param_dtype`. Over one process's devices it is XLA that sums
    gradients, and it may do so before they are cast.
    """

    param_dtype: Any = None
    reduce_dtype: Any = None
    output_dtype: Any = None
    cast_forward_inputs: bool = True


@dataclass
class OffloadPolicy:
    """No offloading."""


@dataclass
class CPUOffloadPolicy(OffloadPolicy):
    """Parameters on the host between their uses; torchlike has no such thing yet."""

    pin_memory: bool = True


class _State:
    def __init__(self, mesh: DeviceMesh, unsharding: Unsharding, policy: MixedPrecisionPolicy, root: bool):
        self.mesh, self.unsharding, self.policy, self.root = mesh, unsharding, policy, root


class FSDPModule:
    """What `fully_shard` gives a module's class besides its own."""

    _fsdp: _State

    def unshard(self, async_op: bool = False) -> None:
        """Put the parameters together until `reshard`."""
        self._fsdp.unsharding.enter()

    def reshard(self) -> None:
        self._fsdp.unsharding.leave()

    def set_requires_gradient_sync(self, requires_gradient_sync: bool, *, recurse: bool = True) -> None:
        if not requires_gradient_sync:
            raise missing(
                "FSDPModule.set_requires_gradient_sync(False)", "gradients are parts: they are reduced in every backward"
            )

    def set_is_last_backward(self, is_last_backward: bool) -> None:
        """Without effect: the program knows."""

    set_requires_all_reduce = set_requires_gradient_sync
    set_reshard_after_forward = set_reshard_after_backward = set_is_last_backward

    def set_modules_to_forward_prefetch(self, modules: Sequence[Any]) -> None:
        """Without effect: XLA orders the gathers."""

    set_modules_to_backward_prefetch = set_modules_to_forward_prefetch


_CLASSES: dict[type, type] = {}


def default_mesh(kind: str) -> DeviceMesh:
    """All processes; in one process, the devices that the launcher was told to use."""
    found = replicas.count()
    return init_device_mesh(kind, (get_world_size() if get_world_size() > 1 else max(found, 1),))


def fully_shard(
    module: Any, *, mesh: DeviceMesh | None = None, reshard_after_forward: bool | int | None = None,
    shard_placement_fn: Callable[[Tensor], Any] | None = None, mp_policy: MixedPrecisionPolicy | None = None,
    offload_policy: OffloadPolicy | None = None, ignored_params: set | None = None, dp_mesh_dims: Any = None,
) -> Any:  # fmt: skip
    """Cut a module's parameters (but those of children that were cut before) into parts, one a rank.

    Each is cut along its first dimension that the ranks divide evenly. Where there is none, processes cut the first one
    unevenly and the devices of one process have it whole. While the module runs they are put together, and their gradients are
    averaged and cut; so is the optimizer's state. When XLA lets go of a gathered parameter is its own decision, whatever
    `reshard_after_forward` says.

    Args:
        mesh: one-dimensional, or two-dimensional: copies, parts (hybrid sharding). All ranks by default.
        shard_placement_fn: a parameter's `Shard`, or None for the default.

    Raises:
        NotImplementedError: for offloading.
    """
    if isinstance(offload_policy, CPUOffloadPolicy):
        raise missing("fully_shard(offload_policy=CPUOffloadPolicy())")
    modules = list(module) if isinstance(module, (list, tuple)) else [module]
    for m in modules:
        if isinstance(m, FSDPModule):
            raise AssertionError("fully_shard cannot be applied twice to one module")
    managed = {id(p) for p in ignored_params or ()}
    for m in modules:
        for child in m.modules():
            if isinstance(child, FSDPModule):
                managed.update(id(p) for _, _, p in child._fsdp.unsharding.owned)
    owned = owned_by(modules, managed)
    chosen = mesh or default_mesh(next((p.device.type for _, _, p in owned), "cpu"))
    for param in {id(p): p for _, _, p in owned}.values():
        wanted = None if shard_placement_fn is None else shard_placement_fn(param)
        shard(param, chosen, None if wanted is None else wanted.dim)
    policy = mp_policy or MixedPrecisionPolicy()
    unsharding = Unsharding(chosen, owned, policy.param_dtype, policy.reduce_dtype)
    _wrap(modules, _State(chosen, unsharding, policy, True))
    return module


def _wrap(modules: list[Module], state: _State) -> None:
    for child in (c for m in modules for c in m.modules()):
        if isinstance(child, FSDPModule):
            child._fsdp.root = False
    for module in modules:
        kind = type(module)
        if kind not in _CLASSES:
            _CLASSES[kind] = type(f"FSDP{kind.__name__}", (FSDPModule, kind), {"forward": _forward_of(kind)})
        module.__class__ = _CLASSES[kind]
        object.__setattr__(module, "_fsdp", state)


def _forward_of(kind: Any) -> Callable:
    def forward(self: Any, *args: Any, **keywords: Any) -> Any:
        state: _State = self._fsdp
        mesh = state.mesh
        if state.root and not mesh.processes:
            args, keywords = pytree.tree_map(
                lambda x: replicas.scattered(x, mesh.local_mesh, mesh.axis_names, mesh.topology is not None), (args, keywords)
            )
        policy = state.policy
        if policy.param_dtype is not None and policy.cast_forward_inputs:
            args, keywords = pytree.tree_map(lambda x: _cast(x, policy.param_dtype), (args, keywords))
        held = bool(state.unsharding.stored)
        state.unsharding.enter()
        try:
            out = kind.forward(self, *args, **keywords)
        finally:
            if not held:
                state.unsharding.leave()
        return pytree.tree_map(lambda x: _cast(x, policy.output_dtype), out) if policy.output_dtype is not None else out

    return forward


def _cast(x: Any, kind: Any) -> Any:
    return x.to(kind) if isinstance(x, Tensor) and x.is_floating_point() else x


def register_fsdp_forward_method(module: Any, method_name: str) -> None:
    """Make another method put the parameters together while it runs."""
    if not isinstance(module, FSDPModule):
        return
    inner = getattr(module, method_name)

    def wrapped(*args: Any, **keywords: Any) -> Any:
        module.unshard()
        try:
            return inner(*args, **keywords)
        finally:
            module.reshard()

    object.__setattr__(module, method_name, wrapped)

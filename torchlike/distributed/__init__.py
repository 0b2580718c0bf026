"""torch.distributed: many processes and many devices, on JAX's meshes.

A rank is a process. A collective is an op like any other: recorded, and part of the step's one program, which all ranks run
together; so all of them must record the same collectives in the same order.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torchlike.base.errors import absent
from torchlike.distributed import lifecycle
from torchlike.distributed import nn as nn
from torchlike.distributed.collectives import (
    all_gather,
    all_gather_coalesced,
    all_gather_into_tensor,
    all_reduce,
    all_reduce_coalesced,
    all_to_all,
    all_to_all_single,
    broadcast,
    gather,
    reduce,
    reduce_scatter,
    reduce_scatter_tensor,
    scatter,
)
from torchlike.distributed.nn.functional import permute
from torchlike.distributed.objects import (
    all_gather_object,
    barrier,
    broadcast_object_list,
    gather_object,
    monitored_barrier,
    scatter_object_list,
)
from torchlike.distributed.p2p import P2POp, batch_isend_irecv, irecv, isend, recv, send
from torchlike.distributed.process_group import (
    Backend,
    GroupMember,
    ProcessGroup,
    default_pg_timeout,
    destroy_process_group,
    get_backend,
    get_backend_config,
    get_default_backend_for_device,
    get_global_rank,
    get_group_rank,
    get_node_local_rank,
    get_pg_count,
    get_process_group_ranks,
    get_rank,
    get_world_size,
    group,
    init_process_group,
    is_available,
    is_initialized,
    new_group,
    new_subgroups,
    new_subgroups_by_enumeration,
    split_group,
)
from torchlike.distributed.rendezvous import register_rendezvous_handler, rendezvous
from torchlike.distributed.store import DistNetworkError, DistStoreError, FileStore, HashStore, PrefixStore, Store
from torchlike.distributed.tcp_store import TCPStore
from torchlike.distributed.work import ReduceOp, Work

_all_gather_base, _reduce_scatter_base = all_gather_into_tensor, reduce_scatter_tensor
reduce_op = ReduceOp
DistError = DistBackendError = RuntimeError


def is_nccl_available() -> bool:
    """True: "nccl" means XLA's own transport."""
    return True


is_gloo_available = is_nccl_available


def is_mpi_available() -> bool:
    """False."""
    return False


is_ucc_available = is_xccl_available = is_mpi_available


def is_backend_available(backend: str) -> bool:
    return backend.lower() in ("gloo", "nccl", "xla")


def is_torchelastic_launched() -> bool:
    """Whether the launcher (`python -m torchlike.distributed.run`) started this process."""
    return lifecycle.launched()


# Loaded when first used.
_LAZY = frozenset(
    "_composable _functional_collectives _shard _tensor algorithms checkpoint device_mesh distributed_c10d elastic fsdp launch "
    "optim pipelining run tensor".split()
)
_FROM = {
    "DeviceMesh": "device_mesh", "init_device_mesh": "device_mesh", "plan": "planning",
    **dict.fromkeys(("Axis", "axis", "pmap", "shard_map"), "mapped"),
}  # fmt: skip
_missing = absent("torch.distributed")


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(f"torchlike.distributed.{_FROM[name]}"), name)
    if name in _LAZY:
        try:
            return import_module(f"torchlike.distributed.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"torchlike.distributed.{name}":
                raise
    return _missing(name)

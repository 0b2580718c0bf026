"""Groups of processes: `init_process_group`, `new_group` and who is in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from torchlike.base.device import device
from torchlike.distributed import lifecycle
from torchlike.distributed.rendezvous import rendezvous
from torchlike.distributed.store import PrefixStore, Store
from torchlike.engine import flush
from torchlike.engine.processes import Ranks, world

default_pg_timeout = timedelta(minutes=30)


class Backend(str):
    """The name of a transport. All of them mean XLA's own: gloo between CPUs, NCCL between GPUs, ICI between TPUs."""

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL, XLA = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl", "xla"
    backend_list = [UNDEFINED, GLOO, NCCL, XCCL, UCC, MPI, XLA]

    def __new__(cls, name: Any) -> Any:
        if not isinstance(name, str):
            raise ValueError(f"Backend constructor parameter must be string-ish, got {name!r}")
        return str.__new__(cls, name.lower())


_TRANSPORTS = {"gloo", "nccl", "xla", "xccl", "undefined"}


class ProcessGroup:
    """Processes that communicate with each other.

    Attributes:
        ranks: the group as the engine knows it. members: its global ranks, in order. store: theirs alone.
    """

    def __init__(self, ranks: Ranks, members: Sequence[int], name: str, backend: str, store: Store, timeout: timedelta):
        self.ranks, self.members = ranks, list(members)
        self.group_name, self.backend, self.store, self.timeout = name, backend, store, timeout
        self.group_desc = "default_pg" if name == "0" else name
        self.turn = 0  # collectives through the store so far

    def rank(self) -> int:
        """This process's number in the group, -1 where it is not in it."""
        return self.members.index(world.rank) if world.rank in self.members else -1

    def size(self) -> int:
        return len(self.members)

    def name(self) -> str:
        return self.backend

    def place(self, rank: int) -> int:
        """The number in the group of a global rank. Raises ValueError where it is not in it."""
        if rank not in self.members:
            raise ValueError(f"Global rank {rank} is not part of group {self!r}")
        return self.members.index(rank)

    def __repr__(self) -> str:
        return f"ProcessGroup(ranks={self.members}, backend={self.backend!r})"


class GroupMember:
    """`GroupMember.WORLD` is the default group; `NON_GROUP_MEMBER` is what others than its members get of `new_group`."""

    WORLD: ProcessGroup | None = None
    NON_GROUP_MEMBER = -100


class _Group(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:
        return GroupMember.WORLD

    @WORLD.setter
    def WORLD(cls, value: ProcessGroup | None) -> None:
        GroupMember.WORLD = value


class group(metaclass=_Group):
    """`group.WORLD` is the default group."""


_made: dict[str, ProcessGroup] = {}


def is_available() -> bool:
    """True."""
    return True


def is_initialized() -> bool:
    """Whether `init_process_group` has been called."""
    return GroupMember.WORLD is not None


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: timedelta | None = None, world_size: int = -1,
    rank: int = -1, store: Store | None = None, group_name: str = "", pg_options: Any = None, device_id: Any = None,
    _ranks: Any = None,
) -> None:  # fmt: skip
    """Meet the other processes.

    Args:
        backend: "gloo", "nccl", "xla", or pairs like "cpu:gloo,cuda:nccl"; XLA's own transport is meant by each.
        init_method: "env://" (the default: MASTER_ADDR, MASTER_PORT, RANK, WORLD_SIZE), "tcp://host:port" or "file:///path".
        timeout: how long a rank waits for others, here and in collectives (30 minutes).
        store: any store that all reach, in place of `init_method`.
        device_id: the device that is this process's own.

    Raises:
        ValueError: twice initialized, an unknown backend, a rank outside of the world, one rank twice, different world sizes.
        RuntimeError: others did not come in time; says which.
    """
    if is_initialized():
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None and init_method is not None:
        raise AssertionError("Cannot specify both init_method and store.")
    name = _checked_backend(backend)
    limit = timeout or default_pg_timeout
    if not isinstance(limit, timedelta):
        raise TypeError(f"Expected timeout argument to be of type datetime.timedelta, got {limit}")
    if store is None:
        store, rank, world_size = rendezvous(init_method or "env://", rank, world_size, limit)
    elif rank < 0 or world_size < 1:
        raise ValueError("rank and world_size must be given (non-negative) if a store is")
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not in a world of {world_size}: ranks are 0 to {world_size - 1}")
    flush()
    lifecycle.start(store, rank, world_size, limit, None if device_id is None else device(device_id).index)
    found = ProcessGroup(Ranks(range(world_size)), range(world_size), "0", name, PrefixStore("group/0", store), limit)
    GroupMember.WORLD = _made["0"] = found
    world.default, world.group = found.ranks, found


def _checked_backend(backend: str | None) -> str:
    if backend is None or backend == "undefined":
        return lifecycle.transport()
    names = [part.split(":")[-1] for part in str(backend).lower().split(",")]
    for name in names:
        if name not in _TRANSPORTS:
            raise ValueError(f"torchlike has no backend {name!r}: gloo, nccl and xla all mean XLA's own transport")
    return names[0] if len(names) == 1 else str(backend).lower()


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """Leave a group; the default one (None) means all of them. Waits for the other ranks to leave, too."""
    if group is not None and group is not GroupMember.WORLD:
        if group not in _made.values():
            raise ValueError("Invalid process group specified")
        del _made[group.group_name]
        return
    if not is_initialized():
        raise AssertionError("Process group cannot be None")
    flush()
    GroupMember.WORLD = world.group = None
    _made.clear()
    lifecycle.stop()


def chosen(group: Any) -> ProcessGroup:
    """The group meant: the default one for None. Raises ValueError before `init_process_group`."""
    if group is None:
        if GroupMember.WORLD is None:
            raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
        return GroupMember.WORLD
    found = getattr(group, "process_group", group)
    if hasattr(found, "axis"):  # inside of shard_map
        return found
    if not isinstance(found, ProcessGroup):
        if group == GroupMember.NON_GROUP_MEMBER:
            raise ValueError("Invalid process group specified: this rank is not in it")
        raise TypeError(f"expected a process group, but got {type(group).__name__}")
    return found


def get_rank(group: Any = None) -> int:
    """This process's number in a group; -1 where it is not in it."""
    return -1 if group == GroupMember.NON_GROUP_MEMBER else chosen(group).rank()


def get_world_size(group: Any = None) -> int:
    """How many processes are in a group; -1 where this one is not."""
    return -1 if group == GroupMember.NON_GROUP_MEMBER else chosen(group).size()


def get_backend(group: Any = None) -> Backend:
    return Backend(chosen(group).backend)


def get_backend_config(group: Any = None) -> str:
    return str(chosen(group).backend)


def get_default_backend_for_device(where: Any) -> str:
    return {"cpu": "gloo", "cuda": "nccl"}.get(device(where).type, "xla")


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The global ranks of a group."""
    return list(chosen(group).members)


def get_group_rank(group: Any, global_rank: int) -> int:
    return chosen(group).place(global_rank)


def get_global_rank(group: Any, group_rank: int) -> int:
    members = chosen(group).members
    if not 0 <= group_rank < len(members):
        raise ValueError(f"Group rank {group_rank} is not part of group {group}")
    return members[group_rank]


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """LOCAL_RANK of the environment, or what is given. Raises RuntimeError where neither is."""
    return lifecycle.local_rank(fallback_rank)


def get_pg_count() -> int:
    return len(_made)


def new_group(
    ranks: Sequence[int] | None = None, timeout: timedelta | None = None, backend: str | None = None, pg_options: Any = None,
    use_local_synchronization: bool = False, group_desc: str | None = None, device_id: Any = None,
) -> Any:  # fmt: skip
    """A group of some processes. Every process calls this, members or not, in the same order.

    Returns:
        The group, or `GroupMember.NON_GROUP_MEMBER`.
    """
    everybody = chosen(None)
    members = sorted(everybody.members if ranks is None else ranks)
    if len(set(members)) != len(members) or not set(members) <= set(everybody.members):
        raise ValueError(f"ranks must be different and of the world of {everybody.size()}, but got {list(ranks or ())}")
    return _registered(Ranks(members), members, timeout, backend, group_desc)


def _registered(ranks: Ranks, members: Sequence[int], timeout: Any, backend: Any, desc: str | None = None) -> Any:
    everybody = chosen(None)
    lifecycle.groups += 1
    name = str(lifecycle.groups)
    if world.rank not in members:
        return GroupMember.NON_GROUP_MEMBER
    kind = everybody.backend if backend is None else _checked_backend(backend)
    # The parts of a partition have one name: what tells them apart is their first member.
    store = PrefixStore(f"group/{name}/{min(members)}", lifecycle.store())
    made = ProcessGroup(ranks, members, name, kind, store, timeout or everybody.timeout)
    if desc is not None:
        made.group_desc = desc
    _made[name] = made
    return made


def partition(parts: Sequence[Sequence[int]], timeout: Any = None, backend: Any = None) -> Any:
    """This process's part where equal parts make up the world: collectives of all of them are one program."""
    everybody = chosen(None)
    own = next((list(p) for p in parts if world.rank in p), [])
    whole = sorted(r for p in parts for r in p) == everybody.members
    if not whole or len({len(p) for p in parts}) != 1:
        ranks = Ranks(own)
    elif len(parts) == 1:
        ranks = everybody.ranks if own == everybody.members else Ranks(own)
    else:
        ranks = Ranks(everybody.members, parts)
    return _registered(ranks, own, timeout, backend)


def new_subgroups(
    group_size: int | None = None, group: Any = None, timeout: timedelta | None = None, backend: str | None = None,
    pg_options: Any = None, group_desc: str | None = None,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """Cut the world into groups of `group_size` neighbours. Returns this process's group, and a list of all."""
    size = group_size or lifecycle.local_world_size()
    total = get_world_size(group)
    if size <= 0:
        raise ValueError(f"The arg 'group_size' ({size}) must be positive")
    if total < size:
        raise ValueError(f"The arg 'group_size' ({size}) must not exceed the world size ({total})")
    if total % size:
        raise ValueError(f"The world size ({total}) must be divisible by 'group_size={size}'")
    return new_subgroups_by_enumeration([list(range(i, i + size)) for i in range(0, total, size)], timeout, backend)


def new_subgroups_by_enumeration(
    ranks_per_subgroup_list: Sequence[Sequence[int]], timeout: timedelta | None = None, backend: str | None = None,
    pg_options: Any = None, group_desc: str | None = None,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """Groups by their lists of ranks, none in two of them."""
    if not ranks_per_subgroup_list:
        raise ValueError("The arg 'ranks_per_subgroup_list' cannot be empty")
    flat = [r for part in ranks_per_subgroup_list for r in part]
    if len(set(flat)) != len(flat):
        raise ValueError("rank has appeared in both subgroups")
    own = partition(ranks_per_subgroup_list, timeout, backend)
    return own, [own if world.rank in part else GroupMember.NON_GROUP_MEMBER for part in ranks_per_subgroup_list]


def split_group(parent_pg: Any = None, split_ranks: Sequence[Sequence[int]] | None = None, *args: Any, **keywords: Any) -> Any:
    """The part of a group that this process is in."""
    if not split_ranks:
        raise ValueError("split_ranks cannot be None or empty")
    return new_subgroups_by_enumeration(split_ranks)[0]


def outsider(group: Any, what: str) -> bool:
    """Whether this process is not in the group, which it is warned of."""
    if group != GroupMember.NON_GROUP_MEMBER:
        return False
    warnings.warn(f"Running {what} on global rank {world.rank} which does not belong to the given group.", stacklevel=4)
    return True

"""Collectives on Python objects, and barriers. They go through the store.

What is pending is run first: another rank may wait for a collective in it, and not come here before.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from torchlike.distributed import lifecycle
from torchlike.distributed import process_group as groups
from torchlike.distributed.store import DistStoreError
from torchlike.distributed.work import Work
from torchlike.engine import flush
from torchlike.engine.processes import world


def await_keys(pg: groups.ProcessGroup, keys: dict[int, str], what: str, timeout: timedelta | None = None) -> None:
    """Wait for what other ranks are to write, by rank.

    Raises:
        RuntimeError: where one has gone without, or does not come in time; says who.
    """
    limit = timeout or pg.timeout
    end = time.monotonic() + limit.total_seconds()
    left = dict(keys)
    while left:
        rank, key = next(iter(left.items()))
        gone = lifecycle.gone(rank)
        try:
            pg.store.wait([key], timedelta(seconds=min(0.5, max(end - time.monotonic(), 0.01))))
            del left[rank]
        except DistStoreError:
            if gone:
                raise RuntimeError(f"{what} cannot be done: {gone}") from None
            if time.monotonic() > end:
                late = [r for r, k in left.items() if not pg.store.check([k])]
                if late:
                    raise RuntimeError(
                        f"{what} timed out after {limit.total_seconds():g} s on rank {world.rank}: ranks {late} have not come"
                    ) from None


def _turn(pg: groups.ProcessGroup, name: str) -> str:
    flush()
    pg.turn += 1
    return f"{name}/{pg.turn}"


def exchanged(pg: groups.ProcessGroup, value: Any, what: str = "all_gather_object") -> list[Any]:
    """Every rank's object, in the order of the group."""
    if pg.size() == 1:
        return [pickle.loads(pickle.dumps(value))]
    turn = _turn(pg, "gather")
    pg.store.set(f"{turn}/{world.rank}", pickle.dumps(value))
    await_keys(pg, {r: f"{turn}/{r}" for r in pg.members}, what)
    found = [pickle.loads(pg.store.get(f"{turn}/{r}")) for r in pg.members]
    _tidy(pg, turn, [f"{turn}/{r}" for r in pg.members])
    return found


world.exchange = exchanged


def _tidy(pg: groups.ProcessGroup, turn: str, keys: Sequence[str]) -> None:
    """The last one to have read removes what was written."""
    if pg.store.add(f"{turn}/read", 1) == pg.size():
        for key in [*keys, f"{turn}/read"]:
            pg.store.delete_key(key)


def _sent(pg: groups.ProcessGroup, place: int, value: Any, what: str) -> Any:
    """What the rank at `place` has, on every rank."""
    if pg.size() == 1:
        return value
    turn, source = _turn(pg, "send"), pg.members[place]
    if world.rank == source:
        pg.store.set(f"{turn}/value", pickle.dumps(value))
    await_keys(pg, {source: f"{turn}/value"}, what)
    found = value if world.rank == source else pickle.loads(pg.store.get(f"{turn}/value"))
    _tidy(pg, turn, [f"{turn}/value"])
    return found


def place_of(pg: groups.ProcessGroup, rank: int | None, group_rank: int | None) -> int:
    if rank is not None and group_rank is not None:
        raise ValueError("Cannot specify both a global rank and a group rank")
    return group_rank if group_rank is not None else pg.place(pg.members[0] if rank is None else rank)


def all_gather_object(object_list: list, obj: Any, group: Any = None) -> None:
    """Put every rank's object into the list, on each of them. Objects are pickled: only trust your own processes."""
    if not groups.outsider(group, "all_gather_object"):
        object_list[:] = exchanged(groups.chosen(group), obj)


def gather_object(
    obj: Any, object_gather_list: list | None = None, dst: int | None = None, group: Any = None, group_dst: int | None = None
) -> None:
    """Put every rank's object into the list of rank `dst`."""
    if groups.outsider(group, "gather_object"):
        return
    pg = groups.chosen(group)
    here = place_of(pg, dst, group_dst) == pg.rank()
    if here != (object_gather_list is not None):
        side = "must be specified on destination rank" if here else "must NOT be specified on non-destination ranks"
        raise ValueError(f"Argument ``object_gather_list`` {side}.")
    found = exchanged(pg, obj, "gather_object")
    if object_gather_list is not None:
        object_gather_list[:] = found


def broadcast_object_list(
    object_list: list, src: int | None = None, group: Any = None, device: Any = None, group_src: int | None = None
) -> None:
    """Give every rank the objects that rank `src` has in its list, in place."""
    if groups.outsider(group, "broadcast_object_list"):
        return
    pg = groups.chosen(group)
    object_list[:] = _sent(pg, place_of(pg, src, group_src), list(object_list), "broadcast_object_list")


def scatter_object_list(
    scatter_object_output_list: list, scatter_object_input_list: list | None = None, src: int | None = None, group: Any = None,
    group_src: int | None = None,
) -> None:  # fmt: skip
    """Put into the first place of each rank's list its object of the list that rank `src` has."""
    if groups.outsider(group, "scatter_object_list"):
        return
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError("Expected argument scatter_object_output_list to be a list of size at least 1.")
    pg = groups.chosen(group)
    place = place_of(pg, src, group_src)
    if place == pg.rank() and len(scatter_object_input_list or ()) != pg.size():
        raise ValueError("scatter_object_input_list must have one object for each rank of the group")
    scatter_object_output_list[0] = _sent(pg, place, scatter_object_input_list, "scatter_object_list")[pg.rank()]


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait until every rank of the group is here."""
    if groups.outsider(group, "barrier"):
        return None
    pg = groups.chosen(group)
    if not async_op:
        exchanged(pg, None, "barrier")
        return None
    turn = _turn(pg, "barrier")
    pg.store.set(f"{turn}/{world.rank}", "")
    return Work(finish=lambda timeout: await_keys(pg, {r: f"{turn}/{r}" for r in pg.members}, "barrier", timeout))


def monitored_barrier(group: Any = None, timeout: timedelta | None = None, wait_all_ranks: bool = False) -> None:
    """A barrier that says which ranks have not come within `timeout`."""
    if groups.outsider(group, "monitored_barrier"):
        return
    pg = groups.chosen(group)
    turn = _turn(pg, "monitored")
    pg.store.set(f"{turn}/{world.rank}", "")
    await_keys(pg, {r: f"{turn}/{r}" for r in pg.members}, "monitored_barrier", timeout)

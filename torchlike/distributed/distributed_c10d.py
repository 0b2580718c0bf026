"""torch.distributed.distributed_c10d: the same names where libraries look for them."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent
from torchlike.distributed import collectives, objects, p2p, process_group, rendezvous, store, tcp_store, work

_HOMES = (collectives, objects, p2p, process_group, rendezvous, store, tcp_store, work)
_missing = absent("torch.distributed.distributed_c10d")


def _get_default_group() -> process_group.ProcessGroup:
    return process_group.chosen(None)


def _rank_not_in_group(group: Any) -> bool:
    return process_group.get_rank(group) == -1


def __getattr__(name: str) -> Any:
    for home in _HOMES:
        if name in vars(home):
            return vars(home)[name]
    return _missing(name)

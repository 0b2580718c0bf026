"""Finding blocks of entries that follow each other again and again: layers of a deep network, steps of a loop over time.

What repeats is looked for among the entries' signatures first, by the distances at which they return; then a stretch that
repeats is checked for being wired alike in each block. Both take time about linear in the number of entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from torchlike.base.device import CPU

_BACK = 8  # how many earlier places of the same signature are looked at
_PERIODS = 64  # distances that are tried, the most frequent ones
_TRIES = 64  # stretches that are checked, in all

OUTSIDE, FAR = "outside", "far"


class Repeat(NamedTuple):
    """`times` blocks of `period` entries from position `start`; what repeats by its signatures ends at `end`."""

    start: int
    period: int
    times: int
    end: int


class Listing:
    """The entries of a program in order; positions are places in this order.

    Attributes:
        maker: by slot, the position of the entry that makes it and the number of the result.
        place: the position of an entry.
        kinds: per position a number, the same for entries that do the same.
    """

    def __init__(
        self,
        entries: Sequence[tuple],
        results: Sequence[range],
        needed: Sequence[int],
        pairs: dict[int, tuple[bool, ...]],
        flows: dict[int, tuple[bool, ...]] | None,
    ):
        self.entries, self.results, self.needed, self.pairs, self.flows = entries, results, needed, pairs, flows
        self.place = {index: p for p, index in enumerate(needed)}
        self.maker = {slot: (p, o) for p, index in enumerate(needed) for o, slot in enumerate(results[index])}
        numbers: dict[Any, int] = {}
        self.kinds = np.array([numbers.setdefault(self._kind(index), len(numbers)) for index in needed], np.int64)

    def _kind(self, index: int) -> Any:
        sig, pair, *slots = self.entries[index]
        if sig.ranks is not None or sig.mesh is not None or _is_of_images(sig):
            return index
        return sig, pair >= 0, len(slots), self.pairs.get(index), None if self.flows is None else self.flows.get(index)

    def slots(self, p: int) -> list[int]:
        """The slots that an entry reads; for a paired pullback its cotangents."""
        return list(self.entries[self.needed[p]][2:])

    def pair(self, p: int) -> int:
        """The entry of the forward of a paired pullback, or -1."""
        return self.entries[self.needed[p]][1]

    def forward_of(self, p: int) -> int | None:
        """The position of that forward."""
        pair = self.pair(p)
        return None if pair < 0 else self.place[pair]

    def fed(self, p: int, base: int, before: int, first: int) -> list[Any]:
        """Where an entry's operands come from, seen from its block.

        Args:
            base: where its block begins. before: where the block before it does. first: where the first block does.

        Returns:
            `(place in the block, result)`, negative for the block before; OUTSIDE; FAR for what no scan hands on. For a paired
            pullback then the place of its forward.
        """
        found: list[Any] = []
        for slot in self.slots(p):
            q, o = self.maker.get(slot, (-1, 0))
            found.append((q - base, o) if q >= before else FAR if q >= first else OUTSIDE)
        pulled = self.forward_of(p)
        if pulled is not None:
            found.append(("pull", pulled - base) if pulled >= base else FAR if pulled >= first else OUTSIDE)
        return found


def _is_of_images(sig: Any) -> bool:
    """Whether it may store its result channels last (see `torchlike.engine.images`): that is found out while tracing."""
    op = getattr(sig, "forward", sig).op
    return op is not None and op.channels_last is not None and sig.device is CPU and any(a.ndim > 2 for a in sig.tensors)


def find(listing: Listing, least: int) -> list[Repeat]:
    """What repeats at least so often, in order, without overlap."""
    found: list[Repeat] = []
    periods = _periods(listing.kinds)
    todo, tries = [(0, len(listing.kinds))], 0
    while todo:
        low, high = todo.pop()
        for start, period, end in sorted(_stretches(listing.kinds, periods, low, high, least), key=_gain):
            tries += 1
            if tries > _TRIES:
                return _apart(found)
            first, count = alike(listing, start, period, (end - start) // period)
            if count < least:
                continue
            start += first * period
            found.append(Repeat(start, period, count, end))
            todo += [(low, start), (start + period * count, high)]
            break
    return _apart(found)


def _apart(found: list[Repeat]) -> list[Repeat]:
    """In order, none reaching into the next."""
    ordered = sorted(found)
    nexts = [*[repeat.start for repeat in ordered[1:]], 1 << 60][: len(ordered)]
    return [repeat._replace(end=min(repeat.end, limit)) for repeat, limit in zip(ordered, nexts, strict=True)]


def _gain(stretch: tuple[int, int, int]) -> tuple[int, int]:
    start, period, end = stretch
    return -((end - start) // period - 1) * period, period


def _periods(kinds: np.ndarray) -> list[int]:
    """The distances at which entries of the same kind return, the most frequent ones."""
    seen: dict[int, list[int]] = {}
    distances: Counter[int] = Counter()
    for p, kind in enumerate(kinds.tolist()):
        earlier = seen.setdefault(kind, [])
        distances.update([p - q for q in earlier])
        earlier.append(p)
        if len(earlier) > _BACK:
            del earlier[0]
    return [distance for distance, times in distances.most_common(_PERIODS) if times > 1]


def _stretches(kinds: np.ndarray, periods: list[int], low: int, high: int, least: int) -> Iterator[tuple[int, int, int]]:
    """`(start, period, end)` of what repeats, by kind alone, often enough."""
    part = kinds[low:high]
    for period in periods:
        if period * least > len(part):
            continue
        same = np.concatenate([[False], part[period:] == part[:-period], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if stop - start >= period * (least - 1):
                yield low + start, period, low + stop + period


def alike(
    listing: Listing, start: int, period: int, count: int, pulls: Callable[[int, int], Any] | None = None
) -> tuple[int, int]:
    """The longest row of blocks, wired alike, among `count` blocks from `start`: the first one, and how many they are.

    Args:
        pulls: `(position of a pullback, number of its block) -> where its forward is`, alike in blocks that can be one scan;
            None where it cannot be.
    """

    def fed(number: int, first: int) -> list[Any]:
        base = start + number * period
        before = base - period if number > first else base
        found = [listing.fed(p, base, before, start + first * period) for p in range(base, base + period)]
        if pulls is not None:
            for j, feeds in enumerate(found):
                if listing.forward_of(base + j) is not None and feeds[-1] is OUTSIDE:
                    feeds[-1] = pulls(base + j, number) or FAR
        return [feed for feeds in found for feed in feeds]

    best, first = (0, 0), 0
    while first < count - best[1]:
        head, pattern, number = fed(first, first), None, first + 1
        if FAR not in head:
            while number < count:
                now = fed(number, first)
                if FAR in now or (not _follows(head, now) if pattern is None else now != pattern):
                    break
                pattern, number = now, number + 1
        best = max(best, (first, number - first), key=lambda found: found[1])
        first = max(first + 1, number - 1)
    return best


def _follows(head: list[Any], second: list[Any]) -> bool:
    """Whether the second block is fed as the first: what it gets from that one, that one got from outside."""
    return all(
        a == b or (a is OUTSIDE and type(b) is tuple and type(b[0]) is int and b[0] < 0)
        for a, b in zip(head, second, strict=True)
    )

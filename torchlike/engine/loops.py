"""Blocks that repeat as one `lax.scan`, so that a deep network, or a loop over time, compiles in the time of one of its blocks.

What a block gets from the one before it is carried along; what all blocks get is used as it is; what each gets for itself (its
parameters, its masks) is stacked; what is wanted of each comes out stacked. A pullback is a tree of the arrays that it keeps:
those of all forward blocks are stacked as well, and the scan over the backward blocks, which runs the other way, reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torchlike.base.flags import flags
from torchlike.engine.entry import is_light, number_count
from torchlike.engine.repeats import OUTSIDE, Listing, Repeat, alike, find
from torchlike.engine.value import Aval

# With TORCHLIKE_SCAN=auto: how many blocks, and how many entries fewer, it takes to be worth it; and how much of what is copied
# to stack it (parameters) may be there for each element that a block computes.
_BLOCKS, _ENTRIES, _COPIED = 16, 24, 0.5


class Step(NamedTuple):
    """One entry of a block.

    Attributes:
        feeds: per operand ("made", step, result) of the same block, or what kind of input it is and which one.
        starts: by block, where its numbers begin.
        needs: the operands its pullbacks here want, if there are any.
        pull: for a paired pullback the forward: ("here", step), or ("saved", entries by block) where it is in another loop.
    """

    sig: Any
    feeds: tuple[tuple, ...]
    starts: tuple[int, ...]
    numbers: int
    needs: Any
    flows: Any
    pull: tuple | None


@dataclass(eq=False)
class Loop:
    """Blocks as one scan.

    Attributes:
        backward: it runs from the last block to the first; rows of stacks are then those of the blocks from the last on.
        carries: `(step, result, slot)`: what a block hands on to the next, and what the first one gets instead.
        each: inputs of which each block has its own: their slots.
        same: slots that all blocks read.
        stacked: `(step, result)`: what is wanted of several blocks. lasts: what is wanted of the last one only.
        saved: the steps whose pullbacks run outside.
    """

    repeat: Repeat
    backward: bool
    slots: Callable[[int, int, int], int]
    steps: list[Step] = field(default_factory=list)
    carries: list[tuple[int, int, int]] = field(default_factory=list)
    each: list[tuple[int, ...]] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    stacked: list[tuple[int, int]] = field(default_factory=list)
    lasts: list[tuple[int, int]] = field(default_factory=list)
    saved: list[int] = field(default_factory=list)
    apart: int = 0  # blocks of which single entries run pullbacks

    def row(self, block: int) -> int:
        """The row of stacks that is this block's."""
        return self.repeat.times - 1 - block if self.backward else block

    def in_rows(self, of_blocks: Sequence[Any]) -> Sequence[Any]:
        """What belongs to each block, in the order of rows."""
        return of_blocks[::-1] if self.backward else of_blocks

    @property
    def positions(self) -> range:
        start, period, count, _ = self.repeat
        return range(start, start + period * count)


class Owner(NamedTuple):
    """Which loop an entry is in, in which of its blocks, and at which place there."""

    loop: Loop
    block: int
    step: int


def plan(listing: Listing, outs: Sequence[int], starts: Sequence[int]) -> list[int | Loop]:
    """The entries and the loops, in order, that make `outs`.

    Args:
        starts: per entry, where its numbers begin.
    """
    forced = flags.scan == "1"
    if flags.scan == "0" or len(listing.needed) < 2 * (_ENTRIES if not forced else 2):
        return list(listing.needed)
    found = find(listing, 2 if forced else _BLOCKS)
    while True:
        owners: dict[int, Owner] = {}
        loops = []
        for repeat in found:
            loop = _settled(listing, repeat, owners, starts, forced)
            if loop is not None:
                loops.append(loop)
                owners.update((p, _owner(loop, p)) for p in loop.positions)
        _results(listing, outs, owners)
        worse = [loop for loop in loops if loop.apart > 2]
        if forced or not worse:
            return list(_in_order(listing, loops))
        # Its pullbacks would read most rows one by one: that is slower than no loop.
        found = [loop.repeat for loop in loops if loop not in worse]


def _owner(loop: Loop, p: int) -> Owner:
    return Owner(loop, *divmod(p - loop.repeat.start, loop.repeat.period))


def _in_order(listing: Listing, loops: Sequence[Loop]) -> Iterator[int | Loop]:
    position = 0
    for loop in loops:
        yield from listing.needed[position : loop.positions.start]
        yield loop
        position = loop.positions.stop
    yield from listing.needed[position:]


# ---- which blocks ---------------------------------------------------------------------------------------------


def _settled(listing: Listing, repeat: Repeat, owners: dict[int, Owner], starts: Sequence[int], forced: bool) -> Loop | None:
    """The loop over blocks that repeat, if all their pullbacks are of forwards in loops before, and if it is worth it."""
    best: tuple[int, Repeat, bool] | None = None
    for start in _phases(listing, repeat, owners):
        for step in (-1, 1):
            count = (repeat.end - start) // repeat.period
            first, count = alike(listing, start, repeat.period, count, _forwards(listing, owners, step))
            at = Repeat(start + first * repeat.period, repeat.period, count, repeat.end)
            score = count - 2 * (_forward_blocks(listing, at, owners) > 1)
            if count >= (2 if forced else _BLOCKS) and (best is None or score > best[0]):
                best = score, at, step < 0
    if best is None:
        return None
    _, at, backward = best
    loop = _wired(listing, at, backward and _has_saved(listing, at), owners, starts)
    return loop if forced or _worth_it(listing, loop, owners) else None


def _has_saved(listing: Listing, repeat: Repeat) -> bool:
    block = range(repeat.start, repeat.start + repeat.period)
    return any((q := listing.forward_of(p)) is not None and q < repeat.start for p in block)


def _forwards(listing: Listing, owners: dict[int, Owner], step: int) -> Callable[[int, int], Any]:
    """Where forwards are, alike where their rows go up (or, with `step` -1, down) from block to block."""

    def pulls(p: int, number: int) -> Any:
        owner = _forward_owner(listing, p, owners)
        return None if owner is None else (id(owner.loop), owner.step, owner.loop.row(owner.block) - step * number)

    return pulls


def _forward_blocks(listing: Listing, repeat: Repeat, owners: dict[int, Owner]) -> int:
    """How many forward blocks the pullbacks of a block are of."""
    block = range(repeat.start, repeat.start + repeat.period)
    forwards = [_forward_owner(listing, p, owners) for p in block]
    return len({(id(owner.loop), owner.block) for owner in forwards if owner is not None})


def _forward_owner(listing: Listing, p: int, owners: dict[int, Owner]) -> Owner | None:
    """Which loop the forward of a pullback is in."""
    q = listing.forward_of(p)
    return None if q is None else owners.get(q)


def _phases(listing: Listing, repeat: Repeat, owners: dict[int, Owner]) -> list[int]:
    """Where blocks could begin: as found, or where the pullbacks of another forward block begin."""
    found, before = [repeat.start], None
    for p in range(repeat.start, repeat.start + repeat.period):
        owner = _forward_owner(listing, p, owners)
        if owner is not None:
            if before is not None and before != (id(owner.loop), owner.block):
                found.append(p)
            before = id(owner.loop), owner.block
    return found[:8]


def _worth_it(listing: Listing, loop: Loop, owners: dict[int, Owner]) -> bool:
    _, period, count, _ = loop.repeat
    if (count - 1) * period < _ENTRIES:
        return False
    only_reads = not loop.carries and not loop.each  # rows of one tensor, as `unbind` and `split` make them
    if not only_reads and all(is_light(getattr(step.sig, "forward", step.sig)) for step in loop.steps):
        return False  # XLA makes one kernel of it all
    computed = sum(aval.numel for step in loop.steps for aval in step.sig.outs)
    copied = 0
    for e, slots in enumerate(loop.each):
        if listing.maker.get(slots[0], (-1, 0))[0] not in owners:
            copied += next(_aval(s, i).numel for s in loop.steps for i, feed in enumerate(s.feeds) if feed == ("each", e))
    return copied <= _COPIED * computed


def _aval(step: Step, operand: int) -> Aval:
    """The description of an operand of an entry; of a cotangent, for a paired pullback."""
    sig = step.sig
    if step.pull is not None:
        return [o for o, there in zip(sig.forward.outs, sig.have, strict=True) if there][operand]
    return sig.tensors[operand]


# ---- how they are wired ---------------------------------------------------------------------------------------


def _wired(listing: Listing, repeat: Repeat, backward: bool, owners: dict[int, Owner], starts: Sequence[int]) -> Loop:
    start, period, count, _ = repeat

    def at(block: int, step: int) -> int:
        return start + block * period + step

    def slot(block: int, step: int, result: int) -> int:
        return listing.results[listing.needed[at(block, step)]][result]

    loop = Loop(repeat, backward, slot)
    rows: list[int] = []
    for j in range(period):
        index = listing.needed[at(0, j)]
        sig = listing.entries[index][0]
        read = list(zip(*[listing.slots(at(k, j)) for k in range(count)], strict=True))
        places = listing.fed(at(1, j), at(1, 0), start, start)
        feeds = tuple(_feed(loop, place, slots, rows, listing, owners) for place, slots in zip(places, read, strict=False))
        pull: tuple | None = None
        q = listing.forward_of(at(0, j))
        if q is not None:
            pull = ("here", q - start) if q >= start else ("saved", tuple(listing.pair(at(k, j)) for k in range(count)))
        flow = None if listing.flows is None else listing.flows.get(index, ())
        begins = tuple(starts[listing.needed[at(k, j)]] for k in range(count))
        loop.steps.append(Step(sig, feeds, begins, number_count(listing.entries[index]), listing.pairs.get(index), flow, pull))
    if rows and max(rows) < 0 and not _has_saved(listing, repeat):
        loop.backward = True  # what it reads of other loops lies the other way round
    return loop


def _feed(loop: Loop, place: Any, slots: tuple[int, ...], rows: list[int], listing: Listing, owners: dict[int, Owner]) -> tuple:
    """What an operand is, that is read from `slots`, block by block; `place` says where the second block gets it."""
    if place is not OUTSIDE:
        back, result = place
        if back >= 0:
            return ("made", back, result)
        return ("carry", _number(loop.carries, (back + loop.repeat.period, result, slots[0])))
    if slots.count(slots[0]) == len(slots):
        _number(loop.same, slots[0])
        return ("same", slots[0])
    ends = [owners.get(listing.maker.get(s, (-1, 0))[0]) for s in (slots[0], slots[-1])]
    if ends[0] is not None and ends[1] is not None:
        rows.append(ends[1].loop.row(ends[1].block) - ends[0].loop.row(ends[0].block))
    return ("each", _number(loop.each, slots))


def _number(known: list, what: Any) -> int:
    if what not in known:
        known.append(what)
    return known.index(what)


def _results(listing: Listing, outs: Sequence[int], owners: dict[int, Owner]) -> None:
    """Find what of each loop is read outside of it."""
    if not owners:
        return
    readers: dict[tuple[int, int, int], set[int]] = {}
    pulled: dict[int, set[int]] = {}
    loops = {id(owner.loop): owner.loop for owner in owners.values()}

    def reads(slot: int, reader: Any) -> None:
        p, result = listing.maker.get(slot, (-1, 0))
        owner = owners.get(p)
        if owner is not None and owner.loop is not reader:
            readers.setdefault((id(owner.loop), owner.step, result), set()).add(owner.block)

    for p in range(len(listing.needed)):
        reader = owners[p].loop if p in owners else None
        for slot in listing.slots(p):
            reads(slot, reader)
        made = _forward_owner(listing, p, owners)
        if made is not None and made.loop is not reader:
            _number(made.loop.saved, made.step)
            if reader is None:
                pulled.setdefault(id(made.loop), set()).add(made.block)
    for slot in outs:
        reads(slot, None)
    for (number, step, result), blocks in readers.items():
        loop = loops[number]
        if blocks != {loop.repeat.times - 1}:
            loop.stacked.append((step, result))
        elif not any((step, result) == (s, r) for s, r, _ in loop.carries):
            loop.lasts.append((step, result))
    for number, blocks in pulled.items():
        loops[number].apart = len(blocks)

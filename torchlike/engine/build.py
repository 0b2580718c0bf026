"""From a pending graph to one pure JAX function of its leaves: what it needs, what it donates, which numbers it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from torchlike.base.device import CPU
from torchlike.engine import images, loops, scans
from torchlike.engine.entry import Pull, cut, forward, number_count
from torchlike.engine.entry import in_operand_order as in_operand_order
from torchlike.engine.placement import spread as placed
from torchlike.engine.processes import after, opaque
from torchlike.engine.repeats import Listing

if TYPE_CHECKING:
    from torchlike.engine.record import Graph


def needed_for(graph: Graph, outs: Sequence[int]) -> tuple[set[int], list[int]]:
    """The slots and, in order, the entries that `outs` depend on."""
    maker: dict[int, int] = {}
    for index, results in enumerate(results_of(graph)):
        maker.update((slot, index) for slot in results)
    slots: set[int] = set()
    entries: set[int] = set()
    todo = list(outs)
    while todo:
        slot = todo.pop()
        if slot in slots:
            continue
        slots.add(slot)
        if slot in maker and maker[slot] not in entries:
            entries.add(maker[slot])
            pair = graph.entries[maker[slot]][1]
            if pair >= 0:  # the forward runs for its pullback, whether or not its results are wanted
                entries.add(pair)
            todo.extend(inputs_of(graph, maker[slot]))
    return slots, sorted(entries)


def inputs_of(graph: Graph, index: int) -> list[int]:
    """Every slot an entry reads; a paired pullback reads its forward's too."""
    _, pair, *slots = graph.entries[index]
    return slots if pair < 0 else [*graph.entries[pair][2:], *slots]


def results_of(graph: Graph) -> list[range]:
    """The result slots of each entry: leaves and results are numbered in order of appearance."""
    leaves = set(graph.leaves)
    found, slot = [], 0
    for sig, *_ in graph.entries:
        while slot in leaves:
            slot += 1
        found.append(range(slot, slot + len(sig.outs)))
        slot += len(sig.outs)
    return found


def pure_function(
    graph: Graph,
    leaves: tuple[int, ...],
    outs: tuple[int, ...],
    variable: tuple[int, ...],
    needed: list[int],
    spread: bool = False,
) -> Callable[..., list]:
    """The graph as one pure function `(*leaves, packed numbers) -> outs`; see `evaluator`.

    Args:
        variable: the numbers that come in the packed array, by position; all others are constants.
    """
    run = evaluator(graph, leaves, outs, needed, spread=spread)
    position = {number: place for place, number in enumerate(variable)}
    constants = list(graph.numbers)

    def pure(*args: Any) -> list:
        numbers = [_unpack(args[-1][position[n]], c) if n in position else c for n, c in enumerate(constants)]
        return run(args, numbers)

    return pure


def evaluator(
    graph: Graph,
    leaves: tuple[int, ...],
    outs: tuple[int, ...],
    needed: list[int],
    flows: dict[int, tuple[bool, ...]] | None = None,
    spread: bool | None = None,
) -> Callable[[Sequence[Any], Sequence[Any]], list]:
    """The graph as one pure function `(leaves, numbers) -> outs`.

    Holds nothing of the graph's values, only its structure. A forward whose pullback is here too is traced once. Blocks that
    repeat become one loop (see `torchlike.engine.loops`).

    Args:
        needed: the entries to run.
        flows: per entry on the tape, the operands that gradients go to; given where JAX is to differentiate the function
            as the tape would: all other operands are cut off (`detach`, `no_grad`).
        spread: whether what it reads lies on several devices, where no loops are made; None where that is not known yet.
    """
    one = _Entries(graph, leaves, needed, flows)
    steps: Sequence[Any] = needed
    if graph.ranks is None and not (placed.active if spread is None else spread):
        steps = loops.plan(Listing(one.entries, one.results, needed, one.pairs, flows), outs, one.starts)
    most = max((step.repeat.times for step in steps if type(step) is not int), default=0)
    graph_is_on_cpu = graph.device is CPU

    def run(args: Sequence[Any], numbers: Sequence[Any]) -> list:
        env: dict[int, Any] = dict(zip(leaves, args, strict=False))
        pulls: dict[int, Any] = {}
        places = scans.Places(most, graph_is_on_cpu)
        last: Any = None  # what the last collective gave
        for step in steps:
            if type(step) is int:
                last = one.run(step, env, pulls, numbers, last)
            elif not scans.run(step, needed, env, pulls, numbers, places):
                for position in step.positions:
                    one.run(needed[position], env, pulls, numbers, None)
        return [images.plain(scans.read(env, i)) for i in outs]

    return run


class _Entries:
    """The entries of a graph, to be run one by one."""

    def __init__(self, graph: Graph, leaves: Sequence[int], needed: list[int], flows: dict[int, tuple[bool, ...]] | None):
        self.entries, self.results, self.flows = list(graph.entries), results_of(graph), flows
        self.starts = number_starts(self.entries)
        self.pairs = _pair_needs(self.entries, needed)
        together, cpu = graph.ranks is not None, graph.device is CPU
        self.fixed = _constants(self.entries, self.results, leaves) if together else frozenset()
        self.loose = _unordered(self.entries, self.results, needed) if together and cpu else frozenset()

    def run(self, index: int, env: dict[int, Any], pulls: dict[int, Any], numbers: Sequence[Any], last: Any) -> Any:
        """Run one; returns what the last collective gave.

        Args:
            env: arrays by slot. pulls: pullbacks by entry. numbers: those of all entries.
        """
        sig, pair, *slots = self.entries[index]
        given = [scans.read(env, s) for s in slots]
        if sig.ranks is not None:
            given = [opaque(images.plain(g)) if s in self.fixed else g for s, g in zip(slots, given, strict=True)]
        if index in self.loose:
            given = [after(images.plain(g), last) for g in given]
        if self.flows is not None:
            given = cut(given, self.flows.get(index, ()))
        with jax.named_scope(sig.name):
            if pair >= 0:
                pull = pulls[pair]
                out = (pull if type(pull) is Pull else pull.pull()).run(sig, given)
            else:
                start = self.starts[index]
                own = numbers[start : start + number_count(self.entries[index])]
                out, pulled = forward(sig, given, own, self.pairs.get(index))
                if pulled is not None:
                    pulls[index] = pulled
        env.update(zip(self.results[index], out, strict=True))
        return out[0] if sig.ranks is not None else last


def _constants(entries: list[tuple], results: list[range], leaves: Sequence[int]) -> frozenset[int]:
    """The slots that depend on no leaf."""
    depend = set(leaves)
    for (_, pair, *slots), made in zip(entries, results, strict=True):
        if depend.intersection(slots if pair < 0 else [*slots, *entries[pair][2:]]):
            depend.update(made)
    return frozenset(slot for made in results for slot in made if slot not in depend)


def _unordered(entries: list[tuple], results: list[range], needed: Sequence[int]) -> frozenset[int]:
    """The collectives that do not depend on the one before them."""
    latest: dict[int, int] = {}  # by slot: the last collective behind it, numbered from 1
    count, found = 0, set()
    for index in needed:
        sig, pair, *slots = entries[index]
        behind = max((latest.get(s, 0) for s in (slots if pair < 0 else [*slots, *entries[pair][2:]])), default=0)
        if sig.ranks is not None:
            if behind < count:
                found.add(index)
            count += 1
            behind = count
        latest.update((slot, behind) for slot in results[index])
    return frozenset(found)


def _pair_needs(entries: list[tuple], needed: Sequence[int]) -> dict[int, tuple[bool, ...]]:
    """Per forward entry with a pullback here: the operands any of its pullbacks wants."""
    found: dict[int, tuple[bool, ...]] = {}
    for index in needed:
        sig, pair = entries[index][:2]
        if pair >= 0:
            before = found.get(pair, (False,) * len(sig.needs))
            found[pair] = tuple(a or b for a, b in zip(before, sig.needs, strict=True))
    return found


def number_starts(entries: Sequence[tuple]) -> list[int]:
    starts, total = [], 0
    for entry in entries:
        starts.append(total)
        total += number_count(entry)
    return starts


def always_variable(graph: Graph) -> tuple[int, ...]:
    """Positions of numbers that are inputs from the start: the hyperparameters of dynamic ops."""
    found: list[int] = []
    for entry, start in zip(graph.entries, number_starts(graph.entries), strict=True):
        if entry[0].dynamic:
            found.extend(range(start, start + number_count(entry)))
    return tuple(n for n in found if packs(graph.numbers[n]))


def packs(number: Any) -> bool:
    """Whether a float64 holds the number exactly, so that it can travel in the packed array."""
    return type(number) in (float, bool) or (type(number) is int and abs(number) <= 1 << 53)


def _unpack(packed: Any, like: Any) -> Any:
    kind = {bool: np.bool_, int: np.int64}.get(type(like))
    return packed if kind is None else packed.astype(kind)


def getter(positions: tuple[int, ...]) -> Callable[[list], tuple]:
    if not positions:
        return lambda numbers: ()
    if len(positions) == 1:
        only = positions[0]
        return lambda numbers: (numbers[only],)
    return itemgetter(*positions)


def donations(graph: Graph, donatable: Sequence[int], outs: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of a donatable leaf and the result that takes over its buffer.

    An entry that reads a leaf and returns its like at the same position (an optimizer's update) keeps them together, so
    that XLA updates in place; what is left is matched by shape and dtype. Other leaves are not donated: XLA would only warn.
    """
    pairs = successors(graph, donatable, outs)
    free, open_ = set(donatable) - {leaf for leaf, _ in pairs}, set(outs) - {out for _, out in pairs}
    for out in sorted(open_, reverse=True):
        leaf = next((i for i in sorted(free) if graph.values[i].aval is graph.values[out].aval), None)
        if leaf is not None:
            free.discard(leaf)
            pairs.append((leaf, out))
    return pairs


def successors(graph: Graph, leaves: Sequence[int], outs: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of a leaf and the result like it that an entry returns at the same position: what an update makes of it."""
    free, open_ = set(leaves), set(outs)
    pairs: list[tuple[int, int]] = []
    for (sig, _, *slots), results in zip(reversed(graph.entries), reversed(results_of(graph)), strict=True):
        if sig.mesh is not None:  # its results are to lie elsewhere
            continue
        for leaf, out in zip(slots, results, strict=False):
            if leaf in free and out in open_ and graph.values[leaf].aval is graph.values[out].aval:
                free.discard(leaf)
                open_.discard(out)
                pairs.append((leaf, out))
    return pairs

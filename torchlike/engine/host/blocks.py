"""Blocks that come again and again in a graph that numpy runs: a kind of block is compiled once and run as often as it comes.

The steps of an episode or of a sentence do the same each, however many there are. A graph is cut where one of the operations
that there are once per step stands; pieces that are wired alike are one program of XLA's, the rest is left to numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import jax

from torchlike.engine.signature import Signature
from torchlike.engine.value import Aval

if TYPE_CHECKING:
    from torchlike.engine.record import Graph

Step = tuple[int, list[int]]  # an entry and the slots that it reads

_TIMES = 8  # blocks that a graph has of a kind, to be worth a program
_SHORT = 4  # entries of a block, of which numpy is as fast
_MOST = 256

_programs: dict[tuple, Callable[..., list]] = {}


class Block(NamedTuple):
    """A piece of a graph.

    Attributes:
        steps: its entries. reads, makes: the slots that it takes, and those that are wanted of it.
        key: what it does: per entry the signature and what it reads (results of the block from 0 on, or what it takes from -1
            down), and the results that are wanted.
    """

    steps: Sequence[Step]
    reads: list[int]
    makes: list[int]
    key: tuple


def cut(graph: Graph, steps: Sequence[Step], results: Sequence[range], last: dict[int, int]) -> Iterable[Step | Block]:
    """The steps in order, those of blocks that repeat together.

    Args:
        last: by slot the place in `steps` of who reads it last; beyond them all for what is wanted.
    """
    found: list[Step | Block] = []
    start = 0
    while (places := _starts(graph, steps, start)) is not None:
        ends = [*places[1:], min(places[-1] + _usual(places), len(steps))]
        blocks = [_block(graph, steps[a:b], results, last, b) for a, b in zip(places, ends, strict=True)]
        often = Counter([block.key for block in blocks if len(block.steps) >= _SHORT])
        found.extend(steps[start : places[0]])
        for block in blocks:
            found.extend([block] if often[block.key] >= _TIMES else block.steps)
        start = ends[-1]  # behind them there may be blocks of another kind, such as those of the way back
    found.extend(steps[start:])
    return found


def _usual(places: Sequence[int]) -> int:
    """How far one block is from the next, mostly."""
    return Counter([b - a for a, b in pairwise(places)]).most_common(1)[0][0]


def _starts(graph: Graph, steps: Sequence[Step], start: int) -> list[int] | None:
    """Where the blocks begin that come first from `start` on: where an operation stands that there is once in each."""
    counts = Counter([graph.entries[index][0] for index, _ in steps[start:]])
    times = Counter([n for n in counts.values() if n >= _TIMES])
    if not times:
        return None
    usual = times.most_common(1)[0][0]
    anchor = next(sig for sig, n in counts.items() if n == usual)
    return [place for place, (index, _) in enumerate(steps[start:], start) if graph.entries[index][0] is anchor]


def _block(graph: Graph, steps: Sequence[Step], results: Sequence[range], last: dict[int, int], end: int) -> Block:
    local: dict[int, int] = {}
    taken: dict[int, int] = {}
    parts: list[Any] = []
    for index, slots in steps:
        parts.append(graph.entries[index][0])
        parts.append(tuple([local[s] if s in local else taken.setdefault(s, -1 - len(taken)) for s in slots]))
        for slot in results[index]:
            local[slot] = len(local)
    makes = [slot for slot in local if last.get(slot, -1) >= end]
    return Block(steps, list(taken), makes, (*parts, tuple([local[slot] for slot in makes])))


def run(block: Block, env: dict[int, Any], numbers: list[Any]) -> None:
    """Run a block on what is in `env`, and put its results there."""
    program = _programs.get(block.key)
    if program is None:
        if len(_programs) >= _MOST:
            _programs.clear()
        program = _programs[block.key] = _compiled(block.key)
    env.update(zip(block.makes, program([env[slot] for slot in block.reads], numbers), strict=True))


def _compiled(key: tuple) -> Callable[..., list]:
    *parts, wanted = key
    entries: list[tuple[Signature, tuple[int, ...]]] = list(zip(parts[::2], parts[1::2], strict=True))

    def block(arrays: list[Any], numbers: list[Any]) -> list:
        made: list[Any] = []
        given = iter(numbers)
        for sig, places in entries:
            operands = iter([made[p] if p >= 0 else arrays[-1 - p] for p in places])
            made.extend(sig.fn(*[next(operands) if isinstance(s, Aval) else next(given) for s in sig.specs]))
        return [made[i] for i in wanted]

    return jax.jit(block)

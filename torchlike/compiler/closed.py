"""A call that leaves nothing on the tape, such as a whole training step: one program from all it reads to all it changes.

The first calls run as any code does, recorded, while notes are taken; when two of them in a row are the same operations on the
same places, later calls run the program alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from sys import getrefcount
from typing import Any, NamedTuple

import numpy as np

from torchlike.compiler import sources
from torchlike.compiler.sources import Argument, Drawn, Finder, Gradient, Held, Unrepeatable
from torchlike.compiler.watching import LEAK, Result, Watched, behind, leaks
from torchlike.engine.notes import Act, Notes, Numbers
from torchlike.engine.placement import sharding_of, spread
from torchlike.engine.program import Program, execute, fixed
from torchlike.engine.record import Graph, local
from torchlike.engine.value import Value, host
from torchlike.tensor import Tensor
from torchlike.tensor.storage import Storage
from torchlike.utils._pytree import tree_flatten, tree_unflatten


class Changed(Exception):
    """Something is not what it was when the program was made: the call has to be recorded anew."""


class Closed:
    """One recording of a call, and the program that stands for it.

    Attributes:
        sources: per leaf of the program, in its order of arguments, where its value is.
        writes: `(what is changed, number of the program's result or the source of a value that passes through)`.

    Raises:
        Unrepeatable: where it cannot be repeated. What was recorded is pending, as of any other code.
    """

    def __init__(self, watch: Watched, result: Any, earlier: Sequence[Closed]):
        graph = watch.graph
        assert graph is not None
        self.where, self.notes = graph.device, watch.notes
        self.leaves, self.spec = tree_flatten(result)
        self._drop_own_leaves(watch.notes, graph)
        self.grads = [(leaf, grad is None) for leaf, grad in watch.notes.gradients.values()]
        self.events = [(type(e), shape_of(e, graph)) for e in watch.notes.events]
        self._again = [e.again for e in watch.notes.events]
        self._fits = [e.fits for e in watch.notes.events if isinstance(e, Numbers)]
        self._targets(watch, graph)
        self._compile(watch, graph, earlier)

    # ------------------------------------------------------------------ what it is

    def _drop_own_leaves(self, notes: Notes, graph: Graph) -> None:
        """Forget gradients of tensors that the call itself has made."""
        kept = set(graph.leaves)
        for number, (leaf, _) in list(notes.gradients.items()):
            ref, value = notes.written.get(id(leaf._storage), (None, leaf._storage.value))
            if ref is not None and ref() is not leaf._storage:
                value = leaf._storage.value
            if value.graph is graph and value.slot not in kept:
                del notes.gradients[number]

    def _targets(self, watch: Watched, graph: Graph) -> None:
        """Find what is to be changed, and by which slots or values."""
        kept = set(graph.leaves)
        gradients = {id(g._storage): leaf for leaf, g in watch.notes.gradients.values() if g is not None}
        given = {id(t._storage): place for place, t in enumerate(watch.given)}
        self.targets: list[tuple[Any, Any]] = []
        outside: set[int] = set()
        for ref, old in watch.notes.written.values():
            storage = ref()
            if storage is None or (old.graph is graph and old.slot not in kept):
                continue  # the call's own
            outside.add(id(storage))
            if storage.value is not old:
                leaf, place = gradients.get(id(storage)), given.get(id(storage))
                target = Gradient(leaf) if leaf is not None else Argument(place) if place is not None else Held(storage)
                self.targets.append((target, storage.value))
        for leaf, old_grad in watch.notes.gradients.values():
            if leaf._grad is not old_grad:
                made = leaf._grad
                how, value = (None, None) if made is None else (Result.of(made), made._read())
                self.targets.append((_NewGradient(leaf, how), value))
        places = {id(t): place for place, t in enumerate(watch.given)}
        self.results: list[Any] = []
        for number, leaf in enumerate(self.leaves):
            if not isinstance(leaf, Tensor):
                self.results.append(leaf)
            elif id(leaf) in places:
                self.results.append(Argument(places[id(leaf)]))
            elif id(leaf._storage) in outside or (leaf._node is None and leaf._rg):
                self.results.append(leaf)
            else:
                self.results.append(Result.of(leaf))
                self.targets.append((number, leaf._read()))

    def _compile(self, watch: Watched, graph: Graph, earlier: Sequence[Closed]) -> None:
        """Make the program, or take the earlier recording's where that is the same, and run it once."""
        leaves = set(graph.leaves)
        why = _elsewhere(graph) or self._leak(watch, graph)
        if why is not None:
            raise Unrepeatable(why)
        inside = {id(v) for _, v in self.targets if v is not None and v.graph is graph and v.slot not in leaves}
        through = [v for _, v in self.targets if v is not None and id(v) not in inside]
        finder = Finder(watch.before, watch.notes)
        by_slot = dict(zip(graph.leaves, finder.find([graph.values[i] for i in graph.leaves]), strict=True))
        passed = {id(v): source for v, source in zip(through, finder.find(through), strict=True)}
        overwritten = {sources.key(t) for t, _ in self.targets if isinstance(t, (Held, Argument, Gradient))}
        donatable = tuple(i for i, s in by_slot.items() if sources.key(s) in overwritten and id(graph.values[i]) not in passed)
        slot_of = {id(v): v.slot for _, v in self.targets if id(v) in inside}
        watch.before.clear()
        watch.notes.written.clear()
        del finder, through
        targets = [(t, id(v)) for t, v in self.targets]
        self.targets = []
        # What somebody still holds gets its value, though only what is a target is asked for later.
        counts = list(map(getrefcount, graph.values))
        outs = tuple(i for i, n in enumerate(counts) if n > _ALONE and graph.values[i].array is None)
        self.entries, self.numbers, self.asked = tuple(graph.entries), list(graph.numbers), (outs, donatable)
        self.program = self._program(graph, earlier)
        order = (*self.program.donated, *self.program.kept)
        self.sources = [by_slot[i] for i in order]
        self.avals = [graph.values[i].aval for i in order]
        self.outs = [graph.values[i].aval for i in self.program.outs]
        number = {slot: k for k, slot in enumerate(self.program.outs)}
        self.writes = [(t, number[slot_of[v]] if v in slot_of else passed.get(v)) for t, v in targets]
        self.packed = np.array(self.program.pack(graph.numbers), np.float64)
        self.checks = [(number[flag.slot], error) for flag, error in graph.watched]
        place = {n: k for k, n in enumerate(self.program.variable)}
        self.feeds = [[place[n] for n in shape] if kind is Numbers else None for kind, shape in self.events]
        self._first_run(graph, order)

    def _leak(self, watch: Watched, graph: Graph) -> str | None:
        """Why the call cannot be repeated though all is known of it: what it computed is kept where nobody can write it."""
        results = [t for t in self.leaves if isinstance(t, Tensor)]
        mine = {id(t._storage) for t in (*results, *behind(results))}
        mine |= {id(leaf._grad._storage) for leaf, _ in watch.notes.gradients.values() if leaf._grad is not None}
        mine |= {id(ref()) for ref, _ in watch.notes.written.values() if ref() is not None}
        return LEAK if leaks(graph, mine) else None

    def _program(self, graph: Graph, earlier: Sequence[Closed]) -> Program:
        owned = tuple(n for kind, shape in self.events if kind is Numbers for n in shape)
        free = set(owned)
        for one in earlier:
            if (one.entries, one.asked) == (self.entries, self.asked):
                pairs = zip(self.numbers, one.numbers, strict=True)
                if all(a == b for n, (a, b) in enumerate(pairs) if n not in free):
                    return one.program
        return fixed(graph, *self.asked, owned, "a call of a compiled function")

    def _first_run(self, graph: Graph, order: Sequence[int]) -> None:
        arrays = self._arrays([graph.values[i] for i in order])
        if self.program.variable:
            arrays.append(self.packed)
        made = execute(self.program, arrays, self.where)
        for slot, array in zip(self.program.outs, made, strict=True):
            graph.values[slot].array = array
        graph._finish()

    def same(self, other: Any) -> bool:
        """Whether two recordings are the same work on the same places."""
        return (
            self.program is other.program
            and self.spec == other.spec
            and self.events == other.events
            and [key(t) for t, _ in self.writes] == [key(t) for t, _ in other.writes]
            and all(map(sources.same, self.sources, other.sources))
            and all(_same_result(a, b) for a, b in zip(self.results, other.results, strict=True))
        )

    def settle(self) -> None:
        """Make ready to be repeated; nothing of the recorded call is kept that is not needed."""
        self.held = [(i, s.storage) for i, s in enumerate(self.sources) if type(s) is Held]
        self.others = [(i, s) for i, s in enumerate(self.sources) if not isinstance(s, (Held, Drawn))]
        self.drawn = [(i, s.event) for i, s in enumerate(self.sources) if type(s) is Drawn]
        self.cells = [(t.storage, n) for t, n in self.writes if type(t) is Held and type(n) is int]
        self.rest = [(t, n) for t, n in self.writes if not (type(t) is Held and type(n) is int)]
        self.leaves, self.entries, self.numbers = [], (), []

    # ------------------------------------------------------------------ running it

    def __call__(self, tensors: Sequence[Tensor]) -> Any:
        """Do what the call did. Raises Changed, before anything has been done, where it would be something else now."""
        for leaf, was_none in self.grads:
            if (leaf._grad is None) is not was_none:
                raise Changed
        for fits in self._fits:
            if not fits():
                raise Changed
        values: list[Any] = [None] * len(self.sources)
        for i, storage in self.held:
            values[i] = storage.value
        for i, source in self.others:
            values[i] = source.read(tensors)
        for value, aval in zip(values, self.avals, strict=True):
            if value is not None and value.aval is not aval:
                raise Changed
        through = [n.read(tensors) if isinstance(n, tuple) and not isinstance(n, Drawn) else None for _, n in self.rest]
        made = self._events()
        arrays = self._arrays(values)
        for i, event in self.drawn:
            arrays[i] = made[event]
        if self.program.variable:
            arrays.append(self.packed.copy())
        del values
        results = execute(self.program, arrays, self.where)
        local.state.unseen += [(Value(self.outs[n], results[n]), error) for n, error in self.checks]
        for place, (_, n) in enumerate(self.rest):
            if type(n) is Drawn:
                through[place] = host(made[n.event], self.where)
        return self._deliver(results, through, tensors)

    def state(self) -> list[Any]:
        """The program's arguments as they are now; shapes for those that come with a call."""
        found: list[Any] = []
        for source, aval in zip(self.sources, self.avals, strict=True):
            if isinstance(source, (Argument, Drawn)):
                found.append(aval.struct())
            else:
                found.append(source.read(()).on_device())
        return [*found, self.packed.copy()] if self.program.variable else found

    def _events(self) -> dict[int, Any]:
        """Draw, count and act, in order; the arrays drawn, by event."""
        made: dict[int, Any] = {}
        for number, (again, feed) in enumerate(zip(self._again, self.feeds, strict=True)):
            found = again()
            if feed is not None:
                for k, value in zip(feed, found, strict=True):
                    self.packed[k] = value
            else:
                made[number] = found
        return made

    def _arrays(self, values: list[Any]) -> list[Any]:
        """The values' arrays. What is to be donated and belongs to somebody else as well is copied."""
        count = len(self.program.donated)
        arrays = [None if v is None else v.array if v.array is not None else v.force() for v in values]
        shared = [n > _HELD for n in map(getrefcount, islice(values, count))]
        for i, n in enumerate(list(map(getrefcount, islice(arrays, count)))):
            if n > _HELD or shared[i]:
                arrays[i] = np.array(arrays[i])
        return arrays

    def _deliver(self, results: Sequence[Any], through: Sequence[Any], tensors: Sequence[Tensor]) -> Any:
        """Write what the program computed to where the call would have, and put the result together."""
        avals = self.outs
        for storage, place in self.cells:
            storage.value = Value(avals[place], results[place])
            storage.version += 1
        leaves = list(self.results)
        target: Any
        number: Any
        for (target, number), value in zip(self.rest, through, strict=True):
            if type(number) is int:
                value = Value(avals[number], results[number])
            if type(target) is int:
                leaves[target] = leaves[target].tensor(value)
            elif type(target) is _NewGradient:
                target.leaf._grad = None if target.how is None else target.how.tensor(value)
            elif type(target) is Held:
                target.storage.write(value)
            else:
                cell: Any = target.leaf._grad if type(target) is Gradient else tensors[target.place]
                cell._storage.write(value)
        leaves = [tensors[leaf.place] if type(leaf) is Argument else leaf for leaf in leaves]
        return tree_unflatten(leaves, self.spec)


class _NewGradient(NamedTuple):
    """A leaf gets another `.grad`, or None."""

    leaf: Tensor
    how: Result | None


def key(target: Any) -> Any:
    """Equal for targets that are the same place."""
    return target if isinstance(target, int) else (type(target), target[0] if isinstance(target[0], int) else id(target[0]))


def shape_of(event: Any, graph: Graph) -> Any:
    """What of an event has to be the same again: for numbers their positions."""
    if isinstance(event, Numbers):
        if event.graph is not graph:
            raise Unrepeatable("numbers that change from step to step are used within a captured part of it")
        return tuple(range(event.start, event.start + event.size))
    return None if isinstance(event, Act) else event.value.aval


def _elsewhere(graph: Graph) -> str | None:
    """Why a program that is not of this process and one device alone is left to the engine, which knows how to place it."""
    if graph.ranks is not None:
        return "it talks with other processes"
    if spread.active and any(sharding_of(graph.values[i].array) is not None for i in graph.leaves):
        return "its tensors lie on several devices"
    return None


def _same_result(one: Any, other: Any) -> bool:
    if isinstance(one, Result) and isinstance(other, Result):
        return one._replace(node=None) == other._replace(node=None)
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return one is other
    return type(one) is type(other) and (one is other or one == other)


_one = [Value(None, object())]  # type: ignore[arg-type]  # no aval is needed to count
_ALONE = next(iter(map(getrefcount, _one)))  # of a value that only the graph's list refers to
_storage = Storage(_one[0])
_HELD = next(iter(map(getrefcount, _one)))  # of what one list and one owner refer to

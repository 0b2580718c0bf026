"""Programs: a pending graph turned into one pure function of its leaves, jitted and cached by structure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from operator import itemgetter
from sys import getrefcount, stderr
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.base.device import CPU, device, jax_device
from torchlike.base.errors import OutOfMemoryError
from torchlike.base.flags import flags
from torchlike.engine.signature import Signature, VjpSignature, paired
from torchlike.engine.value import Aval, Value

if TYPE_CHECKING:
    from torchlike.engine.record import Graph

# What getrefcount says of an array that only its Value holds.
_SOLE = (lambda value: getrefcount(value.array))(Value(None, object()))  # type: ignore[arg-type]


# Host arrays up to this size are handed to each program anew: that costs less than to place them on the device.
_SMALL = 1024


@dataclass
class Stats:
    """Counters that tests and users read (`torchlike.engine.stats`).

    Attributes:
        compiled: programs built. run: programs run. hits: runs that found their program. nodes: nodes run.
        cold: the last flush compiled; while so, user lines are kept for error messages.
    """

    compiled: int = 0
    run: int = 0
    hits: int = 0
    nodes: int = 0
    cold: bool = True

    def reset(self) -> None:
        self.compiled = self.run = self.hits = self.nodes = 0


stats = Stats()


class Program:
    """One compiled program.

    Attributes:
        outs: slots whose values it returns. donated, kept: leaf slots it takes, in argument order; then the packed numbers.
        pure: the pure function `(*donated, *kept, numbers) -> list of arrays`.
        arguments: its abstract arguments.
    """

    def __init__(self, graph: Graph, outs: tuple[int, ...], donatable: tuple[int, ...], variable: tuple[int, ...]):
        used, needed = _needed(graph, outs)
        pairs = _matched(graph, [i for i in donatable if i in used], outs)
        self.donated = tuple(leaf for leaf, _ in pairs)
        taken = {out for _, out in pairs}
        # JAX pairs donated arguments with results of their shape in order: so these come first.
        self.outs = (*(out for _, out in pairs), *(i for i in outs if i not in taken))
        given = set(self.donated)
        self.kept = tuple(i for i in graph.leaves if i in used and i not in given)
        self.lines = graph.lines
        self.nodes = len(graph.entries)
        self.variable = variable
        self.pack: Callable[[list], Sequence[Any]] = _getter(variable)
        self.pure = _pure(graph, self, needed)
        leaves = [graph.values[i] for i in (*self.donated, *self.kept)]
        self.arguments: list[jax.ShapeDtypeStruct] = [v.aval.struct() for v in leaves]
        if variable:
            self.arguments.append(jax.ShapeDtypeStruct((len(variable),), np.float64))
        self.jitted = jax.jit(self.pure, donate_argnums=tuple(range(len(self.donated))), keep_unused=True)

    def __call__(self, values: list[Value], numbers: list[Any]) -> Any:
        args = [values[i].array for i in self.donated]
        args += [values[i].array for i in self.kept]
        if self.variable:
            args.append(np.array(self.pack(numbers), np.float64))
        return self.jitted(*args)

    def lower(self, *, shardings: Sequence[Any] | None = None) -> Any:
        """`jax.stages.Lowered` of this program, for inspection or for another target (see `engine.aot`)."""
        options = {} if shardings is None else {"in_shardings": tuple(shardings)}
        with jax.enable_x64(True):
            jitted = jax.jit(self.pure, donate_argnums=tuple(range(len(self.donated))), keep_unused=True, **options)
            return jitted.lower(*self.arguments)


class Group:
    """The programs of one structure: they differ in what they return and donate.

    Attributes:
        variable: positions of Python numbers that have varied, or always do (hyperparameters): they are inputs.
        constants: the numbers at all other positions, baked into the programs.
    """

    __slots__ = ("baked", "constants", "exact", "last", "missed", "programs", "used", "variable")

    def __init__(self, graph: Graph):
        self.programs: dict[tuple, Program] = {}
        self.missed: set[tuple] = set()
        self.last: tuple[tuple, Program] | None = None
        self.used = 0
        self.fix(_always_variable(graph), graph.numbers)

    def fix(self, variable: tuple[int, ...], numbers: list[Any]) -> None:
        self.variable = variable
        chosen = set(variable)
        self.baked = _getter(tuple(i for i in range(len(numbers)) if i not in chosen))
        self.constants = self.baked(numbers)
        self.programs.clear()

    def agree(self, numbers: list[Any]) -> bool:
        """Whether the baked numbers are these; where not, the places that differ become inputs from now on."""
        if self.baked(numbers) == self.constants:
            return True
        chosen = set(self.variable)
        at = [i for i in range(len(numbers)) if i not in chosen]
        changed = {i for i, old, new in zip(at, self.constants, self.baked(numbers), strict=True) if old != new and _packs(new)}
        self.fix(tuple(sorted(chosen | changed)), numbers)
        return False


_GROUPS: dict[tuple, Group] = {}


def run(graph: Graph, counts: list[int], alone: int) -> None:
    """Run a pending graph; every value that somebody holds gets its array.

    Args:
        counts: the reference count of each value, read at once; `alone` is what it is for one that nobody holds.
    """
    values, entries = graph.values, tuple(graph.entries)
    live = tuple([i for i, n in enumerate(counts) if n > alone])
    if not any([values[i].array is None for i in live]):
        return  # nobody wants anything that is pending
    for slot in graph.hosts:  # what is used once (a dropout mask) goes to the program as it is; the rest is placed for good
        if counts[slot] > alone and values[slot].array.nbytes > _SMALL:
            values[slot].on_device()
    donatable = tuple([i for i in graph.leaves if counts[i] == alone and getrefcount(values[i].array) == _SOLE])
    # A flush inside somebody's jax.jit trace must really run: ensure_compile_time_eval leaves the trace.
    with jax.enable_x64(True), jax.ensure_compile_time_eval(), _on(graph.device):
        found, known = _find(graph, entries, live, donatable)
        started = time.perf_counter()
        try:
            results = found(values, graph.numbers)
        except Exception as error:
            raise _explain(error, found) from error
    stats.run += 1
    stats.nodes += len(entries)
    stats.hits += known
    stats.cold = not known
    if flags.debug > 1:
        print(f"[torchlike] ran {len(entries)} nodes in {1e3 * (time.perf_counter() - started):.2f} ms", file=stderr)
    for slot, array in zip(found.outs, results, strict=True):
        values[slot].array = array


def _find(graph: Graph, entries: tuple, live: tuple, donatable: tuple) -> tuple[Program, bool]:
    """The program for this graph, and whether it was there already."""
    group = _GROUPS.get(entries)
    reason = "its numbers changed"
    if group is None:
        _bound()
        group, reason = Group(graph), "a new sequence of operations"
        _GROUPS[entries] = group
    elif group.agree(graph.numbers):
        found = group.programs.get((live, donatable))
        if found is not None:
            group.used = stats.run
            return found, True
        found = _superset(group, graph, live, donatable)
        if found is not None:
            return found, True
        reason = "other values are held"
    group.used = stats.run
    outs = tuple(i for i in live if graph.values[i].array is None)
    found = Program(graph, outs, donatable, group.variable)
    for other in group.programs.values():
        if (other.outs, other.donated) == (found.outs, found.donated):  # leaves nobody holds, or holds, that make no difference
            group.programs[live, donatable] = other
            return other, True
    group.programs[live, donatable] = found
    stats.compiled += 1
    _persist()
    if flags.debug:
        _announce(found, reason)
    return found, False


def _superset(group: Group, graph: Graph, live: tuple, donatable: tuple) -> Program | None:
    """A program that returns what is held and more, for a structure of which something was held by chance.

    It serves once: what is asked for a second time is compiled as it is, so that nothing is computed in vain for ever.
    """
    if (live, donatable) in group.missed:
        return None
    group.missed.add((live, donatable))
    wanted = {i for i in live if graph.values[i].array is None}
    free = set(donatable)
    for found in group.programs.values():
        if wanted <= set(found.outs) and set(found.donated) <= free:
            return found
    return None


def _bound() -> None:
    """Keep the cache bounded: drop the half that has not been used for longest."""
    if len(_GROUPS) >= flags.max_programs:
        for entries, _ in sorted(_GROUPS.items(), key=lambda item: item[1].used)[: len(_GROUPS) // 2]:
            del _GROUPS[entries]


def clear() -> None:
    """Drop every compiled program."""
    _GROUPS.clear()


def programs() -> list[Program]:
    """Every program in the cache, oldest structure first."""
    return [p for group in _GROUPS.values() for p in group.programs.values()]


# ---- building -------------------------------------------------------------------------------------------------


def _needed(graph: Graph, outs: Sequence[int]) -> tuple[set[int], list[int]]:
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


def _pure(graph: Graph, made: Program, needed: list[int]) -> Callable[..., list]:
    """The graph as one pure function. Holds nothing of the graph's values, only its structure."""
    entries, outs = list(graph.entries), made.outs
    results = results_of(graph)
    leaves = (*made.donated, *made.kept)
    position = {number: place for place, number in enumerate(made.variable)}
    constants = list(graph.numbers)
    starts = _number_starts(entries)
    pairs = _pair_needs(entries, needed)

    def pure(*args: Any) -> list:
        env: dict[int, Any] = dict(zip(leaves, args, strict=False))
        pulls: dict[int, tuple[tuple[bool, ...], Callable]] = {}

        def numbers(index: int) -> list[Any]:
            count = _number_count(entries[index])
            chosen = range(starts[index], starts[index] + count)
            return [_unpack(args[-1][position[n]], constants[n]) if n in position else constants[n] for n in chosen]

        for index in needed:
            sig, pair, *slots = entries[index]
            with jax.named_scope(sig.name):
                if pair >= 0:
                    wanted, pull = pulls[pair]
                    grads = pull(sig.fill([env[s] for s in slots]))
                    out: Sequence[Any] = [g for g, w in zip(_spread(wanted, grads), sig.needs, strict=True) if w]
                else:
                    args_ = _merge(sig, [env[s] for s in slots], numbers(index))
                    if index in pairs:
                        out, pull = paired(sig, pairs[index], args_, lambda cotangents: cotangents)
                        pulls[index] = (pairs[index], pull)
                    else:
                        out = sig.fn(*args_)
            env.update(zip(results[index], out, strict=True))
        return [env[i] for i in outs]

    return pure


def _spread(wanted: tuple[bool, ...], grads: Sequence[Any]) -> list[Any]:
    given = iter(grads)
    return [next(given) if w else None for w in wanted]


def _pair_needs(entries: list[tuple], needed: Sequence[int]) -> dict[int, tuple[bool, ...]]:
    """Per forward entry with a pullback here: the operands any of its pullbacks wants."""
    found: dict[int, tuple[bool, ...]] = {}
    for index in needed:
        sig, pair = entries[index][:2]
        if pair >= 0:
            before = found.get(pair, (False,) * len(sig.needs))
            found[pair] = tuple(a or b for a, b in zip(before, sig.needs, strict=True))
    return found


def _merge(sig: Signature, tensors: Sequence[Any], numbers: Sequence[Any]) -> list[Any]:
    """Arguments of `sig.fn`: tensors and numbers back in operand order."""
    if not numbers:
        return list(tensors)
    a, n = iter(tensors), iter(numbers)
    return [next(a) if isinstance(s, Aval) else next(n) for s in sig.specs]


def _number_count(entry: tuple) -> int:
    sig, pair = entry[:2]
    return 0 if pair >= 0 else sum(not isinstance(s, Aval) for s in sig.specs)


def _number_starts(entries: Sequence[tuple]) -> list[int]:
    starts, total = [], 0
    for entry in entries:
        starts.append(total)
        total += _number_count(entry)
    return starts


def _always_variable(graph: Graph) -> tuple[int, ...]:
    """Positions of numbers that are inputs from the start: the hyperparameters of dynamic ops."""
    found: list[int] = []
    for entry, start in zip(graph.entries, _number_starts(graph.entries), strict=True):
        if entry[0].dynamic:
            found.extend(range(start, start + _number_count(entry)))
    return tuple(n for n in found if _packs(graph.numbers[n]))


def _packs(number: Any) -> bool:
    """Whether a float64 holds the number exactly, so that it can travel in the packed array."""
    return type(number) in (float, bool) or (type(number) is int and abs(number) <= 1 << 53)


def _unpack(packed: Any, like: Any) -> Any:
    kind = {bool: np.bool_, int: np.int64}.get(type(like))
    return packed if kind is None else packed.astype(kind)


def _getter(positions: tuple[int, ...]) -> Callable[[list], tuple]:
    if not positions:
        return lambda numbers: ()
    if len(positions) == 1:
        only = positions[0]
        return lambda numbers: (numbers[only],)
    return itemgetter(*positions)


def _matched(graph: Graph, donatable: Sequence[int], outs: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of a donatable leaf and the result that takes over its buffer.

    An entry that reads a leaf and returns its like at the same position (an optimizer's update) keeps them together, so
    that XLA updates in place; what is left is matched by shape and dtype. Other leaves are not donated: XLA would only warn.
    """
    free, open_ = set(donatable), set(outs)
    pairs: list[tuple[int, int]] = []

    def match(leaf: int, out: int) -> None:
        if leaf in free and out in open_ and graph.values[leaf].aval is graph.values[out].aval:
            free.discard(leaf)
            open_.discard(out)
            pairs.append((leaf, out))

    for (_, _, *slots), results in zip(reversed(graph.entries), reversed(results_of(graph)), strict=True):
        for leaf, out in zip(slots, results, strict=False):
            match(leaf, out)
    for out in sorted(open_, reverse=True):
        leaf = next((i for i in sorted(free) if graph.values[i].aval is graph.values[out].aval), None)
        if leaf is not None:
            match(leaf, out)
    return pairs


# ---- running outside a graph, errors, messages ----------------------------------------------------------------


def call(sig: Signature, values: Sequence[Value], numbers: Sequence[Any]) -> list[Value]:
    """Run one op at once (direct mode)."""
    args = _merge(sig, [v.on_device() for v in values], numbers)
    with jax.enable_x64(True):
        return [Value(aval, array) for aval, array in zip(sig.outs, sig.fn(*args), strict=True)]


def _on(where: device) -> Any:
    """Programs without arguments on a device run on JAX's default one: see that it is the graph's."""
    if where is CPU and jax.default_backend() == "cpu":
        return _NOWHERE
    return jax.default_device(jax_device(where))


_NOWHERE = nullcontext()


def _explain(error: Exception, program: Program) -> Exception:
    """A run-time error with the operations and the user's lines behind it."""
    text = str(error)
    where = "; run with TORCHLIKE_DEBUG=1 to see lines"
    if program.lines:
        where = f", recorded from {program.lines[0]} to {program.lines[-1]}"
    detail = f"{text}\n(in a program of {program.nodes} operations{where})"
    if "RESOURCE_EXHAUSTED" in text or "Out of memory" in text:
        return OutOfMemoryError(detail)
    return RuntimeError(detail) if isinstance(error, (jax.errors.JaxRuntimeError, ValueError, TypeError)) else error


def _announce(program: Program, reason: str) -> None:
    where = f", {program.lines[0]} .. {program.lines[-1]}" if program.lines else ""
    print(
        f"[torchlike] compiling program {stats.compiled}: {program.nodes} nodes, {len(program.arguments)} inputs "
        f"({len(program.donated)} donated), {len(program.outs)} results; because: {reason}{where}",
        file=stderr,
    )
    if flags.debug > 2:
        with jax.enable_x64(True):
            print(jax.make_jaxpr(program.pure)(*program.arguments), file=stderr)


_persistent = False


def _persist() -> None:
    """Turn on JAX's persistent compilation cache at the first compilation, unless the user chose one."""
    global _persistent
    if _persistent:
        return
    _persistent = True
    if flags.cache in ("", "0") or jax.config.jax_compilation_cache_dir or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    jax.config.update("jax_compilation_cache_dir", flags.cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def zeros(aval: Aval) -> Any:
    """A concrete zero array of this description."""
    return jnp.zeros(aval.shape, aval.dtype.np)

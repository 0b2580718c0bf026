"""Programs: pending graphs as jitted pure functions (made in `build`), cached by structure, and their runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from sys import getrefcount, stderr
from typing import TYPE_CHECKING, Any
from weakref import ref

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from torchlike.base import settings
from torchlike.base.device import CPU, device, jax_device
from torchlike.base.errors import OutOfMemoryError
from torchlike.base.flags import flags
from torchlike.engine import compilations, seldom
from torchlike.engine.build import (
    always_variable,
    donations,
    getter,
    in_operand_order,
    needed_for,
    packs,
    pure_function,
    successors,
)
from torchlike.engine.compilations import stats
from torchlike.engine.placement import join
from torchlike.engine.placement import spread as placed
from torchlike.engine.processes import over, own, spread, world
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value

if TYPE_CHECKING:
    from torchlike.engine.record import Graph

# What getrefcount says of an array that only its Value holds.
_SOLE = (lambda value: getrefcount(value.array))(Value(None, object()))  # type: ignore[arg-type]  # no aval is needed to count


# Host arrays up to this size are handed to each program anew: that costs less than to place them on the device.
_SMALL = 1024


class Program:
    """One compiled program.

    Attributes:
        outs: slots whose values it returns. donated, kept: leaf slots it takes, in argument order; then the packed numbers.
        pure: the pure function `(*donated, *kept, numbers) -> list of arrays`.
        ranks: the processes that run it together, where it holds a collective. collectives: a line for each, in order.
        arguments: its abstract arguments.
    """

    def __init__(
        self, graph: Graph, outs: tuple[int, ...], donatable: tuple[int, ...], variable: tuple[int, ...], where: tuple = ()
    ) -> None:  # fmt: skip
        used, needed = needed_for(graph, outs)
        # A zero-dim leaf of a program of many processes is copied on its way in.
        free = [i for i in donatable if i in used and (graph.ranks is None or graph.values[i].aval.ndim)]
        # On a mesh, only what is updated keeps its place: what merely has its shape may lie elsewhere.
        pairs = successors(graph, free, outs) if where else donations(graph, free, outs)
        self.donated = tuple(leaf for leaf, _ in pairs)
        taken = {out for _, out in pairs}
        # JAX pairs donated arguments with results of their shape in order: so these come first.
        self.outs = (*(out for _, out in pairs), *(i for i in outs if i not in taken))
        given = set(self.donated)
        self.kept = tuple(i for i in graph.leaves if i in used and i not in given)
        self.lines = graph.lines
        self.nodes = len(graph.entries)
        self.variable = variable
        self.pack: Callable[[list], Sequence[Any]] = getter(variable)
        self.ranks = graph.ranks
        self.mesh = None if graph.ranks is None else graph.ranks.mesh(graph.device)
        self.collectives = [_line(graph.entries[i][0]) for i in needed if graph.entries[i][0].ranks is not None]
        self.pure = pure_function(graph, (*self.donated, *self.kept), self.outs, variable, needed, bool(where))
        leaves = [graph.values[i] for i in (*self.donated, *self.kept)]
        self.arguments: list[jax.ShapeDtypeStruct] = [v.aval.struct() for v in leaves]
        if variable:
            self.arguments.append(jax.ShapeDtypeStruct((len(variable),), np.float64))
        if self.mesh is not None:
            self._over_mesh([graph.values[i].aval.ndim for i in self.outs])
        self.options = self._places(graph, where) if where else {}
        self.jitted = self._jit(self.options)

    def _jit(self, options: dict[str, Any]) -> Any:
        return jax.jit(self.pure, donate_argnums=tuple(range(len(self.donated))), keep_unused=True, **options)

    def _places(self, graph: Graph, where: tuple) -> dict[str, Any]:
        """Where arguments lie on a mesh, and those results that take an argument's place (updated parameters): as that does."""
        leaves = dict(zip(graph.leaves, where, strict=True))
        ins = [leaves[i] for i in (*self.donated, *self.kept)]
        twins = {out: leaves[leaf] for leaf, out in successors(graph, graph.leaves, self.outs)}
        twins.update((out, leaves[leaf]) for leaf, out in zip(self.donated, self.outs, strict=False))
        everywhere = NamedSharding(where[0].mesh, PartitionSpec())
        return {
            "in_shardings": (*ins, *[everywhere] * bool(self.variable)),
            "out_shardings": [twins.get(out) for out in self.outs],
        }

    def _over_mesh(self, results: list[int]) -> None:
        """Make it a function of arrays over the mesh, of which each process has a part."""
        assert self.mesh is not None
        count = self.mesh.devices.size
        self.pure = over(self.mesh, self.pure, [len(a.shape) for a in self.arguments], results)
        shapes = [(count * a.shape[0], *a.shape[1:]) if a.shape else (count,) for a in self.arguments]
        self.arguments = [jax.ShapeDtypeStruct(s, a.dtype) for s, a in zip(shapes, self.arguments, strict=True)]

    def _arguments(self, values: list[Value], numbers: list[Any]) -> list[Any]:
        args = [values[i].array for i in self.donated]
        args += [values[i].array for i in self.kept]
        if self.variable:
            args.append(np.array(self.pack(numbers), np.float64))
        return args if self.mesh is None else spread(self.mesh, args)

    def prepare(self, values: list[Value], numbers: list[Any]) -> None:
        """Compile, and run nothing: XLA gives processes half a minute to come to their first collective, compiled or not."""
        self.jitted = self.jitted.lower(*self._arguments(values, numbers)).compile()

    def __call__(self, values: list[Value], numbers: list[Any]) -> Any:
        args = self._arguments(values, numbers)
        if self.mesh is None:
            return self.jitted(*args)
        results = own(self.jitted(*args))
        world.inflight = [ref(array) for array in results]  # a strong one would keep it from being donated
        if self.mesh.devices.flat[0].platform == "cpu":
            jax.block_until_ready(results)  # so that who waits in vain hears it here
        return results

    def lower(self, *, shardings: Sequence[Any] | None = None) -> Any:
        """`jax.stages.Lowered` of this program, for inspection or for another target (see `engine.aot`)."""
        options = self.options if shardings is None else {"in_shardings": tuple(shardings)}
        with jax.enable_x64(True):
            return self._jit(options).lower(*self.arguments)


class Group:
    """The programs of one structure: they differ in what they return and donate.

    Attributes:
        variable: positions of Python numbers that have varied, or always do (hyperparameters): they are inputs.
        constants: the numbers at all other positions, baked into the programs.
        visits: how often numpy has run it.
    """

    __slots__ = ("baked", "constants", "missed", "programs", "used", "variable", "visits")

    def __init__(self, graph: Graph):
        self.programs: dict[tuple, Program] = {}
        self.missed: set[tuple] = set()
        self.used = self.visits = 0
        self.fix(always_variable(graph), graph.numbers)

    def fix(self, variable: tuple[int, ...], numbers: list[Any]) -> None:
        self.variable = variable
        chosen = set(variable)
        self.baked = getter(tuple(i for i in range(len(numbers)) if i not in chosen))
        self.constants = self.baked(numbers)
        self.programs.clear()

    def agree(self, numbers: list[Any]) -> bool:
        """Whether the baked numbers are these; where not, the places that differ become inputs from now on."""
        if self.baked(numbers) == self.constants:
            return True
        chosen = set(self.variable)
        at = [i for i in range(len(numbers)) if i not in chosen]
        changed = {i for i, old, new in zip(at, self.constants, self.baked(numbers), strict=True) if old != new and packs(new)}
        self.fix(tuple(sorted(chosen | changed)), numbers)
        return False


_GROUPS: dict[tuple, Group] = {}

# Set where XLA must not be touched (see `torchlike.engine.host`): `(graph, live)` -> every live value has its array.
on_host: Callable[[Graph, Sequence[int]], None] | None = None
by_numpy: Any = None  # the same, set by `torchlike.engine.host`, for what is not worth compiling


def run(graph: Graph, counts: list[int], alone: int) -> Program | None:
    """Run a pending graph; every value that somebody holds gets its array. Returns the program, if one was needed.

    Args:
        counts: the reference count of each value, read at once; `alone` is what it is for one that nobody holds.
    """
    values, entries = graph.values, tuple(graph.entries)
    live = tuple([i for i, n in enumerate(counts) if n > alone])
    if not any([values[i].array is None for i in live]):
        return None  # nobody wants anything that is pending
    if on_host is not None:
        on_host(graph, live)
        return None
    for slot in graph.hosts:  # what is used once (a dropout mask) goes to the program as it is; the rest is placed for good
        if counts[slot] > alone and values[slot].array.nbytes > _SMALL:
            values[slot].on_device()
    donatable = tuple([i for i in graph.leaves if counts[i] == alone and getrefcount(values[i].array) == _SOLE])
    # A flush inside somebody's jax.jit trace must really run: eval_context leaves the trace.
    with jax.enable_x64(True), jax.core.eval_context(), _on(graph.device):
        where = join(graph) if placed.active else ()
        found, known = _find(graph, entries, live, donatable, where)
        started = time.perf_counter()
        if found is None:
            by_numpy(graph, live)
            _count_by_numpy(len(entries), started)
            return None
        try:
            if found.ranks is not None and world.announce is not None:
                if not known:
                    found.prepare(values, graph.numbers)
                world.announce(found.ranks, found.collectives, not known)
            results = found(values, graph.numbers)
        except Exception as error:
            raise _explain(error, found) from error
    stats.run += 1
    stats.nodes += len(entries)
    stats.hits += known
    stats.cold = not known
    if not known:
        seconds = time.perf_counter() - started
        stats.seconds += seconds
        compilations.note(entries, seconds, found.lines)
    if flags.debug > 1:
        print(f"[torchlike] ran {len(entries)} nodes in {1e3 * (time.perf_counter() - started):.2f} ms", file=stderr)
    for slot, array in zip(found.outs, results, strict=True):
        values[slot].array = array
    return found


def _count_by_numpy(nodes: int, started: float) -> None:
    stats.by_numpy += 1
    stats.nodes += nodes
    stats.cold = False
    if flags.debug > 1:
        print(f"[torchlike] numpy ran {nodes} nodes in {1e3 * (time.perf_counter() - started):.2f} ms", file=stderr)


def _find(graph: Graph, entries: tuple, live: tuple, donatable: tuple, where: tuple) -> tuple[Program | None, bool]:
    """The program for this graph, whose leaves lie at `where` (if on several devices), and whether it was there already.

    None where there is none and numpy is to run the graph.
    """
    key = (live, donatable, where)
    group = _GROUPS.get((flags.scan, entries))
    reason = "its numbers changed"
    if group is None:
        _bound()
        group, reason = Group(graph), "a new sequence of operations"
        _GROUPS[flags.scan, entries] = group
    elif group.agree(graph.numbers):
        found = group.programs.get(key)
        if found is not None:
            group.used = stats.run
            return found, True
        found = _superset(group, graph, key)
        if found is not None:
            return found, True
        reason = "other values are held"
    group.used = stats.run
    if not where and seldom.spared(graph, group.visits):
        group.visits += 1
        return None, False
    outs = tuple(i for i in live if graph.values[i].array is None)
    found = Program(graph, outs, donatable, group.variable, where)
    for (_, _, there), other in group.programs.items():
        # Leaves nobody holds, or holds, that make no difference.
        if (other.outs, other.donated, there) == (found.outs, found.donated, where):
            group.programs[key] = other
            return other, True
    group.programs[key] = found
    stats.compiled += 1
    seldom.compiled(graph)
    compilations.persist()
    if flags.debug:
        _announce(found, reason)
    return found, False


def fixed(graph: Graph, outs: tuple[int, ...], donatable: tuple[int, ...], variable: tuple[int, ...], what: str) -> Program:
    """A program of its own for a graph, not found by structure, for whoever keeps it."""
    found = Program(graph, outs, donatable, tuple(sorted({*variable, *always_variable(graph)})))
    stats.compiled += 1
    compilations.persist()
    if flags.debug:
        _announce(found, what)
    return found


def execute(found: Program, args: Sequence[Any], where: device) -> Sequence[Any]:
    """Run a program on arrays: the donated leaves, the kept ones, the packed numbers."""
    stats.run += 1
    stats.hits += 1
    with jax.enable_x64(True), jax.core.eval_context(), _on(where):
        try:
            return found.jitted(*args)
        except Exception as error:
            raise _explain(error, found) from error


def _superset(group: Group, graph: Graph, key: tuple) -> Program | None:
    """A program that returns what is held and more, for a structure of which something was held by chance.

    It serves once: what is asked for a second time is compiled as it is, so that nothing is computed in vain for ever.
    """
    if key in group.missed:
        return None
    group.missed.add(key)
    live, donatable, where = key
    wanted = {i for i in live if graph.values[i].array is None}
    free = set(donatable)
    for (_, _, there), found in group.programs.items():
        if there == where and wanted <= set(found.outs) and set(found.donated) <= free:
            return found
    return None


def _bound() -> None:
    """Keep the cache bounded: drop the half that has not been used for longest."""
    if len(_GROUPS) >= flags.max_programs:
        for key, _ in sorted(_GROUPS.items(), key=lambda item: item[1].used)[: len(_GROUPS) // 2]:
            del _GROUPS[key]


def clear() -> None:
    """Drop every compiled program."""
    _GROUPS.clear()
    compilations.clear()
    seldom.clear()


def programs() -> list[Program]:
    """Every program in the cache, oldest structure first."""
    return [p for group in _GROUPS.values() for p in group.programs.values()]


# ---- running outside a graph, errors, messages ----------------------------------------------------------------


def _line(sig: Signature) -> str:
    """A collective as its peers must have it, too."""
    statics = {} if sig.ranks is None or sig.ranks.parts is None else {"parts": sig.ranks.parts}
    return f"{sig.name}({', '.join(map(repr, sig.specs))})" + (f" {statics}" if statics else "")


def call(sig: Signature, values: Sequence[Value], numbers: Sequence[Any]) -> list[Value]:
    """Run one op at once (direct mode)."""
    args = in_operand_order(sig, [v.on_device() for v in values], numbers)
    with jax.enable_x64(True):
        return [Value(aval, array) for aval, array in zip(sig.outs, sig.fn(*args), strict=True)]


def _on(where: device) -> Any:
    """The graph's device, for programs without arguments (they run on JAX's default one), and the precision that was set."""
    if where is CPU and jax.default_backend() == "cpu":
        return _NOWHERE
    precision = settings.matmul_precision()
    return jax.default_device(jax_device(where)) if precision is None else _placed(where, precision)


@contextmanager
def _placed(where: device, precision: str) -> Iterator[None]:
    with jax.default_device(jax_device(where)), jax.default_matmul_precision(precision):
        yield


_NOWHERE = nullcontext()


def _explain(error: Exception, program: Program) -> Exception:
    """A run-time error with the operations and the user's lines behind it."""
    text = str(error)
    if program.ranks is not None:
        text = f"{world.explain(error)}{text}"
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

"""What the tape knows about a region: which of its leaves have a history outside, and where history ends inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.backward import with_history
from torchlike.autograd.function import FunctionNode
from torchlike.autograd.levels import Alias
from torchlike.engine import dispatch
from torchlike.engine.build import needed_for, results_of
from torchlike.engine.region import Gate, Plan, Region, entered, evaluator, interned, needs, numbers_for
from torchlike.engine.signature import Signature
from torchlike.engine.tape import GradNode
from torchlike.engine.value import Value
from torchlike.tensor.tensor import Tensor, bare


class Traced:
    """The tape behind some tensors of a region.

    Attributes:
        taped: by entry, per operand whether it has a history.
        history: by leaf, the edge that leads outside.
    """

    def __init__(self, region: Region, outs: Sequence[Tensor], mark: int):
        self.region, self.mark = region, mark
        self.taped: dict[int, tuple[bool, ...]] = {}
        self.history: dict[int, Any] = {}
        self.functions: list[FunctionNode] = []
        self.computed = len(region.entries)
        todo: list[Any] = []
        for out in outs:
            if out._rg:
                edge = self._resolve(out if out._node is None else (out._node, out._nr))
                if self._inside(edge):
                    todo.append(edge[0])
                elif edge is not None:
                    self.history[region.slot_of(out._read())] = edge
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            edges = [self._resolve(e) for e in node.edges]
            self._note(node, edges)
            todo.extend(e[0] for e in edges if self._inside(e))

    def _inside(self, edge: Any) -> bool:
        return type(edge) is tuple and edge[0].order > self.mark

    def _resolve(self, edge: Any) -> Any:
        """The edge behind the aliases that transforms make of their inputs."""
        while type(edge) is tuple and isinstance(edge[0], Alias) and edge[0].order > self.mark and not edge[0].carried:
            edge = edge[0].edges[0]
        return edge

    def _note(self, node: Any, edges: list[Any]) -> None:
        if isinstance(node, GradNode) and node.graph is self.region:
            slots = self.region.entries[node.index][2:]
            self.taped[node.index] = tuple(e is not None for e in edges)
        elif isinstance(node, FunctionNode) and node.values is not None:
            slots = [self.region.slot_of(v) for v in node.values]
            self.functions.append(node)
        else:
            return
        for slot, edge in zip(slots, edges, strict=True):
            if edge is not None and not self._inside(edge):
                self.history[slot] = edge

    def plan(self, outs: Sequence[int], stopped: Sequence[bool]) -> Plan:
        """How to compute these slots so that JAX's derivatives are the tape's."""
        gates = tuple(self._gate(node) for node in sorted(self.functions, key=lambda n: n.order))
        cuts: dict[int, tuple[bool, ...] | None] = {}
        for index in range(self.computed):
            connected = self.taped.get(index)
            if connected is None:
                cuts[index] = None
            elif not all(connected):
                cuts[index] = tuple(not c for c in connected)
        return Plan(tuple(outs), tuple(stopped), cuts, gates)

    def _gate(self, node: FunctionNode) -> Gate:
        """Record a user's backward in the region, on cotangents that stand for any."""
        region = self.region
        values = node.values or []
        with entered(region):
            cotangents = [region.stand_in(value.aval, None) for value in node.results]
            grads = node.apply([bare(c) for c in cotangents], False)
            slots = tuple(None if g is None else region.slot_of(g._read()) for g in grads)
        outs = tuple(region.slot_of(v) for v in node.results)
        inputs = tuple(region.slot_of(v) for v, e in zip(values, node.edges, strict=True) if e is not None)
        slots = tuple(s for s, e in zip(slots, node.edges, strict=True) if e is not None)
        _, entries = needed_for(region, [s for s in slots if s is not None])
        mine = {i for i in entries if i >= self.computed}
        results = results_of(region)
        made = {s for i in mine for s in results[i]}
        given = {c.slot for c in cotangents}
        reads = {s for i in mine for s in region.entries[i][2:]} | {s for s in slots if s is not None}
        residuals = tuple(sorted(reads - made - given))
        return Gate(inputs, outs, tuple(c.slot for c in cotangents), slots, tuple(sorted(mine)), residuals)


def emit(
    region: Region,
    parts: Sequence[tuple[Traced, Plan]],
    name: str,
    transform: Callable[..., Callable],
    key: tuple,
    first: tuple[int, ...] = (),
) -> list[Tensor]:
    """Record functions of a region as one op, and return its results.

    Args:
        parts: what each function computes.
        transform: `(pure functions, leaves) -> function of the leaves' arrays`; runs while programs are traced.
        key: what tells this transform from others, apart from the region's structure.
        first: leaves that are the first operands, needed or not.
    """
    found = [needs(region, plan) for _, plan in parts]
    used = {slot for leaves, _ in found for slot in leaves}
    leaves = (*first, *(s for s in region.leaves if s in used and s not in first))
    history = {slot: edge for traced, _ in parts for slot, edge in traced.history.items()}
    operands = []
    for slot in leaves:
        operand = region.operands.get(slot)
        operands.append(_outside(region.values[slot], history.get(slot)) if operand is None else operand)
    each = [numbers_for(region, needed) for _, needed in found]
    numbers = [n for part in each for n in part]
    ends = [sum(map(len, each[: i + 1])) for i in range(len(each))]
    avals = [t._read().aval for t in operands]
    kinds = tuple(map(type, numbers))

    def make() -> Signature:
        runs = [evaluator(region, plan, leaves, needed) for (_, plan), (_, needed) in zip(parts, found, strict=True)]
        return _signature(name, region, runs, ends, [*avals, *kinds], len(leaves), lambda pures: transform(pures, leaves))

    plans = tuple(plan.key() for _, plan in parts)
    structure = (name, key, tuple(region.entries), plans, leaves, tuple(avals), kinds, tuple(ends), _baked(region, parts))
    sig = interned(structure, make)
    return dispatch.apply(sig, [t._read() for t in operands], numbers, operands, any(t._rg for t in operands))


def _signature(
    name: str, region: Region, runs: list, ends: list[int], specs: list, count: int, transform: Callable
) -> Signature:
    def fn(*args: Any) -> tuple:
        arrays, given = args[:count], args[count:]
        chosen = [given[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        pures = [lambda *a, run=run, n=n: tuple(run(a, n)) for run, n in zip(runs, chosen, strict=True)]
        return tuple(transform(pures)(*arrays))

    sig = Signature(name, specs, fn, region.device, any(s.traced for s in specs[:count]))
    sig.ranks = region.ranks
    sig.structured = True
    sig.infer()
    return sig


def _baked(region: Region, parts: Sequence[tuple[Traced, Plan]]) -> tuple:
    """The numbers that a user's backward holds as constants."""
    return tuple(region.numbers) if any(plan.gates for _, plan in parts) else ()


def _outside(value: Value, edge: Any) -> Tensor:
    if isinstance(edge, Tensor) and edge._storage.value is value and edge._view is None:
        return edge
    return with_history(value, edge)

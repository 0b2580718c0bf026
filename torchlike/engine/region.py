"""A recorded function as one op whose derivative is that of the tape.

A region is a capture graph together with what the tape said inside it: where history ended (detach, no_grad), and where a
user's own backward stands for the forward's. Both go into the pure function, so that JAX's transforms of it agree with
the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
from jax import lax

from torchlike.engine.build import in_operand_order, needed_for, number_count, number_starts, results_of
from torchlike.engine.capture import CaptureGraph
from torchlike.engine.record import LOCK, Graph, local
from torchlike.engine.signature import Signature, paired
from torchlike.engine.value import Aval, Value, aval


class Region(CaptureGraph):
    """The graph of a region.

    Attributes:
        operands: by the slot of a leaf that stands for something else outside (an example of a batch): that tensor.
        draw: how random numbers are drawn inside (see torchlike.tensor.random_draw), or None.
        why: what to say where a value is asked for.
    """

    __slots__ = ("draw", "operands", "outer", "why")

    def __init__(self, where: Any, state: Any, why: str):
        super().__init__(where, state)
        self.operands: dict[int, Any] = {}
        self.outer: Any = state.capture
        self.why = why
        self.draw: Any = None

    def adopt(self, value: Value) -> int:
        if value.aval.device is not self.device and value.aval.ndim == 0 and id(value) not in self.known:
            moved = aval(value.aval.shape, value.aval.dtype, self.device)
            slot = self.known[id(value)] = len(self.values)
            self.values.append(Value(moved, value.force()))
            self.leaves.append(slot)
            return slot
        return super().adopt(value)

    def stand_in(self, described: Aval, operand: Any) -> Value:
        """A new leaf of this description, in the place of a tensor outside."""
        value = Value(described, None, self, len(self.values))
        self.values.append(value)
        self.leaves.append(value.slot)
        self.operands[value.slot] = operand
        return value

    def slot_of(self, value: Value) -> int:
        return value.slot if value.graph is self else self.adopt(value)

    def flush(self) -> None:
        raise RuntimeError(self.why)


@contextmanager
def entered(region: Region) -> Iterator[None]:
    """Record into `region` within the block; what is written there is undone at its end."""
    state, where = region.state, region.device
    with LOCK:
        outer, before = state.graph(where), state.capture
        state.graphs[where] = state.capture = region
        try:
            yield
        finally:
            # The graph outside may have been run meanwhile (somebody asked for a value of its own); then it is dead.
            state.graphs[where] = Graph(where, state) if outer.dead else outer
            state.capture = before
            for storage, old in region.written.values():
                storage.value = old
                storage.version += 1


class Gate(NamedTuple):
    """A user's backward in the place of what JAX would derive from the forward.

    Attributes:
        inputs, outs: slots of the differentiable operands and of the results.
        cotangents: slots that stand for the results' cotangents. gradients: slots of the inputs' gradients, or None.
        entries, residuals: what computes the gradients, and the slots it reads besides.
    """

    inputs: tuple[int, ...]
    outs: tuple[int, ...]
    cotangents: tuple[int, ...]
    gradients: tuple[int | None, ...]
    entries: tuple[int, ...]
    residuals: tuple[int, ...]


@dataclass
class Plan:
    """How to compute some slots of a region.

    Attributes:
        outs: the slots. stopped: per slot, whether the tape knows no history of it.
        cuts: by entry, the operands without history; None where the entry is not on the tape at all.
    """

    outs: tuple[int, ...]
    stopped: tuple[bool, ...] = ()
    cuts: dict[int, tuple[bool, ...] | None] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()

    def key(self) -> tuple:
        return self.outs, self.stopped, tuple(sorted(self.cuts.items(), key=lambda c: c[0])), self.gates


def needs(region: Graph, plan: Plan) -> tuple[tuple[int, ...], list[int]]:
    """The leaves and the entries that a plan needs."""
    wanted = [*plan.outs, *(s for gate in plan.gates for s in (*gate.residuals, *gate.inputs))]
    slots, entries = needed_for(region, wanted)
    inside = {s for gate in plan.gates for s in gate.cotangents}
    return tuple(i for i in region.leaves if i in slots and i not in inside), entries


def evaluator(region: Graph, plan: Plan, leaves: Sequence[int], needed: Sequence[int]) -> Callable[..., list]:
    """`(arrays of the leaves, numbers of the needed entries) -> arrays of the plan's slots`. Holds no values."""
    entries, results = list(region.entries), results_of(region)
    run = _Runner(entries, results, plan)
    after = _gates_by_entry(plan, results)
    counts = number_starts([entries[i] for i in needed])

    def pure(arrays: Sequence[Any], numbers: Sequence[Any]) -> list:
        env = dict(zip(leaves, arrays, strict=True))
        for gate in after.get(-1, ()):
            run.gate(gate, env, numbers_of)
        for index, start in zip(needed, counts, strict=True):
            run.entry(index, env, numbers[start : start + number_count(entries[index])])
            for gate in after.get(index, ()):
                run.gate(gate, env, numbers_of)
        return [lax.stop_gradient(env[s]) if stop else env[s] for s, stop in zip(plan.outs, stopped, strict=True)]

    every = number_starts(entries)
    baked = list(region.numbers)
    stopped = plan.stopped or (False,) * len(plan.outs)

    def numbers_of(index: int) -> list:  # a user's backward is no place for numbers that vary: they are constants there
        return baked[every[index] : every[index] + number_count(entries[index])]

    return pure


def _gates_by_entry(plan: Plan, results: list[range]) -> dict[int, list[Gate]]:
    maker = {slot: index for index, made in enumerate(results) for slot in made}
    found: dict[int, list[Gate]] = {}
    for gate in plan.gates:
        found.setdefault(max((maker.get(s, -1) for s in gate.outs), default=-1), []).append(gate)
    return found


class _Runner:
    """Runs entries one by one on a dictionary of arrays."""

    def __init__(self, entries: list[tuple], results: list[range], plan: Plan):
        self.entries, self.results, self.plan = entries, results, plan
        self.pairs: dict[int, tuple[bool, ...]] = {}
        for sig, pair, *_ in entries:
            if pair >= 0:
                before = self.pairs.get(pair, (False,) * len(sig.needs))
                self.pairs[pair] = tuple(a or b for a, b in zip(before, sig.needs, strict=True))

    def entry(self, index: int, env: dict, numbers: Sequence[Any]) -> None:
        sig, pair, *slots = self.entries[index]
        given = [env[s] for s in slots]
        out: Sequence[Any]
        with jax.named_scope(sig.name):
            if pair >= 0:
                grads = iter(env["pull", pair](sig.fill(given)))
                spread = [next(grads) if need else None for need in self.pairs[pair]]
                out = [g for g, wanted in zip(spread, sig.needs, strict=True) if wanted]
            else:
                out = self._forward(index, sig, given, env, numbers)
        env.update(zip(self.results[index], out, strict=True))

    def _forward(self, index: int, sig: Signature, given: list, env: dict, numbers: Sequence[Any]) -> Sequence[Any]:
        cut = self.plan.cuts.get(index, ())
        if cut:
            given = [lax.stop_gradient(g) if stop else g for g, stop in zip(given, cut, strict=True)]
        args = in_operand_order(sig, given, numbers)
        if index in self.pairs:
            out, env["pull", index] = paired(sig, self.pairs[index], args, lambda cotangents: cotangents)
        else:
            out = sig.fn(*args)
        return [lax.stop_gradient(o) for o in out] if cut is None else out

    def gate(self, gate: Gate, env: dict, numbers_of: Callable[[int], list]) -> None:
        """Put a user's backward between the inputs of a Function and its results."""

        @jax.custom_vjp
        def passed(inputs: tuple, outs: tuple, residuals: tuple) -> tuple:
            return outs

        def forward(inputs: tuple, outs: tuple, residuals: tuple) -> tuple:
            passed_on = passed(inputs, outs, residuals)  # again, so that an outer derivative meets the gate too
            made = dict(zip(gate.outs, passed_on, strict=True))
            return passed_on, (tuple(made.get(s, r) for s, r in zip(gate.residuals, residuals, strict=True)), inputs)

        def backward(kept: tuple, cotangents: tuple) -> tuple:
            residuals, inputs = kept
            inner = dict(zip(gate.residuals, residuals, strict=True))
            inner.update(zip(gate.cotangents, cotangents, strict=True))
            for index in gate.entries:
                self.entry(index, inner, numbers_of(index))
            grads = tuple(
                None if slot is None else inner[slot].astype(i.dtype) for slot, i in zip(gate.gradients, inputs, strict=True)
            )
            return grads, None, None

        passed.defvjp(forward, backward)
        taken = [tuple(env[s] for s in slots) for slots in (gate.inputs, gate.outs, gate.residuals)]
        outs = passed(taken[0], tuple(map(lax.stop_gradient, taken[1])), taken[2])
        env.update(zip(gate.outs, outs, strict=True))


_known: dict[tuple, Signature] = {}
_LIMIT = 1 << 12


def numbers_for(region: Graph, needed: Sequence[int]) -> list[Any]:
    """The Python numbers of the needed entries, in order."""
    starts = number_starts(region.entries)
    return [n for i in needed for n in region.numbers[starts[i] : starts[i] + number_count(region.entries[i])]]


def interned(key: tuple, make: Callable[[], Signature]) -> Signature:
    """The one signature of this key, made where it is new. Keys hold structure only, never values."""
    found = _known.get(key)
    if found is None:
        if len(_known) >= _LIMIT:
            _known.clear()
        found = _known[key] = make()
    return found


def current(where: Any, why: str) -> Region:
    """A new region of this thread on a device."""
    return Region(where, local.state, why)

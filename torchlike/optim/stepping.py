"""How parameters are updated: gradients and states gathered, and one node recorded a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from torchlike.base import dtypes
from torchlike.engine.placement import like as placed_like
from torchlike.engine.record import local
from torchlike.engine.value import Value, aval, host
from torchlike.optim.hooks import Hooks
from torchlike.optim.rules import Layout
from torchlike.optim.state import CountedState, advance_unless
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare
from torchlike.tensor.update import apply_update, differentiable_update


class Update(NamedTuple):
    """How a parameter group is updated.

    Attributes:
        rule: what `rules.per_parameter` made of the rule of one parameter.
        states: names of the rule's state arrays; `_new_state` creates them.
        hyper: the group's numbers by name; they may change at every step without a new compilation.
        flags: what the rule branches on.
        steps: the rule wants to know which step this is.
    """

    rule: Callable
    states: tuple[str, ...]
    hyper: dict[str, Any]
    flags: tuple = ()
    steps: bool = False


class Stepping(Hooks):
    """The part of an optimizer that applies rules."""

    counted: ClassVar[bool] = False  # the state of each parameter has "step"
    found_inf: Tensor | None = None  # during a step that `amp.GradScaler` makes: not nought where nothing is to change
    param_groups: list[dict[str, Any]]
    state: defaultdict[Any, Any]

    def _update(self, group: dict[str, Any]) -> Update:
        """The update of a group; what subclasses that inherit `step` define."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `step`, or `_update` that returns the rule of a parameter group"
        )

    def _update_group(self, group: dict[str, Any]) -> None:
        self._apply(self._update(group), group["params"], group)

    def _apply(self, update: Update, candidates: Sequence[Tensor], group: dict[str, Any]) -> None:
        """Update those of the candidates that have a gradient, in one recorded node."""
        params, grads, entries, counts, sparse = self._gather(candidates, update.states, group)
        if sparse:
            self._update_sparse(sparse, group)
        if not params:
            return
        states = [[dict.__getitem__(entry, name) for entry in entries] for name in update.states]
        if group.get("differentiable"):
            _update_differentiably(update, params, grads, states, counts)
            return
        hyper = [float(value) for value in update.hyper.values()]
        index = None
        unless: list[Tensor] = []
        if self.found_inf is not None:
            steps, index = advance_unless(self.found_inf, entries) if self.counted else ([], None)
            unless = [self.found_inf, *steps] if update.steps else [self.found_inf]
        elif update.steps:
            distinct = dict.fromkeys(counts)
            index = _which(counts, distinct)
            hyper.extend(distinct)
        layout = Layout(update.states, tuple(update.hyper), update.flags, index)
        if local.state.notes is not None:
            self._note(update, params, entries, len(hyper), layout, group)
        if not apply_update(update.rule, params, grads, states, hyper, layout, unless):
            _apply_by_place(update.rule, params, grads, states, hyper, layout, unless)

    def _note(
        self, update: Update, params: list[Tensor], entries: list, size: int, layout: Layout, group: dict[str, Any]
    ) -> None:
        """Write down how the `size` numbers of this update are found at later steps."""
        notes = local.state.notes
        for param in params:
            notes.gradient(param)
        later, shape = self.found_inf is not None, (update.states, tuple(update.hyper), update.flags)

        def again() -> list[float]:
            now = self._update(group)
            hyper = [float(value) for value in now.hyper.values()]
            if later:
                return hyper
            counts = [self._count(entry) for entry in entries] if self.counted else [2.0]
            return [*hyper, *dict.fromkeys(counts)] if now.steps else hyper

        def fits() -> bool:
            now = self._update(group)
            if (now.states, tuple(now.hyper), now.flags) != shape:
                return False
            if later or not (now.steps and self.counted):
                return True
            counts = [entry.count for entry in entries]  # which of them are equal is part of the program
            return _which(counts, dict.fromkeys(counts)) == layout.steps

        notes.numbers(params[0].device, size, again, fits)

    def _gather(
        self, candidates: Sequence[Tensor], names: tuple[str, ...], group: dict[str, Any]
    ) -> tuple[list, list, list, list[float], list]:
        """The parameters with a gradient, their gradients and states, and how often each was updated, this time included;
        then the parameters with a sparse gradient.

        Optimizers that do not count only tell the first step (1) from the others (2), by the state that is not there yet.
        """
        params, grads, entries, counts, sparse = [], [], [], [], []
        state, counted, later = self.state, self.counted, self.found_inf is not None
        for param in candidates:
            grad = param.grad
            if grad is None:
                continue
            if grad._view is not None and grad.is_sparse:
                sparse.append(param)
                continue
            params.append(param)
            grads.append(grad)
            if not counted and not names:
                continue
            entry = state[param]
            fresh = False
            for name in names:
                # None is what torch stores for a momentum that has not begun.
                if dict.get(entry, name) is None:
                    fresh = True
            if fresh:
                entry = self._begin(param, names, group)
            entries.append(entry)
            if not counted:
                counts.append(1.0 if fresh else 2.0)
            elif later:  # the device will know whether this step counts
                continue
            elif entry._shown is None:
                entry.count = count = entry.count + 1.0
                counts.append(count)
            else:
                counts.append(entry.advance())
        return params, grads, entries, counts, sparse

    def _begin(self, param: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> Any:
        """Create the missing state of a parameter."""
        entry = self.state[param]
        if self.counted:
            if type(entry) is not CountedState:
                self.state[param] = entry = CountedState(entry)
            if "step" not in entry:
                entry.start()
        for name in names:
            if dict.get(entry, name) is None:
                entry[name] = self._new_state(name, param, group)
        return entry

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        """What a state is before the first step: zeros like the parameter, unless a subclass says otherwise."""
        return filled(param.shape, param)

    def _update_sparse(self, params: list[Tensor], group: dict[str, Any]) -> None:
        """Update parameters whose gradients are sparse; only some optimizers can."""
        raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")

    def _apply_sparse(self, update: Update, params: list[Tensor], group: dict[str, Any]) -> None:
        """Update, by a rule of `rules.sparse`, the rows that sparse gradients name."""
        entries = [self._begin(param, update.states, group) for param in params] if update.states else []
        counts = [self._count(entry) for entry in entries] if update.steps else []
        kept = [i for i, param in enumerate(params) if param.grad._nnz()]
        params = [params[i] for i in kept]
        entries, counts = ([part[i] for i in kept] if part else [] for part in (entries, counts))
        if not params:
            return
        hyper = [*map(float, update.hyper.values()), *counts]
        reads = [*(param.grad._indices() for param in params), *(param.grad._values() for param in params)]
        states = [[dict.__getitem__(entry, name) for entry in entries] for name in update.states]
        layout = Layout(update.states, tuple(update.hyper), update.flags, tuple(range(len(params))))
        apply_update(update.rule, params, reads, states, hyper, layout)

    def _count(self, entry: Any) -> float:
        """Count one step of a parameter and return its number."""
        return entry.advance()

    def _rules(self) -> Iterator[tuple[Update, list[Tensor], dict[str, Any]]]:
        """Which parameters follow which rule."""
        for group in self.param_groups:
            yield self._update(group), group["params"], group


def _apply_by_place(
    rule: Callable, params: list, grads: list, states: list[list], hyper: list[float], layout: Layout, unless: list
) -> None:
    """Update parameters that are on several devices: one node each."""
    for place in dict.fromkeys(p.device for p in params):
        at = [i for i, p in enumerate(params) if p.device is place]
        some = [[tensors[i] for i in at] for tensors in (params, grads, *states)]
        steps = None if layout.steps is None else tuple(layout.steps[i] for i in at)
        apply_update(rule, some[0], some[1], some[2:], hyper, layout._replace(steps=steps), unless)


def _which(counts: list[float], distinct: dict[float, None]) -> tuple[int, ...] | None:
    """Which of the distinct counts is each parameter's own; None where all share one."""
    if len(distinct) < 2:
        return None
    number = {count: i for i, count in enumerate(distinct)}
    return tuple(number[count] for count in counts)


def filled(shape: Sequence[int], like: Tensor, value: float | complex = 0, dtype: dtypes.dtype | None = None) -> Tensor:
    """A tensor that is there, not recorded: the first step must be the same program as the second."""
    dense = like._differentiated()
    if dense is not like and tuple(shape) == tuple(like.shape):  # of a DTensor this process has a part
        return like._gradient_like(filled(dense.shape, dense, value, dtype))
    kind = like.dtype if dtype is None else dtype
    array = np.full(shape, value, kind.np) if value else np.zeros(shape, kind.np)
    placed = placed_like(array, like._read())
    return bare(host(array, like.device) if placed is array else Value(aval(array.shape, kind, like.device), placed))


def scalar_dtype() -> dtypes.dtype:
    """The dtype of counts and other numbers in a state."""
    return dtypes.float64 if dtypes.get_default_dtype() is dtypes.float64 else dtypes.float32


def _update_differentiably(
    update: Update, params: list[Tensor], grads: list[Tensor], states: list[list[Tensor]], counts: list[float]
) -> None:
    """Update each parameter by a recorded op, so that gradients flow through the step: to the old parameter, its gradient,
    the state, and numbers that are tensors."""
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        own = [state[i] for state in states]
        hyper = [v if isinstance(v, Tensor) else float(v) for v in update.hyper.values()]
        layout = Layout(update.states, tuple(update.hyper), update.flags, None)
        new = differentiable_update(
            update.rule, param, grad, own, [*hyper, *counts[i : i + 1]] if update.steps else hyper, layout
        )
        for target, value in zip([param, *own], new, strict=True):
            target.copy_(value)

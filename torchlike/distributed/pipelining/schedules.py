"""GPipe and 1F1B: when each stage runs which part of a batch, forwards and backwards.

All ranks count the same ticks. In each, a stage runs at most one forward and one backward, then results move to the next stage
and gradients to the one before, by permutations that all ranks record alike: a step is one program on each rank.

In one process with many devices the same ticks are counted for all stages: what a stage does at a tick is a program on its
device, which is started and not waited for, so that the devices work at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import dtypes
from torchlike.base.errors import missing
from torchlike.distributed.collectives import record
from torchlike.distributed.objects import await_keys
from torchlike.distributed.pipelining.stage import PipelineStage, carried
from torchlike.distributed.store import get_object, set_object
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops


class _Schedule:
    """What schedules have in common; a subclass says at which tick a stage runs a part backwards."""

    def __init__(
        self, stage: PipelineStage | Sequence[PipelineStage], n_microbatches: int, loss_fn: Callable[..., Tensor] | None = None,
        args_chunk_spec: Any = None, kwargs_chunk_spec: Any = None, output_merge_spec: Any = None, scale_grads: bool = True,
    ) -> None:  # fmt: skip
        if args_chunk_spec is not None or kwargs_chunk_spec is not None:
            raise missing(f"{type(self).__name__}(args_chunk_spec=...)", "batches are cut along their first dimension")
        self.stages = [stage] if isinstance(stage, PipelineStage) else list(stage)
        self.stage = self.stages[0]
        if self.stage.place is not None and [s.stage_index for s in self.stages] != list(range(self.stage.num_stages)):
            raise ValueError(f"in one process a schedule needs all {self.stage.num_stages} stages, in order")
        if self.stage.place is None and len(self.stages) > 1:
            raise missing(f"{type(self).__name__} of several stages a rank")
        self.parts, self.loss_fn, self.scale_grads = n_microbatches, loss_fn, scale_grads
        self.shapes: dict[int, tuple[tuple[int, ...], Any]] = {}  # of what passes the boundary behind a stage

    def _backward_tick(self, part: int, stage: int) -> int:
        raise NotImplementedError

    def _parts_at(self, tick: int, stage: int) -> tuple[int | None, int | None]:
        """Which part a stage runs forwards and which backwards at a tick."""
        forward = tick - stage if 0 <= tick - stage < self.parts else None
        backward = next((m for m in range(self.parts) if self._backward_tick(m, stage) == tick), None)
        return forward, backward

    # ---- a step -----------------------------------------------------------------------------------------------

    def step(
        self, *args: Any, target: Tensor | None = None, losses: list | None = None, return_outputs: bool = True, **kwargs: Any
    ) -> Tensor | None:
        """One batch through all stages and back. The first rank gives the inputs, the last the target.

        Args:
            losses: the last rank's loss of each part is appended.

        Returns:
            On the last rank the outputs of the whole batch.
        """
        if self.loss_fn is None and self.stages[-1].is_last:
            raise RuntimeError("a pipeline's step needs a loss_fn: use eval() to run forwards only")
        return self._run(args, kwargs, target, losses, True)

    def eval(
        self, *args: Any, target: Tensor | None = None, losses: list | None = None, return_outputs: bool = True, **kwargs: Any
    ) -> Tensor | None:
        """One batch through all stages, forwards only."""
        with no_grad():
            return self._run(args, kwargs, target, losses, False)

    def _run(self, args: tuple, kwargs: dict, target: Any, losses: list | None, back: bool) -> Tensor | None:
        stage, last_stage = self.stage, self.stages[-1]
        inputs = list(zip(*[a.chunk(self.parts) for a in args], strict=True)) if stage.is_first else []
        if stage.is_first and len(inputs) != self.parts:
            raise ValueError(f"a batch of {args[0].shape[0]} cannot be cut into {self.parts} parts")
        targets = target.chunk(self.parts) if target is not None else [None] * self.parts
        scale = self.parts if self.scale_grads else 1
        runs = [_Run(s, inputs, kwargs, targets, self.loss_fn, scale) for s in self.stages]
        last = max(self._backward_tick(m, 0) for m in range(self.parts)) if back else self.parts + stage.num_stages - 2
        for tick in range(last + 1):
            for run in runs:
                forward, backward = self._parts_at(tick, run.stage.stage_index)
                if forward is not None:
                    run.forward(forward)
                if back and backward is not None:
                    run.backward(backward)
            if stage.place is None:
                self._pass_on(tick, runs[0], back)
            else:
                _hand_on(runs)
        if losses is not None:
            losses.extend(runs[-1].losses)
        return ops.cat(runs[-1].results) if last_stage.is_last else None

    @no_grad()
    def _pass_on(self, tick: int, run: _Run, back: bool) -> None:
        """Move this tick's results one stage on, and its gradients one back."""
        stages = range(self.stage.num_stages)
        on = [s for s in stages[:-1] if self._parts_at(tick, s)[0] is not None]
        returned = [s - 1 for s in stages[1:] if back and self._parts_at(tick, s)[1] is not None]
        here = self.stage.stage_index
        for behind, pairs in self._alike(on, run):
            sent = run.sent if here in behind else None
            got = self._permute(sent, behind[0], pairs)
            if here - 1 in behind:
                run.received = got
        for behind, pairs in self._alike(returned, run):
            sent = run.sent_back if here - 1 in behind else None
            got = self._permute(sent, behind[0], [(b, a) for a, b in pairs])
            if here in behind:
                run.received_back = got
        run.sent = run.sent_back = None

    def _alike(self, boundaries: Sequence[int], run: _Run) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
        """Boundaries that tensors of one shape pass, together, and the pairs of stages on either side."""
        kinds: dict[Any, list[int]] = {}
        for boundary in boundaries:
            kinds.setdefault(self._shape(boundary, run), []).append(boundary)
        for found in kinds.values():
            yield found, [(b, b + 1) for b in found]

    def _shape(self, boundary: int, run: _Run) -> tuple[tuple[int, ...], Any]:
        """What passes a boundary: the stage before it tells all others, once."""
        if boundary not in self.shapes:
            group, key = self.stage.group, f"pipeline/{id_of(self.stage)}/{boundary}"
            if boundary == self.stage.stage_index and run.sent is not None:
                set_object(group.store, key, (tuple(run.sent.shape), run.sent.dtype.name))
            await_keys(group, {group.members[boundary]: key}, "a pipeline's step")
            shape, kind = get_object(group.store, key)
            self.shapes[boundary] = shape, dtypes.DTYPES[kind] if kind in dtypes.DTYPES else _dtype(kind)
        return self.shapes[boundary]

    def _permute(self, tensor: Tensor | None, boundary: int, pairs: Sequence[tuple[int, int]]) -> Tensor:
        shape, kind = self.shapes[boundary]
        operand = creation.zeros(shape, dtype=kind) if tensor is None else tensor.detach()
        if tuple(operand.shape) != shape:
            raise ValueError(f"all parts of a batch must have one shape: {tuple(operand.shape)} after {shape}")
        parts = self.stage.group.ranks.parts or (tuple(range(self.stage.num_stages)),)
        every = tuple((part[a], part[b]) for part in parts for a, b in pairs)
        return record("permute_parts", [operand], self.stage.group.ranks, every)


def _hand_on(runs: Sequence[_Run]) -> None:
    """Carry one tick's results from device to device."""
    for here, after in pairwise(runs):
        if here.sent is not None:
            after.received = carried(here.sent, _place(after))
        if after.sent_back is not None:
            here.received_back = carried(after.sent_back, _place(here))
    for run in runs:
        run.sent = run.sent_back = None


def _place(run: _Run) -> Any:
    return run.stage.place


_stages: list[PipelineStage] = []


def id_of(stage: PipelineStage) -> int:
    """A stage's number, the same on every rank: they make their stages in the same order."""
    if stage not in _stages:
        _stages.append(stage)
    return _stages.index(stage)


def _dtype(name: str) -> Any:
    return next(d for d in dtypes.DTYPES.values() if d.name == name)


class _Run:
    """What one step keeps on one rank."""

    def __init__(
        self, stage: PipelineStage, inputs: Sequence[tuple], kwargs: dict, targets: Sequence[Any], loss_fn: Any, scale: int
    ) -> None:
        self.stage, self.inputs, self.kwargs, self.targets = stage, inputs, kwargs, targets
        self.loss_fn, self.scale = loss_fn, scale
        self.kept: dict[int, tuple[Tensor | None, Tensor]] = {}
        self.results: list[Tensor] = []
        self.losses: list[Tensor] = []
        self.sent: Tensor | None = None
        self.sent_back: Tensor | None = None
        self.received: Tensor | None = None
        self.received_back: Tensor | None = None

    def forward(self, part: int) -> None:
        if self.stage.is_first:
            given, args = None, tuple(self._here(x) for x in self.inputs[part])
        else:
            assert self.received is not None
            given = self.received.detach()
            if given.is_floating_point():
                given.requires_grad_()
            args = (given,)
        out = self.stage.submodule(*args, **(self.kwargs if self.stage.is_first else {}))
        if not isinstance(out, Tensor):
            raise missing("pipeline stages with several results", "return one tensor")
        self.sent = out
        if self.stage.is_last:
            self.results.append(out.detach())
            if self.loss_fn is not None and self.targets[part] is not None:
                out = self.loss_fn(out, self._here(self.targets[part]))
                self.losses.append(out.detach())
        self.kept[part] = given, out

    def _here(self, x: Tensor) -> Tensor:
        return x if self.stage.place is None else carried(x, self.stage.place)

    def backward(self, part: int) -> None:
        given, out = self.kept.pop(part)
        if self.stage.is_last:
            (out / self.scale).backward()
        else:
            out.backward(self.received_back)
        self.sent_back = None if given is None else given.grad


class ScheduleGPipe(_Schedule):
    """All parts forwards, then all backwards, the last one first."""

    def _backward_tick(self, part: int, stage: int) -> int:
        stages = self.stage.num_stages
        return self.parts + stages - 1 + (self.parts - 1 - part) + (stages - 1 - stage)


class Schedule1F1B(_Schedule):
    """Each part goes back as soon as it can: a stage keeps what at most twice as many parts need as stages follow it."""

    def _backward_tick(self, part: int, stage: int) -> int:
        stages = self.stage.num_stages
        return part + 2 * (stages - 1) - stage

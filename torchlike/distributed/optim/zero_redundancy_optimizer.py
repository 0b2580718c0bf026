"""`ZeroRedundancyOptimizer`: each rank keeps the optimizer's state of its share of the parameters, and updates those."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.errors import missing
from torchlike.distributed import process_group as groups
from torchlike.distributed.collectives import record
from torchlike.distributed.objects import gather_object
from torchlike.engine import flush
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor


class ZeroRedundancyOptimizer(Optimizer):
    """An optimizer of which each rank does a part: of a parameter's state (momenta ...) there is one copy in all.

    Parameters are dealt out, the largest first, each to the rank with the least so far. `step` updates a rank's own, and then
    every rank gets the others' new values.

    Args:
        params: the same on all ranks, as `DistributedDataParallel` has them: tensors, or dictionaries of groups.
        optimizer_class: what each rank updates its parameters with, `optimizer_class(groups, **defaults)`.
        process_group: the ranks; all by default.
        parameters_as_bucket_view: torch's; XLA lays out by itself.

    Raises:
        TypeError, ValueError: for parameters that are no tensors, or none. NotImplementedError: for `overlap_with_ddp`.
    """

    def __init__(
        self, params: Any, optimizer_class: type[Optimizer], process_group: Any = None,
        parameters_as_bucket_view: bool = False, overlap_with_ddp: bool = False, **defaults: Any,
    ) -> None:  # fmt: skip
        if overlap_with_ddp:
            raise missing("ZeroRedundancyOptimizer(overlap_with_ddp=True)", "leave it out: XLA overlaps by itself")
        self.process_group = groups.chosen(process_group)
        self._optim_constructor, self._optim_defaults = optimizer_class, defaults
        self.optim: Any = None
        self._consolidated: list[dict[int, Any]] | None = None
        super().__init__(_checked(params), defaults)
        own = [{**group, "params": mine} for group, mine in zip(self.param_groups, self._own(), strict=True)]
        self.optim = optimizer_class(own, **defaults)
        _copy_options(self.optim.param_groups, self.param_groups)
        self.state = self.optim.state

    # ---- who has what -----------------------------------------------------------------------------------------

    def _shares(self) -> list[list[list[Tensor]]]:
        """By rank and group, the parameters of that rank, in the order of its optimizer."""
        sizes = [0] * self.process_group.size()
        shares: list[list[list[Tensor]]] = [[] for _ in sizes]
        for group in self.param_groups:
            for share in shares:
                share.append([])
            for param in sorted(group["params"], key=lambda p: -p.numel()):
                rank = sizes.index(min(sizes))
                shares[rank][-1].append(param)
                sizes[rank] += param.numel()
        return shares

    def _own(self) -> list[list[Tensor]]:
        return self._shares()[self.process_group.rank()]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, the same on all ranks."""
        super().add_param_group(param_group)
        if self.optim is not None:
            self._consolidated = None
            self.optim.add_param_group({**param_group, "params": self._own()[-1]})
            _copy_options(self.optim.param_groups, self.param_groups)

    # ---- a step -----------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """Update this rank's parameters and get the other ranks' new ones. Returns what the closure returned."""
        _copy_options(self.param_groups, self.optim.param_groups)
        self._apart()
        loss = self.optim.step(**kwargs) if closure is None else self.optim.step(closure=closure, **kwargs)
        self._consolidated = None
        self._apart()
        self._exchange()
        _copy_options(self.optim.param_groups, self.param_groups)
        return loss

    def _apart(self) -> None:
        """Keep the step out of programs with collectives: those must be the same on all ranks, and each has its own step."""
        if self.process_group.size() > 1:
            flush()

    @no_grad()
    def _exchange(self) -> None:
        if self.process_group.size() == 1:
            return
        for rank, share in enumerate(self._shares()):
            params = [param for part in share for param in part]
            if not params:
                continue
            found = record("broadcast_from", [p.detach() for p in params], self.process_group.ranks, rank)
            for param, value in zip(params, found if isinstance(found, tuple) else (found,), strict=True):
                param._write(value)

    def join_hook(self, **kwargs: Any) -> Any:
        raise missing("ZeroRedundancyOptimizer.join_hook", "give every rank the same number of batches")

    # ---- saving and loading -----------------------------------------------------------------------------------

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Bring all ranks' states to rank `to`, whose `state_dict` then has the whole. All ranks must call it."""
        _copy_options(self.param_groups, self.optim.param_groups)
        here = self.process_group.rank() == self.process_group.place(to)
        found: list[Any] | None = [None] * self.process_group.size() if here else None
        gather_object(self.optim.state_dict()["state"], found, dst=to, group=self.process_group)
        self._consolidated = found

    def state_dict(self) -> dict[str, Any]:
        """The whole state, in the format that `optimizer_class` has without sharing.

        Raises:
            RuntimeError: where `consolidate_state_dict` has not been called since the last step, or was for another rank.
        """
        if self._consolidated is None:
            raise RuntimeError(
                "Optimizer state has not been consolidated on this rank. Please call `consolidate_state_dict(to="
                f"{self.process_group.rank()})` on all ranks beforehand if you meant to save the global state."
            )
        result = super().state_dict()
        numbers = self._numbers()
        result["state"] = {}
        for share, state in zip(self._shares(), self._consolidated, strict=True):
            order = [param for part in share for param in part]
            result["state"].update({numbers[id(order[i])]: value for i, value in state.items()})
        result["state"] = dict(sorted(result["state"].items()))
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a whole state: each rank keeps what belongs to its parameters."""
        numbers = self._numbers()
        own = [numbers[id(param)] for part in self._own() for param in part]
        saved: dict[Any, Any] = state_dict["state"]
        mine = {i: saved[number] for i, number in enumerate(own) if number in saved}
        super().load_state_dict({**state_dict, "state": {}})
        self.optim.load_state_dict({"state": mine, "param_groups": self._numbered_groups()})
        self._consolidated = None
        self.state = self.optim.state

    def _numbers(self) -> dict[int, int]:
        params = [param for group in self.param_groups for param in group["params"]]
        return {id(param): i for i, param in enumerate(params)}

    def _numbered_groups(self) -> list[dict[str, Any]]:
        """This rank's groups as its optimizer's `state_dict` has them, with the options of the whole."""
        packed, start = [], 0
        for group, part in zip(self.param_groups, self._own(), strict=True):
            packed.append({**group, "params": list(range(start, start + len(part)))})
            start += len(part)
        return packed


def _checked(params: Any) -> list[Any]:
    """The parameters or groups in a list. Raises TypeError or ValueError where there are none."""
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        kind = params.type() if isinstance(params, Tensor) else type(params).__name__
        raise TypeError(f"`params` argument should be an iterable of Tensors, but got {kind}")
    found = list(params)
    if not found:
        raise ValueError("ZeroRedundancyOptimizer got an empty parameter list")
    for param in found:
        if not isinstance(param, (Tensor, dict)):
            raise TypeError(
                f"params should be an iterable of Tensors or an iterable of dicts, but got an iterable with {type(param)}"
            )
    return found


def _copy_options(source: list[dict[str, Any]], target: list[dict[str, Any]]) -> None:
    """The options (learning rates ...) of groups, onto the same groups elsewhere."""
    for given, taken in zip(source, target, strict=True):
        taken.update({name: value for name, value in given.items() if name not in ("params", "param_names")})

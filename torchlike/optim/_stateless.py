"""An optimizer on other parameters and state for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor

_NAME = "swap_in_optimizer_params_and_state"


@contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer, swapin_parameters: dict[str, Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Within the block the optimizer works on the given parameters and state; afterwards it has its own again.

    Args:
        optimizer: has state already.
        swapin_parameters: as many tensors as the optimizer has parameters, in its order.
        swapin_optim_state: as `optimizer.state_dict()` gives it. Its tensors are written, its dictionaries are not.

    Raises:
        RuntimeError: where these do not fit the optimizer.
    """
    state, groups = _checked(optimizer, swapin_optim_state)
    own_state, own_groups = optimizer.state, [dict(group) for group in optimizer.param_groups]
    remaining = iter(swapin_parameters.values())
    given = [[param for _, param in zip(group["params"], remaining, strict=False)] for group in groups]
    if any(len(params) != len(group["params"]) for params, group in zip(given, groups, strict=True)):
        raise RuntimeError(f"{_NAME} requires the explicit parameter state to match optimizer.param_groups ordering.")
    fresh = optimizer._empty_state()
    try:
        for own, group, params in zip(optimizer.param_groups, groups, given, strict=True):
            own.update(group)
            for number, param in zip(group["params"], params, strict=True):
                if state.get(number):
                    fresh[param].update(state[number])
            own["params"] = params
        optimizer.state = fresh
        yield
    finally:
        for own, kept in zip(optimizer.param_groups, own_groups, strict=True):
            own.clear()
            own.update(kept)
        optimizer.state = own_state


def _checked(optimizer: Optimizer, given: Any) -> tuple[dict, list[dict]]:
    """The state and the groups of a state dictionary that fits the optimizer."""
    if not optimizer.state:
        raise RuntimeError(f"{_NAME} requires initialized optimizer state.")
    if not isinstance(given, dict):
        raise RuntimeError(f"{_NAME} requires a DCP-style optimizer state_dict.")
    state, groups = given.get("state"), given.get("param_groups")
    if not isinstance(state, dict):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param state "
            f"dicts, got {type(state).__name__}."
        )
    if any(isinstance(key, Tensor) for key in state):
        raise RuntimeError(f"{_NAME} requires optimizer.state_dict()-style state keyed by packed parameter ids.")
    if not isinstance(groups, list):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, "
            f"got {type(groups).__name__}."
        )
    if len(groups) != len(optimizer.param_groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    for i, (own, group) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        _check_group(i, own, group)
    known = {number for group in groups for number in group["params"]}
    extra = [key for key in state if key not in known]
    if extra:
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be keyed only by packed parameter ids from "
            f"param_groups[*]['params']; got extra keys {extra!r}."
        )
    return state, groups


def _check_group(i: int, own: dict[str, Any], group: Any) -> None:
    if not isinstance(group, dict):
        raise RuntimeError(f"{_NAME} requires each optimizer param group to be a dictionary.")
    numbers = group.get("params")
    if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param_groups[*]['params'] entries keyed by packed parameter ids."
        )
    if len(numbers) != len(own["params"]):
        raise RuntimeError(
            f"swapin_optim_state param group {i} has a different number of params than the live optimizer param group."
        )
    theirs, mine = [key for key in group if key not in own], [key for key in own if key not in group]
    if theirs or mine:
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param group keys to exactly match the live optimizer group keys "
            f"for group {i}. Keys only in swap-in: {theirs}. Keys only in live: {mine}."
        )

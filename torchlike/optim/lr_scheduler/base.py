"""The base class of learning-rate schedulers."""

from __future__ import annotations

import types
import warnings
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from torchlike.engine.record import local
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor

_ADVICE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed form is "
    "used instead of the new chainable form, where available. Please open an issue if you are unable to replicate your use "
    "case: https://github.com/pytorch/pytorch/issues/new/choose."
)


def check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def copied(value: Any) -> Any:
    """A number as it is, a tensor as a copy: nobody's changes reach anybody else."""
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, key: str) -> list:
    return [copied(group[key]) for group in optimizer.param_groups]


def set_group_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set a group's number. A learning rate that is a tensor stays the same tensor."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.item() if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list:
    """One value for each parameter group, from a list of that length or a single value."""
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in optimizer.param_groups]
    if len(value) != len(optimizer.param_groups):
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {len(optimizer.param_groups)}."
        )
    return list(map(copied, value))


def saved_function(function: Any) -> dict | None:
    """What a state dict keeps of a user's function: the attributes of a callable object, nothing of a plain function."""
    return None if isinstance(function, types.FunctionType) else function.__dict__.copy()


def host_action(step: Callable) -> Callable:
    """A step that is Python's work alone: a compiled call that contains it does it again, each time, as it is."""

    @wraps(step)
    def noted(*args: Any, **kwargs: Any) -> Any:
        state = local.state
        notes = state.notes
        if notes is None:
            return step(*args, **kwargs)
        state.notes = None
        try:
            result = step(*args, **kwargs)
        finally:
            state.notes = notes
        notes.act(lambda: step(*args, **kwargs))
        return result

    return noted


class LRScheduler:
    """Base class of learning-rate schedulers: a subclass defines `get_lr`.

    Args:
        optimizer: whose groups' `lr` is set.
        last_epoch: index of the last epoch; -1 starts anew, anything else resumes and needs `initial_lr` in each group.

    Raises:
        TypeError: if `optimizer` is none.
        KeyError: if `initial_lr` is missing when resuming.
    """

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = host_action(vars(cls)["step"])  # type: ignore[method-assign]  # the same step

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0.\n"
                    "This typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Every attribute except the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` gave."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list:
        """The learning rate of each group since the last step."""
        return self._last_lr

    def get_lr(self) -> list:
        """The next learning rate of each group; called by `step`."""
        raise NotImplementedError

    @host_action
    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch (or, deprecated, to `epoch`). Call it after the optimizer's `step`."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _check_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make "
                f"sure to call `optimizer.step()` before `lr_scheduler.step()`. {_ADVICE}",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should "
                "call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will "
                f"result in PyTorch skipping the first value of the learning rate schedule. {_ADVICE}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed_form = getattr(self, "_get_closed_form_lr", None)
        with _enable_get_lr_call(self):
            values = self.get_lr() if epoch is None or closed_form is None else closed_form()
        self._set(values)

    def _set(self, values: list) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_group_value(group, "lr", value)
        self._last_lr = group_values(self.optimizer, "lr")

    def _warn_if_asked_outside(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class _enable_get_lr_call:
    """A block in which a scheduler's `get_lr` may be called."""

    def __init__(self, o: LRScheduler) -> None:
        self.o = o

    def __enter__(self) -> _enable_get_lr_call:
        self.o._get_lr_called_within_step = True
        return self

    def __exit__(self, *error: object) -> None:
        self.o._get_lr_called_within_step = False


class FactorLR(LRScheduler):
    """A schedule that multiplies each group's current rate by a factor that depends on the epoch alone.

    Chained schedules of this kind combine. `_closed_form()` is the product so far, for `step(epoch)`.
    """

    def _factor(self) -> float:
        raise NotImplementedError

    def _closed_form(self) -> float:
        raise NotImplementedError

    def get_lr(self) -> list:
        self._warn_if_asked_outside()
        factor = self._factor()
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list:
        factor = self._closed_form()
        return [base_lr * factor for base_lr in self.base_lrs]


def _watch_steps(optimizer: Optimizer) -> None:
    """Note on the optimizer when it steps, so that a scheduler that steps first can warn."""
    step = optimizer.step
    if hasattr(step, "_wrapped_by_lr_sched"):
        return
    function: Callable = cast(types.MethodType, step).__func__
    held = weakref.ref(optimizer)  # the optimizer must not keep itself alive

    @wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        owner: Any = held()  # alive, as its method was called
        owner._opt_called = True
        return function(owner, *args, **kwargs)

    vars(noted)["_wrapped_by_lr_sched"] = True
    vars(optimizer)["step"] = noted

"""Averages of a model over training: stochastic weight averaging and exponential moving averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import dtypes
from torchlike.nn.modules.batchnorm import _BatchNorm
from torchlike.nn.modules.module import Module
from torchlike.optim.lr_scheduler import LRScheduler
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor
from torchlike.tensor.creation import tensor

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def _decay(decay: float) -> float:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return decay


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """`decay * average + (1 - decay) * new`, for one tensor. Raises ValueError for a decay outside [0, 1]."""
    _decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """The same in place, for lists of tensors."""
    _decay(decay)

    @no_grad()
    def ema_update(ema_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any) -> None:
        for ema, current in zip(ema_param_list, current_param_list, strict=True):
            if ema.dtype.is_differentiable:
                ema.lerp_(current, 1 - decay)
            else:
                ema.copy_(ema * decay + current * (1 - decay))

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all that came so far, for one tensor."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_swa_multi_avg_fn() -> Averages:
    """The same in place, for lists of tensors."""

    @no_grad()
    def swa_update(averaged_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any) -> None:
        share = 1 / (num_averaged + 1)
        for averaged, current in zip(averaged_param_list, current_param_list, strict=True):
            if averaged.dtype.is_differentiable:
                averaged.lerp_(current, share.to(averaged.dtype) if isinstance(share, Tensor) else share)
            else:
                averaged.copy_(averaged + (current - averaged) * share)

    return swa_update


class AveragedModel(Module):
    """A model's average: Polyak's (Izmailov et al. 2018, "SWA") or, with the functions above, an exponential one.

    Args:
        model: copied; the copy is called by `forward`, and is what `update_parameters` averages into.
        device: where the copy goes.
        avg_fn: `(average, new, how many so far) -> average` of one tensor; the mean by default.
        multi_avg_fn: `(averages, news, how many so far)`, in place.
        use_buffers: average buffers as well; otherwise they are copied.

    Raises:
        AssertionError: where both functions are given.

    >>> import torchlike as torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(model)
    >>> for weight in (1.0, 3.0):
    ...     _ = torch.nn.init.constant_(model.weight, weight)
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    2.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=dtypes.int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers
        self._begun: tuple[Any, int] | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model says."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the parameters of `model` as they are now into the average."""
        averages = [t.detach() for t in self._tensors(self.module)]
        news = [t.detach().to(a.device) for t, a in zip(self._tensors(model), averages, strict=False)]
        if not self._has_begun():
            for average, new in zip(averages, news, strict=True):
                average.copy_(new)
        elif self.avg_fn is not None:
            for average, new in zip(averages, news, strict=True):
                average.copy_(self.avg_fn(average, new, self.n_averaged.to(average.device)))
        elif averages:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, news, self.n_averaged.to(averages[0].device))
        if not self.use_buffers:
            for own, new in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(new.detach().to(own.device))
        self.n_averaged += 1
        self._begun = self.n_averaged._storage, self.n_averaged._version

    def _tensors(self, model: Module) -> Iterable[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()

    def _has_begun(self) -> bool:
        """Whether the count is above 0. It is looked at only where somebody else wrote it: that would run what is pending."""
        count = self.n_averaged
        if self._begun is not None and self._begun == (count._storage, count._version):
            return True
        return bool(count > 0)

    def __deepcopy__(self, memo: dict) -> AveragedModel:
        self._begun = None  # it names the storage of this count
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update({key: deepcopy(value, memo) for key, value in self.__dict__.items()})
        return made

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_begun": None}


@no_grad()
def update_bn(loader: Iterable, model: Module, device: Any = None) -> None:
    """Take the running statistics of all batch norms anew, as the mean over the batches of `loader`.

    Args:
        loader: of batches, or of tuples or lists of which the first is given to the model.
    """
    norms = {m: m.momentum for m in model.modules() if isinstance(m, _BatchNorm)}
    if not norms:
        return
    was_training = model.training
    model.train()
    for module in norms:
        module.reset_running_stats()
        module.momentum = None
    for batch in loader:
        given = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(given if device is None else given.to(device))
    for module, momentum in norms.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Anneals each group's learning rate to a constant one, which is kept.

    Args:
        swa_lr: that rate; one, or one for each group.
        anneal_epochs: how many epochs the way takes.
        anneal_strategy: "cos" or "linear".

    Raises:
        ValueError: for another strategy, and for epochs that are no whole number from 0 on.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(optimizer.param_groups)
        if len(rates) != len(optimizer.param_groups):
            raise ValueError(
                "swa_lr must have the same length as optimizer.param_groups. "
                f"swa_lr has {len(rates)} values, param_groups has {len(optimizer.param_groups)}."
            )
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list:
        """The next rates: how far the way has been gone, from where it began."""
        self._warn_if_asked_outside()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            lr, end = group["lr"], group["swa_lr"]
            start = end if before == 1 else (lr - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates

    def _share(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

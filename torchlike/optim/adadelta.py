"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012): gradients in units of the parameter's own past updates.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        rho: decay rate of the running averages, from 0 to 1.
        eps: added below both roots.
        weight_decay: an L2 penalty.
        foreach, capturable: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a number out of its range.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.Adadelta([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> list(optimizer.state[weight])
    ['step', 'square_avg', 'acc_delta']
    """

    counted = True
    absent: ClassVar = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, group: dict[str, Any]) -> Update:
        hyper = {name: group[name] for name in ("lr", "rho", "eps", "weight_decay")}
        flags = (bool(group["weight_decay"] != 0), bool(group["maximize"]))
        return Update(rules.adadelta, ("square_avg", "acc_delta"), hyper, flags)

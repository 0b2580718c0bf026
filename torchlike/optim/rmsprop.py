"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): the gradient divided by the root of a running average of its square.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        alpha: decay rate of the running averages.
        eps: added to the denominator, after the root.
        weight_decay: an L2 penalty.
        momentum: of the divided gradient.
        centered: divide by the deviation from the average gradient instead (Graves 2013).
        capturable, foreach: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a negative number.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.RMSprop([weight], lr=0.5, momentum=0.9, centered=True)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> list(optimizer.state[weight])
    ['step', 'square_avg', 'momentum_buffer', 'grad_avg']
    """

    counted = True
    absent: ClassVar = {
        "momentum": 0, "centered": False, "foreach": None, "maximize": False, "differentiable": False, "capturable": False
    }  # fmt: skip

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, group: dict[str, Any]) -> Update:
        hyper = {name: group[name] for name in ("lr", "momentum", "alpha", "eps", "weight_decay")}
        momentum, centered = bool(group["momentum"] > 0), bool(group["centered"])
        states = ("square_avg", *(["momentum_buffer"] if momentum else []), *(["grad_avg"] if centered else []))
        flags = (momentum, centered, bool(group["weight_decay"] != 0), bool(group["maximize"]))
        return Update(rules.rmsprop, states, hyper, flags)

"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update, filled, scalar_dtype
from torchlike.tensor import Tensor


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky 1992): `state[p]["ax"]` is the average of the parameter.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate of the first step, a number or a one-element tensor.
        lambd: decay of the learning rate and of the parameter.
        alpha: power of the learning rate's decay: `lr / (1 + lambd lr t)^alpha`.
        t0: the step from which on parameters are averaged.
        weight_decay: an L2 penalty.
        foreach, capturable: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a negative learning rate or weight decay.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.ASGD([weight], lr=0.5, lambd=0.0)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.tolist(), optimizer.state[weight]["ax"].tolist()
    ([0.5, 0.5], [0.5, 0.5])
    """

    counted = True
    absent: ClassVar = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        check_lr(lr)
        check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for param, entry in self.state.items():
            for name in ("eta", "mu"):  # numbers in states of older torch versions
                if isinstance(entry.get(name), (int, float)):
                    entry[name] = filled((), param, entry[name], scalar_dtype())

    def _begin(self, param: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> Any:
        return super()._begin(param, ("eta", "mu", "ax"), group)  # in torch's order

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        if name == "ax":
            return filled(param.shape, param)
        return filled((), param, float(group["lr"]) if name == "eta" else 1.0, scalar_dtype())

    def _update(self, group: dict[str, Any]) -> Update:
        hyper = {name: group[name] for name in ("lr", "lambd", "alpha", "t0", "weight_decay")}
        flags = (bool(group["weight_decay"] != 0), bool(group["maximize"]))
        return Update(rules.asgd, ("ax", "mu", "eta"), hyper, flags, steps=True)

"""NAdam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_betas, check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update, filled, scalar_dtype
from torchlike.tensor import Tensor


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016).

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square, from 0 up to 1.
        eps: added to the denominator.
        weight_decay: an L2 penalty, or with `decoupled_weight_decay` what AdamW does.
        momentum_decay: how fast the momentum warms up: step t has `betas[0] (1 - 0.96^(t momentum_decay) / 2)`.
        foreach, capturable: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a number out of its range.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.NAdam([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> list(optimizer.state[weight])
    ['step', 'mu_product', 'exp_avg', 'exp_avg_sq']
    """

    counted = True
    absent: ClassVar = {
        "maximize": False, "foreach": None, "capturable": False, "differentiable": False, "decoupled_weight_decay": False
    }  # fmt: skip

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for param, entry in self.state.items():  # a number in states of older torch versions
            if isinstance(entry.get("mu_product"), (int, float)):
                entry["mu_product"] = filled((), param, entry["mu_product"], scalar_dtype())

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        return filled((), param, 1.0, scalar_dtype()) if name == "mu_product" else filled(param.shape, param)

    def _update(self, group: dict[str, Any]) -> Update:
        beta1, beta2 = group["betas"]
        names = ("lr", "eps", "weight_decay", "momentum_decay")
        hyper = {"beta1": beta1, "beta2": beta2, **{name: group[name] for name in names}}
        flags = (bool(group["weight_decay"] != 0), bool(group["decoupled_weight_decay"]), bool(group["maximize"]))
        return Update(rules.nadam, ("mu_product", "exp_avg", "exp_avg_sq"), hyper, flags, steps=True)

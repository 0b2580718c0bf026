"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_implementation, check_lr
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted (Sutskever et al. 2013).

    `v = momentum v + (1 - dampening) (g + weight_decay p)`, `p = p - lr v`; the first step is not dampened.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        momentum, dampening, weight_decay: numbers, 0 or more.
        nesterov: Nesterov's form; needs a momentum and no dampening.
        maximize: climb instead of descend.
        foreach, fused: accepted; every group is updated in one program anyway.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a negative number or an impossible combination.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.tolist()
    [0.5, 0.5]
    """

    absent: ClassVar = {"nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": False}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_lr(lr)
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if float(weight_decay) < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation(foreach, fused, differentiable)

    def _update(self, group: dict[str, Any]) -> Update:
        hyper = {name: group[name] for name in ("lr", "momentum", "dampening", "weight_decay")}
        momentum = hyper["momentum"] != 0
        dampened = momentum and hyper["dampening"] != 0
        flags = (
            bool(momentum),
            bool(dampened),
            bool(group["nesterov"]),
            bool(group["weight_decay"] != 0),
            bool(group["maximize"]),
        )
        return Update(rules.sgd, ("momentum_buffer",) if momentum else (), hyper, flags, steps=bool(dampened))

    def _update_sparse(self, params: list[Tensor], group: dict[str, Any]) -> None:
        if group["weight_decay"] != 0:
            raise RuntimeError("SGD: weight_decay is not compatible with sparse gradients")
        if group["momentum"] != 0:
            raise NotImplementedError("SGD: momentum with sparse gradients; give it `grad.to_dense()`")
        update = Update(rules.sparse_sgd, (), {"lr": group["lr"]}, (bool(group["maximize"]),))
        self._apply_sparse(update, params, group)

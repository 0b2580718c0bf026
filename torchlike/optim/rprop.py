"""Rprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_lr
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update, filled
from torchlike.tensor import Tensor


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun 1993): only signs of gradients count; for full batches.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: the first step's size, a number or a one-element tensor; later steps have a size of their own per element.
        etas: the factors by which a step's size shrinks where the gradient turns, and grows where it does not.
        step_sizes: the smallest and the largest step.
        capturable, foreach: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a negative learning rate, or unless `0 < etas[0] < 1 < etas[1]`.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.Rprop([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.tolist()
    [0.5, 0.5]
    """

    counted = True
    absent: ClassVar = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        size = float(group["lr"]) if name == "step_size" else 0
        return filled(param.shape, param, complex(size, size) if param.is_complex() else size)

    def _update(self, group: dict[str, Any]) -> Update:
        (minus, plus), (smallest, largest) = group["etas"], group["step_sizes"]
        hyper = {"eta_minus": minus, "eta_plus": plus, "step_min": smallest, "step_max": largest}
        return Update(rules.rprop, ("prev", "step_size"), hyper, (bool(group["maximize"]),))

"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_implementation, check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update, filled
from torchlike.tensor import Tensor


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011): each element's gradient divided by the root of the sum of its squares so far.

    Gradients may be sparse; then only the rows they name are touched.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        lr_decay: step t takes `lr / (1 + (t - 1) lr_decay)`.
        weight_decay: an L2 penalty.
        initial_accumulator_value: where the sum of squares begins.
        eps: added to the denominator.
        foreach, fused: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a number out of its range.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.Adagrad([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.tolist()
    [0.5, 0.5]
    """

    counted = True
    absent: ClassVar = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_lr(lr)
        check_not_negative(
            lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, epsilon=eps
        )
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation(foreach, fused, differentiable)
        for group in self.param_groups:  # unlike the other optimizers' states, this one is there before the first step
            for param in group["params"]:
                self._begin(param, ("sum",), group)

    def share_memory(self) -> None:
        """Move the sums into memory that other processes can share."""
        for entry in self.state.values():
            entry["sum"].share_memory_()

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        start = self.defaults["initial_accumulator_value"]
        return filled(param.shape, param, complex(start, start) if param.is_complex() else start)

    def _update(self, group: dict[str, Any]) -> Update:
        hyper = {name: group[name] for name in ("lr", "lr_decay", "weight_decay", "eps")}
        flags = (bool(group["weight_decay"] != 0), bool(group["maximize"]))
        return Update(rules.adagrad, ("sum",), hyper, flags, steps=True)

    def _update_sparse(self, params: list[Tensor], group: dict[str, Any]) -> None:
        if group["weight_decay"] != 0:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        hyper = {name: group[name] for name in ("lr", "lr_decay", "eps")}
        update = Update(rules.sparse_adagrad, ("sum",), hyper, (bool(group["maximize"]),), steps=True)
        self._apply_sparse(update, params, group)

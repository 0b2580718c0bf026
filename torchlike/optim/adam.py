"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from torchlike.optim import rules
from torchlike.optim.checks import check_betas, check_implementation, check_lr, check_not_negative, check_tensor_option
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), with AMSGrad (Reddi et al. 2018) if wanted.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square, from 0 up to 1.
        eps: added to the denominator.
        weight_decay: an L2 penalty, or with `decoupled_weight_decay` what AdamW does.
        amsgrad: divide by the largest running average of squares so far.
        maximize: climb instead of descend.
        foreach, fused, capturable: accepted; every group is updated in one program anyway.
        differentiable: record the update, so that gradients flow through it.

    Raises:
        ValueError: for a number out of its range.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.Adam([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> optimizer.state[weight]["step"]
    tensor(1.)
    """

    counted = True
    absent: ClassVar = {
        "amsgrad": False, "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "decoupled_weight_decay": False, "fused": None,
    }  # fmt: skip

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):
        check_tensor_option("lr", lr, foreach, capturable)
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor) or any(isinstance(beta, int) for beta in betas):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            check_tensor_option(f"betas[{i}]", beta, foreach, capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_implementation(foreach, fused, differentiable)

    def _update_sparse(self, params: list[Tensor], group: dict[str, Any]) -> None:
        raise RuntimeError("Adam does not support sparse gradients, please consider SparseAdam instead")

    def _update(self, group: dict[str, Any]) -> Update:
        beta1, beta2 = group["betas"]
        weight_decay, amsgrad = group["weight_decay"], bool(group["amsgrad"])
        hyper = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": weight_decay}
        states = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if amsgrad else ("exp_avg", "exp_avg_sq")
        flags = (amsgrad, bool(weight_decay != 0), bool(group["decoupled_weight_decay"]), bool(group["maximize"]))
        return Update(rules.adam, states, hyper, flags, steps=True)

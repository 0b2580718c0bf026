"""Adam for sparse gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlike.optim import rules
from torchlike.optim.checks import check_betas, check_one_element
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class SparseAdam(Optimizer):
    """Adam that updates parameter and moments only where a sparse gradient has rows ("lazy" Adam).

    Args:
        params: dense real tensors, `(name, tensor)` pairs or parameter groups; their gradients have the layout sparse_coo.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square, from 0 up to 1.
        eps: added to the denominator.
        maximize: climb instead of descend.

    Raises:
        ValueError: for a number out of its range, for sparse or complex parameters.
        RuntimeError: at `step`, for dense gradients.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(3, 1))
    >>> optimizer = torch.optim.SparseAdam([weight], lr=0.5)
    >>> weight.grad = torch.sparse_coo_tensor([[2]], [[1.0]], (3, 1))
    >>> optimizer.step()
    >>> [round(value, 3) for value in weight.flatten().tolist()]
    [1.0, 1.0, 0.5]
    """

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ):
        check_one_element("lr", lr)
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        places = [([i, j], param) for i, group in enumerate(self.param_groups) for j, param in enumerate(group["params"])]
        sparse = [place for place, param in places if param.is_sparse]
        if sparse:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")
        complex_ = [place for place, param in places if param.is_complex()]
        if complex_:
            raise ValueError(f"Complex params at indices {complex_}: SparseAdam does not support complex parameters")

    def _update_group(self, group: dict[str, Any]) -> None:
        params = [param for param in group["params"] if param.grad is not None]
        if any(not param.grad.is_sparse for param in params):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        if params:
            self._apply_sparse(self._update(group), params, group)

    def _update(self, group: dict[str, Any]) -> Update:
        beta1, beta2 = group["betas"]
        hyper = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"]}
        maximize = bool(group.get("maximize", False))
        return Update(rules.sparse_adam, ("exp_avg", "exp_avg_sq"), hyper, (maximize,), steps=True)

    def _begin(self, param: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> Any:
        self.state[param].setdefault("step", 0)  # a Python number, as in torch
        return super()._begin(param, names, group)

    def _count(self, entry: Any) -> float:
        entry["step"] += 1
        return float(entry["step"])

    def to_optax(self) -> tuple[Any, Any]:
        """Not there: optax has no sparse gradients."""
        raise NotImplementedError("SparseAdam.to_optax: optax has no sparse gradients")

"""Muon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlike.optim import rules
from torchlike.optim.checks import check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update
from torchlike.tensor import Tensor


class Muon(Optimizer):
    """Muon (Jordan 2024): momentum whose matrix is made orthogonal, for the weights of hidden layers.

    Args:
        params: real matrices, `(name, matrix)` pairs or parameter groups; give vectors and embeddings to another optimizer.
        lr: learning rate, a number or a one-element tensor.
        weight_decay: decoupled, as AdamW's.
        momentum: decay rate of the running average of the gradient.
        nesterov: orthogonalise the gradient moved towards the average instead of the average.
        ns_coefficients: of `a x + b x^3 + c x^5`, the polynomial iterated on the singular values (in bfloat16).
        eps: the smallest norm divided by.
        ns_steps: how many iterations, below 100.
        adjust_lr_fn: "original" (also None: times `sqrt(max(1, rows / columns))`) or "match_rms_adamw" (times
            `0.2 sqrt(max(rows, columns))`).

    Raises:
        ValueError: for a number out of its range, or a parameter that is no matrix.
        RuntimeError: at `step`, for complex parameters or sparse gradients.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.eye(2))
    >>> optimizer = torch.optim.Muon([weight], lr=0.1)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> list(optimizer.state[weight])
    ['momentum_buffer']
    """

    elementwise = False

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ):
        check_lr(lr, "Learning rate should be >= 0 but is: {}")
        message = "{} should be >= 0 but is: {}"
        check_not_negative(message, momentum=momentum)
        check_not_negative(message, **{"weight decay": weight_decay})
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for param in (param for group in self.param_groups for param in group["params"]):
            if param.ndim != 2:
                raise ValueError(f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}")

    def _begin(self, param: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> Any:
        if param.is_complex():
            raise RuntimeError("Muon does not support complex parameters")
        return super()._begin(param, names, group)

    def _update(self, group: dict[str, Any]) -> Update:
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        hyper = {name: group[name] for name in ("lr", "weight_decay", "momentum", "eps")}
        hyper.update(zip("abc", group["ns_coefficients"], strict=True))
        flags = (bool(group["nesterov"]), int(group["ns_steps"]), group["adjust_lr_fn"])
        return Update(rules.muon, ("momentum_buffer",), hyper, flags)

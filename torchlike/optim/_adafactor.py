"""Adafactor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from torchlike.base.numeric import finfo
from torchlike.optim import rules
from torchlike.optim.checks import check_lr, check_not_negative
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.stepping import Update, filled
from torchlike.tensor import Tensor


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern 2018): of a matrix's second moments only the means of rows and columns are kept.

    Args:
        params: real tensors, `(name, tensor)` pairs or parameter groups.
        lr: the largest relative step, and the factor of weight decay; a number or a one-element tensor.
        beta2_decay: the second moments forget at the rate `t^beta2_decay`; 0 or less.
        eps: added against division by nought (None: that of the first parameter's dtype), and the smallest size that a
            parameter counts as having.
        d: updates whose root mean square is larger are scaled down; 1 or more.
        weight_decay: decoupled, as AdamW's.
        foreach: accepted; every group is updated in one program anyway.
        maximize: climb instead of descend.

    Raises:
        ValueError: for a number out of its range.
        RuntimeError: at `step`, for complex parameters or sparse gradients.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(3, 2))
    >>> optimizer = torch.optim.Adafactor([weight])
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> {name: tuple(value.shape) for name, value in optimizer.state[weight].items()}
    {'step': (), 'row_var': (3, 1), 'col_var': (1, 2)}
    """

    elementwise = False

    counted = True
    absent: ClassVar = {"foreach": None}

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ):
        message = "{} should be >= 0 but is: {}"
        check_lr(lr, "Learning rate should be >= 0 but is: {}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        check_not_negative(message, epsilon1=0.0 if eps[0] is None else eps[0], epsilon2=eps[1])
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        check_not_negative(message, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _new_state(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        shape = list(param.shape)
        if name != "variance":
            shape[-1 if name == "row_var" else -2] = 1
        return filled(shape, param)

    def _update_group(self, group: dict[str, Any]) -> None:
        given = [param for param in group["params"] if param.grad is not None]
        for param in given:  # states are listed in the parameters' order
            self._begin(param, _names(param), group)
        for update, params in self._split(group, given):
            self._apply(update, params, group)

    def _rules(self) -> Iterator[tuple[Update, list[Tensor], dict[str, Any]]]:
        for group in self.param_groups:
            for update, params in self._split(group, group["params"]):
                yield update, params, group

    def _split(self, group: dict[str, Any], params: list[Tensor]) -> Iterator[tuple[Update, list[Tensor]]]:
        """Parameters of two or more dimensions, and the others."""
        for alike in ([p for p in params if p.ndim > 1], [p for p in params if p.ndim <= 1]):
            if alike:
                yield self._update({**group, "params": alike}), alike

    def _begin(self, param: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> Any:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        return super()._begin(param, names, group)

    def _update(self, group: dict[str, Any]) -> Update:
        """The update of parameters that have all two or more dimensions, or all fewer."""
        eps1, eps2 = group["eps"]
        first = group["params"][0]
        if eps1 is None:
            eps1 = finfo(first.dtype).eps
        hyper = {name: group[name] for name in ("lr", "beta2_decay", "d", "weight_decay")} | {"eps1": eps1, "eps2": eps2}
        flags = (bool(group["weight_decay"] != 0), bool(group["maximize"]))
        return Update(rules.adafactor, _names(first), hyper, flags, steps=True)


def _names(param: Tensor) -> tuple[str, ...]:
    return ("row_var", "col_var") if param.ndim > 1 else ("variance",)

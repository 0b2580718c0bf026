"""Checks of the arguments that optimizers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.tensor import Tensor


def check_one_element(name: str, value: Any) -> None:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element")


def check_lr(lr: Any, message: str = "Invalid learning rate: {}") -> None:
    check_one_element("lr", lr)
    if not lr >= 0.0:
        raise ValueError(message.format(lr))


def check_not_negative(message: str = "Invalid {} value: {}", **values: Any) -> None:
    """Raises ValueError for the first number below nought; `message` takes its name and value."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(message.format(name, value))


def check_betas(betas: Sequence[Any]) -> None:
    for i, beta in enumerate(betas):
        if not 0.0 <= float(beta) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_tensor_option(name: str, value: Any, foreach: bool | None, capturable: bool) -> None:
    """torch refuses a tensor where its foreach implementation would have to read it at every step."""
    if isinstance(value, Tensor) and foreach and not capturable:
        raise ValueError(f"{name} as a Tensor is not supported for capturable=False and foreach=True")
    check_one_element(name, value)


def check_implementation(foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")

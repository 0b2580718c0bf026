"""Where a backward pass starts: the tensors and their first cotangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.device import CPU
from torchlike.engine import dispatch
from torchlike.ops.registry import OPS
from torchlike.tensor.creation import ones_like
from torchlike.tensor.tensor import Tensor


def roots(tensors: Sequence[Tensor], grads: Sequence[Any]) -> list[tuple[Tensor, Tensor]]:
    """Each tensor with its first cotangent. Raises RuntimeError where there is nothing to differentiate or none given."""
    found = []
    for i, (given, grad) in enumerate(zip(tensors, grads, strict=True)):
        tensor = given._differentiated()
        tensor._read()
        if not tensor._rg:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        found.append((tensor, given._cotangent(first_cotangent(i, given, grad, tensor))))
    return found


def first_cotangent(i: int, given: Tensor, grad: Any, tensor: Tensor | None = None) -> Tensor:
    """`grad` if it fits, and a one for a scalar where it is None. Raises RuntimeError otherwise."""
    tensor = given if tensor is None else tensor
    if grad is None:
        if tensor.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if not tensor.dtype.is_floating_point:
            raise RuntimeError(f"grad can be computed only for real scalar outputs but got {tensor.dtype}")
        return _one(tensor)
    if grad.shape != given.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {grad.shape} and output[{i}] has a shape of {given.shape}."
        )
    return grad


_FULL = OPS["full_of"]


def _one(tensor: Tensor) -> Tensor:
    """The first cotangent of a loss."""
    aval = tensor._value.aval
    if aval.device is not CPU or aval.traced:
        with no_grad():
            return ones_like(tensor)
    return dispatch.call(_FULL, (1,), (tuple(aval.shape), aval.dtype))

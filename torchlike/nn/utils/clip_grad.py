"""Limits on gradients. The limit is computed and applied inside the step's program; nothing is read back."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from torchlike.autograd.grad_mode import no_grad
from torchlike.engine import dispatch
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Tensors = Tensor | Iterable[Tensor]


def _grads(parameters: Tensors) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors taken as one vector, as a zero-dim tensor.

    Raises:
        RuntimeError: with `error_if_nonfinite`, which reads the norm back, where it is nan or infinite.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return creation.tensor(0.0)
    where = tensors[0].device
    norms = [ops.vector_norm(tensor, norm_type).to(where) for tensor in tensors]
    total = ops.vector_norm(ops.stack(norms), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _cuts(parameter: Tensor) -> tuple:
    """The groups of processes that have parts of a parameter; none where each has all of it."""
    part = parameter._part
    return () if part is None else part.cuts


def _norm_over(cuts: tuple, grads: list[Tensor], norm_type: float) -> Tensor:
    """The norm of gradients of which other processes have the other parts."""
    total, order = get_total_norm(grads, norm_type), float(norm_type)
    for ranks in cuts:
        if order == float("inf"):
            total = dispatch.call(OPS["all_reduce"], [total], (ranks, "max"))
        else:
            total = dispatch.call(OPS["all_reduce"], [total**order], (ranks, "sum")) ** (1.0 / order)
    return total


def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale the gradients by `max_norm / total_norm` where that is below one."""
    grads = _grads(parameters)
    if not grads:
        return
    # Always multiplied: a test of the norm would have to read it back.
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad.device))


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients so that their norm, taken as one vector, is at most `max_norm`.

    Args:
        parameters: tensors whose `.grad` is scaled in place.
        norm_type: 2, 1, `inf` or any other order.
        foreach: taken for torch's sake.

    Returns:
        The norm before, as a zero-dim tensor.

    Raises:
        RuntimeError: with `error_if_nonfinite`, where the norm is nan or infinite.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    with no_grad():
        cuts = dict.fromkeys(_cuts(p) for p in parameters if p.grad is not None)
        if any(cuts):
            norms = [
                _norm_over(cut, [p.grad for p in parameters if p.grad is not None and _cuts(p) == cut], norm_type)
                for cut in cuts
            ]
            total = get_total_norm(norms, norm_type, error_if_nonfinite, foreach)
        else:
            total = get_total_norm(_grads(parameters), norm_type, error_if_nonfinite, foreach)
        clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Deprecated name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every element of the gradients between -clip_value and clip_value."""
    clip_value = float(clip_value)
    with no_grad():
        for grad in _grads(parameters):
            grad.clamp_(min=-clip_value, max=clip_value)


# torch's private spellings, which libraries use.
_tensor_or_tensors = Tensors
_get_total_norm = get_total_norm
_clip_grads_with_norm_ = clip_grads_with_norm_
_no_grad = no_grad

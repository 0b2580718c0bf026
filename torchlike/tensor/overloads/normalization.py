"""Normalization under its names in the root namespace: other orders of arguments, and forms that give the statistics too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.base import dtypes
from torchlike.engine.record import local
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.binding import into
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


def follow(running_mean: Tensor, running_var: Tensor | None, mean: Tensor, variance: Tensor, momentum: float) -> None:
    """Move running statistics towards a batch's by `momentum`, in place and off the tape."""
    state = local.state
    before, state.grad = state.grad, False
    try:
        ops.moving_average_(running_mean, mean, momentum, "running_mean")
        if running_var is not None:
            ops.moving_average_(running_var, variance, momentum, "running_var")
    finally:
        state.grad = before


# --- over the batch ----------------------------------------------------------------------------------------------------


@overload("batch_norm", method=False)
def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=False):
    """As `nn.functional.batch_norm`, parameters before statistics."""
    if not training:
        return ops.batch_norm_eval(input, running_mean, running_var, weight, bias, eps)
    out, mean, variance = ops.batch_norm_train(input, weight, bias, eps)
    if running_mean is not None and input.numel():
        follow(running_mean, running_var, mean, variance, momentum)
    return out


@overload("instance_norm", method=False)
def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=False):
    """As `nn.functional.instance_norm`, parameters before statistics."""
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
        return ops.batch_norm_eval(input, running_mean, running_var, weight, bias, eps)
    out, mean, variance = ops.instance_norm_train(input, weight, bias, eps)
    if running_mean is not None:
        follow(running_mean, running_var, mean, variance, momentum)
    return out


@overload("native_batch_norm", method=False)
def native_batch_norm(
    input: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float,
    *, out: Any = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The normalized batch, its mean and one over its standard deviation `(C,)` (empty in evaluation)."""
    kept = next((t.dtype for t in (running_mean, running_var, weight, bias) if t is not None), input.dtype)
    if not training:
        empty = creation.empty(0, dtype=kept, device=input.device)
        made = (ops.batch_norm_eval(input, running_mean, running_var, weight, bias, eps), empty, empty.clone())
    else:
        normal, mean, rstd, variance = ops.batch_norm_with_statistics(input, weight, bias, eps)
        if running_mean is not None:
            follow(running_mean, running_var, mean, variance, momentum)
        made = (normal, mean.detach().to(kept), rstd.detach().to(kept))
    return made if out is None else into(out, made)


@overload("_native_batch_norm_legit", method=False)
def _native_batch_norm_legit(input, weight, bias, *rest, out=None):
    """As `native_batch_norm`; the running statistics may be left out."""
    running = rest if len(rest) == 5 else (None, None, *rest)
    return native_batch_norm(input, weight, bias, *running, out=out)


@overload("_native_batch_norm_legit_no_training", method=False)
def _native_batch_norm_legit_no_training(input, weight, bias, running_mean, running_var, momentum, eps):
    """As `native_batch_norm` in evaluation."""
    return native_batch_norm(input, weight, bias, running_mean, running_var, False, momentum, eps)


@overload("_batch_norm_with_update", method=False)
def _batch_norm_with_update(
    input, weight, bias, running_mean, running_var, momentum, eps, *, out=None, save_mean=None, save_invstd=None, reserve=None
):
    """As `native_batch_norm` in training, and a reserve that is empty; each result has an `out=` of its own name."""
    places = (out, save_mean, save_invstd, reserve)
    if any(not isinstance(p, Tensor) for p in places) and out is not None:
        raise RuntimeError("_batch_norm_with_update() takes a tensor for each of out, save_mean, save_invstd, reserve, or none")
    empty = creation.empty(0, dtype=dtypes.uint8, device=input.device)
    made = (*native_batch_norm(input, weight, bias, running_mean, running_var, True, momentum, eps), empty)
    return made if out is None else into(places, made)


# --- over the features -------------------------------------------------------------------------------------------------


@overload("layer_norm", method=False)
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True):
    """As `nn.functional.layer_norm`."""
    return ops.layer_norm(input, weight, bias, normalized_shape, eps)


@overload("native_layer_norm", method=False)
def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Any, bias: Any, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm`, the means and one over the standard deviations, `(*, 1, ...)`."""
    made, mean, rstd = ops.layer_norm_with_statistics(input, weight, bias, normalized_shape, eps)
    return made, mean.detach(), rstd.detach()


@overload("rms_norm", method=False)
def rms_norm(input, normalized_shape, weight=None, eps=None):
    """As `nn.functional.rms_norm`."""
    return ops.rms_norm(input, weight, normalized_shape, eps)


@overload("group_norm", method=False)
def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    """As `nn.functional.group_norm`."""
    return ops.group_norm(input, weight, bias, num_groups, eps)


@overload("native_group_norm", method=False)
def native_group_norm(input, weight, bias, N, C, HxW, group, eps):  # torch's names
    """`group_norm` of `(N, C, *)`, the means and one over the standard deviations, `(N, group)`."""
    return tuple(ops.group_norm_with_statistics(input, weight, bias, group, eps))


@overload("norm_except_dim", method=False)
def norm_except_dim(v, pow=2, dim=0):
    """The `pow`-norm over all dimensions but `dim`, kept as ones; over all of them where `dim` is -1."""
    if dim == -1:
        return ops.vector_norm(v, pow)
    if v.ndim == 1:
        return ops.vector_norm(v.unsqueeze(-1), pow, (-1,))
    return ops.vector_norm(v, pow, tuple(d for d in range(v.ndim) if d != dim), True)


@overload("_weight_norm", method=False)
def weight_norm(v, g, dim=0):
    """`v` with the norms `g`, as weight normalization has it; `dim` as in `norm_except_dim`."""
    return v * (g / norm_except_dim(v, 2, dim))

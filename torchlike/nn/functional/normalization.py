"""Normalization. Running statistics are updated in place here; everything else happens in the ops."""

from __future__ import annotations

from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.normalization import follow

local_response_norm = ops.local_response_norm
normalize = ops.normalize


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalize over the last `len(normalized_shape)` dimensions.

    Raises:
        RuntimeError: the input's last sizes, or weight's or bias's, are not `normalized_shape`.
    """
    return ops.layer_norm(input, weight, bias, normalized_shape, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square of the last dimensions; `eps` defaults to the dtype's own."""
    return ops.rms_norm(input, weight, normalized_shape, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Normalize `(N, C, *)` over each of `num_groups` groups of channels."""
    return ops.group_norm(input, weight, bias, num_groups, eps)


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalize each channel of `(N, C, *)`, by the batch if `training` and by the running statistics if not.

    In training `running_mean` and `running_var` (unbiased), where given, move towards the batch's by `momentum`.

    Raises:
        ValueError: training on one value per channel; an `eps` below 0, or 0 in training.
        RuntimeError: evaluation without running statistics; sizes that do not fit.
    """
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm eps must be {'positive during training' if training else 'non-negative'}, but got {eps}")
    if not training:
        return ops.batch_norm_eval(input, running_mean, running_var, weight, bias, eps)
    out, mean, variance = ops.batch_norm_train(input, weight, bias, eps)
    if running_mean is not None and input.numel():
        follow(running_mean, running_var, mean, variance, momentum)
    return out


def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    """Normalize each channel of each sample of `(N, C, *)` by itself, or by the running statistics.

    Raises:
        ValueError: one spatial element per channel.
        RuntimeError: no running statistics although `use_input_stats` is False.
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
        return ops.batch_norm_eval(input, running_mean, running_var, weight, bias, eps)
    out, mean, variance = ops.instance_norm_train(input, weight, bias, eps)
    if running_mean is not None:
        follow(running_mean, running_var, mean, variance, momentum)
    return out

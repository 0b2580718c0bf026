"""torch.nn.utils: gradients, parameters as vectors, stateless calls."""

from __future__ import annotations

from torchlike.nn.utils import stateless
from torchlike.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from torchlike.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from torchlike.nn.utils.skip_init import skip_init

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm", "parameters_to_vector",
    "skip_init", "stateless", "vector_to_parameters",
]  # fmt: skip

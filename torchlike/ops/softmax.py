"""Softmax's relatives that torch has beside `softmax` itself: the safe one, and the backward pass as a function."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from torchlike.ops.checks import dim_in_range
from torchlike.ops.reduce import widened
from torchlike.ops.registry import op


@op(method=False)
def _safe_softmax(input, *, dim, dtype=None):
    """softmax along `dim`; all zeros, not nan, where every element is -inf. `dtype` is cast to first."""
    x = input if dtype is None else input.astype(dtype)
    dim, out_dtype = dim_in_range(dim, x.ndim), x.dtype
    wide = widened(x.reshape(1) if not x.ndim else x)
    there = jnp.max(wide, axis=dim, keepdims=True, initial=-jnp.inf) > -jnp.inf
    there |= jnp.any(jnp.isnan(wide), axis=dim, keepdims=True)
    made = jnp.where(there, jax.nn.softmax(jnp.where(there, wide, 0), axis=dim), 0)
    return made.reshape(x.shape).astype(out_dtype)


@op(method=False)
def _softmax_backward_data(grad_output, output, *, dim, input_dtype):
    """The gradient of softmax's input along `dim`, from that of its output and the output itself."""
    dim = dim_in_range(dim, grad_output.ndim)
    if not grad_output.ndim:
        return (output * 0 * grad_output).astype(input_dtype)
    grad, out = widened(grad_output), widened(output)
    flow = grad * out
    return (flow - out * jnp.sum(flow, axis=dim, keepdims=True)).astype(input_dtype)

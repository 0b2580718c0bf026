"""Counter-based random numbers, drawn inside the program (TORCHLIKE_RNG=device)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.ops.registry import op


def _key(key, counter):
    return jax.random.fold_in(jax.random.wrap_key_data(key), counter.astype(np.uint32))


@op(ns="", method=False, dynamic=True, out=False)
def device_uniform(key, counter, low, high, *, size, dtype):
    """Uniform numbers in [low, high)."""
    return (jax.random.uniform(_key(key, counter), size, jnp.float32) * (high - low) + low).astype(dtype)


@op(ns="", method=False, dynamic=True, out=False)
def device_normal(key, counter, mean, std, *, size, dtype):
    """Normal numbers."""
    return (jax.random.normal(_key(key, counter), size, jnp.float32) * std + mean).astype(dtype)


@op(ns="", method=False, dynamic=True, out=False)
def device_poisson(key, counter, input):
    """Poisson numbers of the rates in `input`."""
    return jax.random.poisson(_key(key, counter), input.astype(jnp.float32)).astype(input.dtype)


@op(ns="", method=False, dynamic=True, out=False)
def device_binomial(key, counter, count, prob):
    """How many of `count` trials with the chance `prob` succeed."""
    drawn = jax.random.binomial(_key(key, counter), count.astype(jnp.float32), prob.astype(jnp.float32), dtype=jnp.float32)
    return drawn.astype(count.dtype)

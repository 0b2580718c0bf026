"""`torch.backends.opt_einsum`: the order of einsum's products, which `jax.numpy.einsum` finds with opt_einsum."""

from __future__ import annotations

from torchlike.base.errors import absent

enabled = True
strategy = "auto"


def is_available() -> bool:
    """True: JAX depends on it."""
    return True


__getattr__ = absent("torch.backends.opt_einsum")

"""`torch.func`: derivatives and batches of functions, modules as functions, and the doors to JAX.

`grad`, `vjp`, `jvp`, `linearize`, `jacrev`, `jacfwd`, `hessian` and `vmap` nest in any order, and their results are part of
the tape outside. `to_jax`, `from_jax` and `torchlike.func.flax` exchange functions and modules with JAX.
"""

from torchlike.autograd.jacobians import hessian, jacfwd, jacrev
from torchlike.autograd.transforms import grad, grad_and_value, jvp, linearize, vjp
from torchlike.autograd.vmap import vmap
from torchlike.func.jax_bridge import from_jax, from_jax_array, to_jax, to_jax_array
from torchlike.func.modules import (
    debug_unwrap,
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)

__all__ = [
    "debug_unwrap", "from_jax", "from_jax_array", "functional_call", "functionalize", "grad", "grad_and_value",
    "hessian", "jacfwd", "jacrev", "jvp", "linearize", "replace_all_batch_norm_modules_", "stack_module_state",
    "to_jax", "to_jax_array", "vjp", "vmap",
]  # fmt: skip

"""`torch.func`: derivatives and batches of functions, modules as functions, and the doors to JAX.

`grad`, `vjp`, `jvp`, `linearize`, `jacrev`, `jacfwd`, `hessian` and `vmap` nest in any order, and their results are part of
the tape outside. `to_jax`, `from_jax` and `torchlike.func.flax` exchange functions and modules with JAX.
"""

from torchlike.autograd.jacobians import hessian, jacfwd, jacrev
from torchlike.autograd.transforms import grad, grad_and_value, jvp, linearize, vjp
from torchlike.autograd.vmap import vmap
from torchlike.func.modules import (
    debug_unwrap,
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "linearize", "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip

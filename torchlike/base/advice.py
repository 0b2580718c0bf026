"""What to do instead of a torch API that torchlike does not have: told by its error, and by `torchlike check`."""

from __future__ import annotations

# By the API's name, or by the beginning of it that ends in a dot; the longest that fits counts.
ADVICE = {
    "torch.autograd.profiler.": "use torch.profiler, or jax.profiler",
    "torch.backends.cudnn.": "leave it out: XLA chooses the kernels",
    "torch.cuda.": "leave it out, or ask torch.accelerator: XLA manages streams, memory and kernels",
    "torch.cudnn_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.distributed.rpc.": "use collectives of torch.distributed",
    "torch.mkldnn_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.miopen_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.utils.cpp_extension.": "write the operator in Python, or in JAX with torchlike.func.from_jax",
}


def advice(api: str) -> str:
    """What to do instead of an API; empty where nothing is known.

    >>> advice("torch.distributed.rpc.init_rpc")
    'use collectives of torch.distributed'
    """
    fitting = [name for name in ADVICE if api == name or (name[-1] in "._" and f"{api}.".startswith(name))]
    return ADVICE[max(fitting, key=len)] if fitting else ""

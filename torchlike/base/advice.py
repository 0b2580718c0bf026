"""What to do instead of a torch API that torchlike does not have: told by its error, and by `torchlike check`."""

from __future__ import annotations

# By the API's name, or by the beginning of it that ends in a dot; the longest that fits counts.
ADVICE = {
    "torch.autograd.profiler.": "use torch.profiler, or jax.profiler",
    "torch.backends.cudnn.": "leave it out: XLA chooses the kernels",
    "torch.chalf": "use torch.complex64: XLA has no complex numbers of 16-bit floats",
    "torch.complex32": "use torch.complex64: XLA has no complex numbers of 16-bit floats",
    "torch.cuda.CUDAGraph": "leave it out: the recorded step is one program already",
    "torch.cuda.graph": "leave it out: the recorded step is one program already",
    "torch.cuda.make_graphed_callables": "leave it out: the recorded step is one program already",
    "torch.cuda.nvtx.": "use torch.profiler.record_function",
    "torch.cuda.": "leave it out, or ask torch.accelerator: XLA manages streams, memory and kernels",
    "torch.cudnn_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.distributed.checkpoint.": "use torch.save of full state_dicts from rank 0",
    "torch.distributed.fsdp.": "use torch.nn.parallel.DistributedDataParallel",
    "torch.distributed.pipelining.": "use torch.nn.parallel.DistributedDataParallel",
    "torch.distributed.rpc.": "use collectives of torch.distributed",
    "torch.export.": "torchlike.func.to_jax gives a pure function, which jax.export serializes",
    "torch.jit.trace": "use the module itself: it is compiled already; save its state_dict",
    "torch.jit.load": "build the module in Python and load its state_dict",
    "torch.jit.save": "save the module's state_dict with torch.save",
    "torch.jit.": "use the module itself: it is compiled already",
    "torch.mkldnn_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.miopen_": "use the function of torch.nn.functional: XLA chooses the kernels",
    "torch.utils.cpp_extension.": "write the operator in Python, or in JAX with torchlike.func.from_jax",
    "torch.utils.mobile_optimizer.": "there is no mobile runtime; jax.export writes programs that run elsewhere",
}


def advice(api: str) -> str:
    """What to do instead of an API; empty where nothing is known.

    >>> advice("torch.cuda.nvtx.range_push")
    'use torch.profiler.record_function'
    """
    fitting = [name for name in ADVICE if api == name or (name[-1] in "._" and f"{api}.".startswith(name))]
    return ADVICE[max(fitting, key=len)] if fitting else ""

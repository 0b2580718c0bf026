"""Checkpointing: activations that are computed again in the backward pass instead of being kept.

The function is captured as one op, which runs under `jax.checkpoint`. Python runs it once: the recomputation is part of the
compiled program, and uses the same random numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import jax

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import device as devices
from torchlike.base.flags import flags
from torchlike.engine import dispatch, random
from torchlike.engine.capture import Captured, Uncapturable, capture
from torchlike.engine.record import local
from torchlike.engine.remat import rematerialized
from torchlike.engine.signature import Signature
from torchlike.engine.value import Value, of_jax
from torchlike.tensor.random import get_rng_state, set_rng_state
from torchlike.tensor.tensor import Tensor, bare

__all__ = [
    "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential", "get_device_states",
    "noop_context_fn", "set_checkpoint_debug_enabled", "set_checkpoint_early_stop", "set_device_states",
]  # fmt: skip

_EXPLICIT = (
    "{}: the use_reentrant parameter should be passed explicitly. use_reentrant=False is recommended; without it the older "
    "behaviour is kept, in which nothing has a gradient unless an input requires one (use_reentrant=True)."
)
_LIMIT = 1024
_known: dict[tuple, Signature] = {}


def noop_context_fn() -> tuple:
    """Two contexts that do nothing: around the forward pass, around the recomputation."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable,
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    policy: Callable[..., bool] | None = None,
    **kwargs: Any,
) -> Any:
    """Run `function(*args, **kwargs)`, keeping for the backward pass its inputs only.

    Args:
        function: reads tensors from its arguments and from anywhere else (its parameters), and returns tensors in tuples,
            lists and dictionaries. One that asks for a value (`item`, `if`) or uses an `autograd.Function` runs as it is.
        use_reentrant: True is torch's older form, where gradients flow only if an argument requires one.
        context_fn: returns two contexts; the first is entered around the function. There is no second run of Python.
        determinism_check, debug, early_stop, preserve_rng_state: accepted; the recomputation is the same program anyway.
        policy: one of `jax.checkpoint_policies`, which says what is kept after all. Not in torch.

    Raises:
        ValueError: for an unknown keyword (reentrant form), or an unknown `determinism_check`.
    """
    if use_reentrant is None:
        warnings.warn(_EXPLICIT.format("torch.utils.checkpoint"), stacklevel=2)
        use_reentrant = True
    kwargs.pop("preserve_rng_state", None)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        if local.state.grad and not _differentiable(args):
            check_backward_validity(args)
            with no_grad():
                return function(*args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    with context_fn()[0]:
        return _run(lambda: function(*args, **kwargs), jax.tree.leaves((args, kwargs)), policy)


def _differentiable(inputs: Iterable[Any]) -> bool:
    return any(isinstance(x, Tensor) and x.requires_grad for x in inputs)


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warns where none of the inputs requires a gradient: in the reentrant form nothing then has one."""
    if not _differentiable(inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction:
    """The reentrant form of `checkpoint` by torch's name for it on the tape.

    `CheckpointFunction.apply(function, preserve_rng_state, *args)`
    """

    @staticmethod
    def apply(run_function: Callable, preserve_rng_state: bool, *args: Any) -> Any:
        """`function(*args)`, computed again in the backward pass."""
        return checkpoint(run_function, *args, use_reentrant=True, preserve_rng_state=preserve_rng_state)


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The devices of the tensors among the arguments that are not on the CPU, and the state of each one's generator.

    All devices draw from the default generator here, whose state it is.
    """
    leaves = jax.tree.leaves(args)
    found = [x.get_device() for x in leaves if isinstance(x, Tensor) and x.device.type not in ("cpu", "meta")]
    return found, [get_rng_state() for _ in found]


def set_device_states(devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None) -> None:
    """Give the generators of devices the states that `get_device_states` found."""
    if device_type != "meta":
        for _, state in zip(devices, states, strict=False):
            set_rng_state(state)


def _run(call: Callable[[], Any], given: list[Any], policy: Any) -> Any:
    """The call as one op where that is possible, else as it is."""
    tensors = [t for t in given if isinstance(t, Tensor)]
    if not local.state.grad or flags.eager or any(t.device is devices.META for t in tensors):
        return call()
    if any(t._read().aval.traced for t in tensors):
        return _traced(call, policy)
    where = tensors[0].device if tensors else devices.CPU
    before = random.default_generator.state_bytes()
    structure: list[Any] = []
    try:
        found = capture(lambda: _values(call(), structure), where)
    except Uncapturable:
        random.default_generator.set_state_bytes(before)
        return call()
    return _record(found, structure, policy)


def _values(result: Any, structure: list[Any]) -> list[Value]:
    """The values of the tensors in a result; what is needed to put it together again goes to `structure`."""
    leaves, tree = jax.tree.flatten(result)
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    structure.extend((tree, [None if isinstance(leaf, Tensor) else leaf for leaf in leaves], [t._rg for t in tensors]))
    structure.append([isinstance(leaf, Tensor) for leaf in leaves])
    return [t._read() for t in tensors]


def _record(found: Captured, structure: list[Any], policy: Any) -> Any:
    """Record the captured function as one node, write what it rebinds, and put its result together."""
    key = (found.key, policy)
    sig = _known.get(key)
    if sig is None:
        if len(_known) >= _LIMIT:
            _known.clear()
        where = found.graph.device
        sig = _known[key] = found.signature("checkpoint", lambda fn: rematerialized(fn, where, policy))
    outs = dispatch.on_tape(sig, found.leaves, found.graph.numbers, found.edges)
    for storage, out in zip(found.rebound, outs[found.outputs :], strict=True):
        storage.write(out._read())
    tree, leaves, smooth, places = structure
    for out, requires in zip(outs, smooth, strict=False):
        if not requires:
            out._rg, out._node, out._nr = False, None, 0
    made = iter(outs)
    return jax.tree.unflatten(tree, [next(made) if there else leaf for leaf, there in zip(leaves, places, strict=True)])


def _traced(call: Callable[[], Any], policy: Any) -> Any:
    """Within a JAX transform JAX's own checkpoint does it, closed-over tracers included."""
    structure: list[Any] = []
    arrays = jax.checkpoint(lambda: [v.on_device() for v in _values(call(), structure)], policy=policy)()
    tree, leaves, _, places = structure
    made = iter([bare(of_jax(a)) for a in arrays])
    return jax.tree.unflatten(tree, [next(made) if there else leaf for leaf, there in zip(leaves, places, strict=True)])


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any) -> Any:
    """Run a chain of modules in `segments` pieces, each under `checkpoint` except the last.

    Args:
        functions: an `nn.Sequential`, or a list of modules or functions, each called with the result before.
        input: the tensor that the first one takes.
    """
    if use_reentrant is None:
        warnings.warn(_EXPLICIT.format("torch.utils.checkpoint.checkpoint_sequential"), stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    chain = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(chain) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(_chained(chain[start:end]), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _chained(chain[end:])(input)


def _chained(functions: Sequence[Callable]) -> Callable:
    def run(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return run


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Accepted: a program computes no more than it needs, whatever this says."""
    yield


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Accepted: there is no second run of Python to compare with the first."""
    yield

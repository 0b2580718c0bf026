"""`torch.autograd.graph`: the tape seen from outside, and hooks on what it saves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torchlike.autograd import saved
from torchlike.autograd.hooks import register_hook
from torchlike.autograd.node import AccumulateGrad, Node, grad_fn_of
from torchlike.base.hooks import RemovableHandle
from torchlike.tensor.tensor import Tensor

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


class GradientEdge(NamedTuple):
    """A node, and which of its results is meant."""

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of a tensor arrives. Raises RuntimeError for one that does not require grad."""
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = grad_fn_of(tensor)
    return GradientEdge(AccumulateGrad(tensor) if node is None else node, tensor._nr)


def increment_version(tensor: Any) -> None:
    """Say that a tensor, or each of several, was written."""
    for t in [tensor] if isinstance(tensor, Tensor) else list(tensor):
        t._storage.version += 1


class saved_tensors_hooks:
    """Within the block, what `save_for_backward` of an `autograd.Function` keeps is packed and, when read, unpacked.

    torchlike's own ops save nothing a hook could see: XLA decides what a program keeps between forward and backward.

    Args:
        pack_hook: tensor -> anything. unpack_hook: that -> the tensor.
    """

    def __init__(self, pack_hook: Callable, unpack_hook: Callable):
        self._hooks = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if saved.state.disabled is not None:
            raise RuntimeError(saved.state.disabled)
        saved.state.hooks.append(self._hooks)

    def __exit__(self, *error: object) -> None:
        saved.state.hooks.pop()


class save_on_cpu(saved_tensors_hooks):
    """Within the block, what is saved for backward is kept on the host; see `saved_tensors_hooks` for what that is."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__(lambda t: (t.device, t.cpu()), lambda packed: packed[1].to(packed[0]))


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Within the block, entering `saved_tensors_hooks` raises RuntimeError with this message."""
    before, saved.state.disabled = saved.state.disabled, error_message
    try:
        yield
    finally:
        saved.state.disabled = before


class _Mutation:
    """What `allow_mutation_on_saved_tensors` yields."""

    def clear(self) -> None:
        """Nothing is held."""


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutation]:
    """Saved values are immutable here, so that writing to a saved tensor is allowed in any case."""
    yield _Mutation()


class _Handle(RemovableHandle):
    """All hooks of one `register_multi_grad_hook`."""

    def __init__(self, handles: Sequence[RemovableHandle]):
        self._handles = tuple(handles)

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable, *, mode: str = "all") -> RemovableHandle:
    """Call `fn` when the gradients of several tensors are there.

    Args:
        mode: "all": once per backward pass, with a list of all gradients, when the last has arrived (every tensor must get
            one); "any": with the first gradient only.

    Raises:
        ValueError: for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    arrived: dict[int, Tensor] = {}
    lock = threading.Lock()
    wanted = len(tensors)

    def hook(place: int) -> Callable:
        def run(grad: Tensor) -> None:
            with lock:
                if place in arrived and mode == "all":
                    arrived.clear()
                fresh = not arrived or place in arrived
                if mode == "any" and place in arrived:
                    arrived.clear()
                arrived[place] = grad
                complete = len(arrived) == wanted
                found = [arrived[i] for i in range(wanted)] if complete else []
                if complete:
                    arrived.clear()
            if mode == "any" and fresh:
                fn(grad)
            elif mode == "all" and complete:
                fn(found)

        return run

    return _Handle([register_hook(t, hook(i)) for i, t in enumerate(tensors)])

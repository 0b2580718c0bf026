"""`torch.autograd.variable`: what tensors were before torch 0.4, and the engine that libraries reach through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.backward import Wanted, queue_callback, run
from torchlike.autograd.roots import roots
from torchlike.tensor.tensor import Tensor

__all__ = ["Variable", "VariableMeta"]


class ImperativeEngine:
    """The tape as torch's compiled library shows it (`Variable._execution_engine`)."""

    def run_backward(
        self, tensors: Sequence[Any], grad_tensors: Sequence[Any], keep_graph: bool, create_graph: bool,
        inputs: Sequence[Any] | None = None, allow_unreachable: bool = False, accumulate_grad: bool = False,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Propagate `grad_tensors` from `tensors`.

        Returns:
            With `inputs` and without `accumulate_grad` the gradients of `inputs`, None for those that were not reached;
            otherwise nothing: gradients are added to the leaves' `.grad`.

        Raises:
            RuntimeError: for a gradient that is missing, and, unless `allow_unreachable`, for an input that was not reached.
        """
        for i, (tensor, given) in enumerate(zip(tensors, grad_tensors, strict=True)):
            if given is None and tensor.requires_grad:
                raise RuntimeError(f"element {i} of gradients tuple is None, but the corresponding Tensor requires grad")
        accumulate = accumulate_grad or not inputs
        wanted = Wanted([t._differentiated() for t in inputs] if inputs else None, accumulate)
        run(roots(list(tensors), list(grad_tensors)), wanted, keep_graph, create_graph)
        if accumulate:
            return ()
        if not allow_unreachable and any(g is None for g in wanted.found):
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this "
                "is the desired behavior."
            )
        return tuple(None if g is None else t._gradient_like(g) for t, g in zip(inputs or (), wanted.found, strict=True))

    def queue_callback(self, callback: Callable[[], None]) -> None:
        """Call a function when the backward pass that is running ends. Raises RuntimeError outside of one."""
        queue_callback(callback)


class VariableMeta(type):
    """Lets every tensor count as a Variable."""

    def __instancecheck__(cls, other: Any) -> bool:
        return isinstance(other, Tensor)


class Variable(metaclass=VariableMeta):
    """A tensor, as torch before 0.4 had it: `Variable(t)` is `t` with `requires_grad` set."""

    _execution_engine = ImperativeEngine()

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        return data.detach().requires_grad_(requires_grad)

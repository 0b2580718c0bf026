"""The tape: backward, grad, Function, hooks and grad modes."""

from __future__ import annotations

from typing import Any

from torchlike.autograd import backward as _engine
from torchlike.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from torchlike.autograd.function import Function, FunctionCtx, once_differentiable
from torchlike.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from torchlike.autograd.hooks import register_hook, register_post_accumulate_grad_hook, retain_grad
from torchlike.autograd.node import grad_fn_of
from torchlike.autograd.roots import roots as starts
from torchlike.autograd.variable import Variable
from torchlike.autograd.vmap import vmap
from torchlike.tensor.creation import zeros_like
from torchlike.tensor.tensor import Tensor

__all__ = [
    "Function", "FunctionCtx", "Variable", "backward", "detect_anomaly", "enable_grad", "grad", "gradcheck",
    "gradgradcheck", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "once_differentiable",
    "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


def _sequence(value: Any) -> list:
    return [value] if value is None or isinstance(value, Tensor) else list(value)


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None,
) -> None:  # fmt: skip
    """Accumulate the gradients of `tensors` into the `.grad` of their leaves (or of `inputs` only).

    Raises:
        RuntimeError: where a tensor has no history, is no scalar and no gradient is given, or was freed by an earlier
            backward without `retain_graph`.
    """
    roots = _sequence(tensors)
    grads = [None] * len(roots) if grad_tensors is None else _sequence(grad_tensors)
    if inputs is not None and len(_sequence(inputs)) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    wanted = _engine.Wanted(None if inputs is None else [t._differentiated() for t in _sequence(inputs)], accumulate=True)
    keep = create_graph if retain_graph is None else retain_graph
    _engine.run(starts(roots, grads), wanted, keep, create_graph)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; `.grad` stays as it is.

    Raises:
        RuntimeError: where an input does not require grad, or was not used and `allow_unused` is not set.
    """
    if is_grads_batched:
        return _batched_grad(outputs, inputs, _sequence(grad_outputs), create_graph, allow_unused, materialize_grads)
    roots, asked = _sequence(outputs), _sequence(inputs)
    wanted_inputs = [t._differentiated() for t in asked]
    for t in wanted_inputs:
        t._read()
        if not t._rg:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    grads = [None] * len(roots) if grad_outputs is None else _sequence(grad_outputs)
    wanted = _engine.Wanted(wanted_inputs, accumulate=False)
    keep = create_graph if retain_graph is None else retain_graph
    _engine.run(starts(roots, grads), wanted, keep, create_graph)
    found = list(wanted.found)
    if materialize_grads:
        found = [zeros_like(t) if g is None else g for t, g in zip(wanted_inputs, found, strict=True)]
    elif not allow_unused and any(g is None for g in found):
        unused = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(
            f"The differentiated Tensor at index {unused} appears to not have been used in the graph. Set allow_unused=True if "
            "this is the desired behavior."
        )
    return tuple([None if g is None else t._gradient_like(g) for t, g in zip(asked, found, strict=True)])


def _batched_grad(
    outputs: Any, inputs: Any, grad_outputs: list, create_graph: bool, allow_unused: bool | None, materialize: bool
) -> tuple:
    """`grad` for each of a batch of cotangents, whose first dimension it is."""
    missing: list[bool] = []

    def each(*cotangents: Any) -> list[Tensor]:
        with set_grad_enabled(True):
            found = grad(outputs, inputs, cotangents, True, create_graph, True, allow_unused, False, materialize)
        missing[:] = [g is None for g in found]
        return [g for g in found if g is not None]

    found = iter(vmap(each, randomness="same")(*grad_outputs))
    return tuple([None if gone else next(found) for gone in missing])


def _backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None,
) -> None:  # fmt: skip
    """Accumulate this tensor's gradients into the leaves it was computed from."""
    backward(self, gradient, retain_graph, create_graph, inputs)


# The tape stands above the tensor, so what belongs to it is attached here.
_METHODS: dict[str, Any] = {
    "backward": _backward,
    "register_hook": register_hook,
    "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
    "retain_grad": retain_grad,
    "grad_fn": property(grad_fn_of),
}
for _name, _method in _METHODS.items():
    setattr(Tensor, _name, _method)


class set_multithreading_enabled:
    """Backward is recorded in the calling thread and run by XLA in as many as it likes: this switches nothing."""

    def __init__(self, mode: bool):
        self.mode = bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


from torchlike.autograd import forward_ad, functional, graph, profiler  # noqa: E402  # names below this package
from torchlike.autograd.gradcheck import gradcheck, gradgradcheck  # noqa: E402  # likewise

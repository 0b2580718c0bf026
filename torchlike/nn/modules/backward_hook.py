"""Hooks on a module's gradients: an identity node at its inputs and another at its outputs call them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from torchlike.autograd.function import Function
from torchlike.autograd.grad_mode import is_grad_enabled
from torchlike.tensor import Tensor

if TYPE_CHECKING:
    from torchlike.nn.modules.module import Module

Grads = tuple[Any, ...]


class BackwardHookFunction(Function):
    """The identity; on the way back `on_grads` sees, and may replace, the gradients."""

    @staticmethod
    def forward(ctx: Any, on_grads: Callable[[Grads], Grads], *tensors: Tensor) -> Grads:
        ctx.on_grads = on_grads
        outputs = tuple(t.view_as(t) for t in tensors)
        ctx.mark_non_differentiable(*[out for out, t in zip(outputs, tensors, strict=True) if not t.requires_grad])
        return outputs

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Grads:
        return (None, *ctx.on_grads(grads))


class BackwardHook:
    """The full backward hooks and pre-hooks of one call of one module."""

    def __init__(self, module: Module, user_hooks: Sequence[Callable], user_pre_hooks: Sequence[Callable]):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs: Grads | None = None
        self.n_inputs = -1
        self.input_tensors: list[int] | None = None  # where tensors stand in the call's arguments
        self.n_outputs = -1
        self.output_tensors: list[int] = []

    def setup_input_hook(self, args: tuple) -> tuple:
        """`args` with their tensors behind the input node (unchanged where nothing needs a gradient)."""
        found, where = _mark(args, self._on_input_grads)
        if where is not None:
            self.n_inputs, self.input_tensors = len(args), where
        elif self.n_inputs < 0:
            self.n_inputs = len(args)
        return found

    def setup_output_hook(self, result: Any) -> Any:
        """The module's result with its tensors behind the output node; other types than tensor and tuple pass."""
        single = isinstance(result, Tensor)
        if not single and not isinstance(result, tuple):
            return result
        outputs = (result,) if single else result
        found, where = _mark(outputs, self._on_output_grads)
        if where is None:
            return result
        self.n_outputs, self.output_tensors = len(outputs), where
        if single:
            return found[0]
        return type(result)(*found) if hasattr(result, "_fields") else found

    def _on_output_grads(self, grads: Grads) -> Grads:
        outputs = _spread(grads, self.output_tensors, self.n_outputs)
        for hook in self.user_pre_hooks:
            outputs = _replace(hook(self.module, outputs), outputs, "pre hook", "grad_output")
        self.grad_outputs = outputs
        if self.input_tensors is None and self.user_hooks:
            self._call_without_inputs(outputs)
        return tuple(outputs[i] for i in self.output_tensors)

    def _call_without_inputs(self, outputs: Grads) -> None:
        """No input needs a gradient, so that the input node does not exist: the hooks are called here."""
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=3,
        )
        for hook in self.user_hooks:
            given = hook(self.module, (None,) * self.n_inputs, outputs)
            if given is not None and not (isinstance(given, tuple) and all(grad is None for grad in given)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or "
                    "None for all gradients."
                )
        self.grad_outputs = None

    def _on_input_grads(self, grads: Grads) -> Grads:
        if self.grad_outputs is None or self.input_tensors is None:
            return grads  # gradients came in past the outputs
        inputs = _spread(grads, self.input_tensors, self.n_inputs)
        for hook in self.user_hooks:
            inputs = _replace(hook(self.module, inputs, self.grad_outputs), inputs, "hook", "grad_input")
        self.grad_outputs = None
        return tuple(inputs[i] for i in self.input_tensors)


def _mark(values: tuple, on_grads: Callable[[Grads], Grads]) -> tuple[tuple, list[int] | None]:
    """`values` with their tensors behind a node that calls `on_grads`, and where those stand."""
    where = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in where):
        return values, None
    marked = list(values)
    for i, tensor in zip(where, BackwardHookFunction.apply(on_grads, *[values[i] for i in where]), strict=True):
        marked[i] = tensor
    return tuple(marked), where


def _spread(grads: Grads, where: list[int], n: int) -> Grads:
    """The gradients at their places among `n`, None where there is no tensor."""
    out: list[Any] = [None] * n
    for i, grad in zip(where, grads, strict=True):
        out[i] = grad
    return tuple(out)


def _replace(given: Any, grads: Grads, kind: str, what: str) -> Grads:
    if given is None:
        return grads
    given = given if isinstance(given, tuple) else (given,)
    if len(given) != len(grads):
        raise RuntimeError(f"Backward {kind} returned an invalid number of {what}, got {len(given)}, but expected {len(grads)}")
    return given


def attach_to_grad_fn(module: Module, hooks: Sequence[Callable], args: tuple, result: Any) -> None:
    """The deprecated backward hooks: they see the gradients of the result's last op only."""
    first = next(_tensors(result), None)
    grad_fn = None if first is None else first.grad_fn
    if grad_fn is None:
        return
    for what, value, missing in (("return", result, "grad_output"), ("take as input", args, "grad_input")):
        if not isinstance(value, Tensor) and not (isinstance(value, tuple) and all(isinstance(v, Tensor) for v in value)):
            warnings.warn(
                f"Using non-full backward hooks on a Module that does not {what} a single Tensor or a tuple of Tensors is "
                f"deprecated and will be removed in future versions. This hook will be missing some of the {missing}. "
                "Please use register_full_backward_hook to get the documented behavior.",
                FutureWarning,
                stacklevel=5,
            )
            break
    for hook in hooks:
        grad_fn.register_hook(lambda grad_input, grad_output, hook=hook: hook(module, grad_input, grad_output))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)

"""Hooks on tensors and on tape nodes."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base.hooks import RemovableHandle
from torchlike.tensor.tensor import Tensor


class TensorHooks:
    """The hooks of one leaf: they see, and may replace, each gradient that arrives."""

    def __init__(self) -> None:
        self.hooks: OrderedDict[int, Callable] = OrderedDict()
        self.post: OrderedDict[int, Callable] = OrderedDict()

    def run(self, grad: Tensor) -> Tensor:
        for hook in list(self.hooks.values()):
            grad = _replaced(hook(grad), grad)
        return grad

    def accumulated(self, leaf: Tensor) -> None:
        for hook in list(self.post.values()):
            hook(leaf)


class NodeHooks:
    """The hooks of one tape node: on its results' gradients, before it runs, after it ran."""

    def __init__(self) -> None:
        self.tensor: OrderedDict[int, tuple[int, Callable]] = OrderedDict()
        self.pre: OrderedDict[int, Callable] = OrderedDict()
        self.post: OrderedDict[int, Callable] = OrderedDict()
        self.retain: dict[int, Any] = {}

    def before(self, grads: list[Tensor | None]) -> list[Tensor | None]:
        grads = list(grads)
        for nr, hook in list(self.tensor.values()):
            if grads[nr] is not None:
                grads[nr] = _replaced(hook(grads[nr]), grads[nr])
        for hook in list(self.pre.values()):
            changed = hook(tuple(grads))
            if changed is not None:
                grads = list(changed)
        for nr, keep in self.retain.items():
            if grads[nr] is not None:
                keep(grads[nr])
        return grads

    def after(self, results: Sequence[Any], grads: Sequence[Any]) -> Sequence[Any]:
        for hook in list(self.post.values()):
            changed = hook(tuple(results), tuple(grads))
            if changed is not None:
                results = list(changed)
        return results


def _replaced(changed: Any, grad: Any) -> Any:
    if changed is None:
        return grad
    if not isinstance(changed, Tensor):
        raise TypeError(f"hook must return None or a Tensor, not {type(changed).__name__}")
    if changed.shape != grad.shape:
        raise RuntimeError(f"hook has changed the size of value: from {list(grad.shape)} to {list(changed.shape)}")
    return changed


def register_hook(tensor: Tensor, hook: Callable) -> RemovableHandle:
    """Call `hook(grad)` when the gradient of `tensor` is known; what it returns replaces the gradient.

    Raises:
        RuntimeError: where `tensor` does not require grad.
    """
    tensor._read()
    if not tensor._rg:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor._node is None:
        if tensor._hooks is None:
            tensor._hooks = TensorHooks()
        handle = RemovableHandle(tensor._hooks.hooks)
        tensor._hooks.hooks[handle.id] = hook
        return handle
    hooks = of_node(tensor._node)
    handle = RemovableHandle(hooks.tensor)
    hooks.tensor[handle.id] = (tensor._nr, hook)
    return handle


def register_post_accumulate_grad_hook(tensor: Tensor, hook: Callable) -> RemovableHandle:
    """Call `hook(param)` after a gradient was accumulated into the leaf's `.grad`."""
    if not tensor._rg:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor._node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if tensor._hooks is None:
        tensor._hooks = TensorHooks()
    handle = RemovableHandle(tensor._hooks.post)
    tensor._hooks.post[handle.id] = hook
    return handle


def of_node(node: Any) -> NodeHooks:
    if node.hooks is None:
        node.hooks = NodeHooks()
    return node.hooks


def retain_grad(tensor: Tensor) -> None:
    """Keep the gradient of a tensor that is not a leaf in its `.grad`."""
    tensor._read()
    if not tensor._rg:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if tensor._node is None or tensor._retains:
        return
    tensor._retains = True
    self = weakref.ref(tensor)

    def keep(grad: Tensor) -> None:
        found = self()
        if found is not None:
            found._grad = grad if found._grad is None else found._grad + grad

    of_node(tensor._node).retain[tensor._nr] = keep

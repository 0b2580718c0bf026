"""autograd.Function: an op whose backward the user writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd import function_jax, saved
from torchlike.autograd.grad_mode import no_grad, set_grad_enabled
from torchlike.engine.record import local
from torchlike.engine.tape import next_order
from torchlike.engine.value import Value
from torchlike.tensor.creation import filled
from torchlike.tensor.tensor import Tensor, bare


class FunctionCtx:
    """What `forward` leaves for `backward`."""

    def __init__(self) -> None:
        self.saved: tuple | None = ()
        self.unpack: Callable | None = None
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self.dirty: tuple[int, ...] = ()
        self.no_grad_outputs: tuple[int, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for `backward`, which reads them as `ctx.saved_tensors`."""
        if saved.state.hooks:
            pack, self.unpack = saved.state.hooks[-1]
            self.saved = tuple(None if t is None else pack(t) for t in tensors)
            return
        self.saved = tuple(None if t is None else (t, t._read(), t._rg, t._node, t._nr) for t in tensors)

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple:
        if self.saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
                "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
                "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
                "saved tensors after calling backward."
            )
        if self.unpack is not None:
            return tuple(None if s is None else self.unpack(s) for s in self.saved)
        return tuple(None if s is None else _restored(*s) for s in self.saved)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` changed in place."""
        self.dirty = tuple(id(t) for t in tensors)

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which results have no gradient."""
        self.no_grad_outputs = tuple(id(t) for t in tensors)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing gradients reach `backward` as zeros (the default) or as None."""
        self.materialize_grads = value


def _restored(tensor: Tensor, value: Any, rg: bool, node: Any, nr: int) -> Tensor:
    if tensor._read() is value:
        return tensor
    old = bare(value)
    old._rg, old._node, old._nr = rg, node, nr
    return old


class FunctionNode:
    """A tape node that calls a user's `backward`."""

    def __init__(self, kind: type[Function], ctx: Any, edges: tuple, outs: Sequence[Tensor], places: Sequence[int]):
        self.kind, self.ctx, self.edges, self.places = kind, ctx, edges, places
        self.outs = [(o.shape, o.dtype, o.device) for o in outs]
        self.order = next_order()
        self.freed = False
        self.hooks: Any = None
        # Inside a captured function: what the call read and made, so that its backward can stand for it there.
        self.values: list[Value] | None = None
        self.results: list[Value] = []

    @property
    def name(self) -> str:
        return f"{self.kind.__name__}Backward"

    def apply(self, grads: list[Any], create: bool) -> list[Any]:
        if self.ctx.materialize_grads:
            grads = [
                filled(0, tuple(o[0]), o[1], o[2]) if g is None and o[1].is_differentiable else g
                for g, o in zip(grads, self.outs, strict=True)
            ]
        with set_grad_enabled(create):
            results = self.kind.backward(self.ctx, *grads)
        results = results if isinstance(results, tuple) else (results,)
        total = len(self.ctx.needs_input_grad)
        if len(results) < total or any(r is not None for r in results[total:]):
            raise RuntimeError(
                f"function {self.name} returned an incorrect number of gradients (expected {total}, got {len(results)})"
            )
        chosen = [results[i] for i in self.places]
        return [_fit(r, e) if r is not None and e is not None else None for r, e in zip(chosen, self.edges, strict=True)]

    def release(self) -> None:
        self.ctx.saved = None


def _fit(grad: Any, edge: Any) -> Any:
    """A user's gradient summed to its input's shape where it broadcasts to more, in the input's dtype."""
    aval = edge._value.aval if isinstance(edge, Tensor) else None
    if aval is None:
        out = edge[0].outs[edge[1]]
        shape, kind = (out.shape, out.dtype) if hasattr(out, "shape") else (out[0], out[1])
    else:
        shape, kind = aval.shape, aval.dtype
    if grad.shape != shape:
        grad = grad.sum_to_size(*shape)
    return grad if grad.dtype is kind else grad.to(kind)


class Function(FunctionCtx):
    """Subclass with static `forward(ctx, ...)` and `backward(ctx, *grads)` and call `Sub.apply(...)`.

    With a static `setup_context(ctx, inputs, output)`, `forward` takes no ctx.
    """

    generate_vmap_rule = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated: call "
            f"{type(self).__name__}.apply(...) instead of an instance, and make forward and backward static."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    setup_context: Callable[..., None] | None = None
    jvp: Callable[..., Any] | None = None  # static: tangents of the inputs -> tangents of the results

    @classmethod
    def _forward(cls, args: tuple, kwargs: dict, needed: tuple[bool, ...]) -> tuple[Any, Any]:
        """The context and the result of one call."""
        ctx = cls()
        ctx.needs_input_grad = needed
        with no_grad():
            if cls.setup_context is not None:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        return ctx, result

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and put `backward` on the tape."""
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        tensors = [args[i] for i in places]
        values = [t._read() for t in tensors]
        edges = tuple(None if not t._rg else t if t._node is None else (t._node, t._nr) for t in tensors)
        if function_jax.traced(tensors) and local.state.grad:
            needed = tuple(isinstance(a, Tensor) and a.dtype.is_differentiable for a in args)
            return function_jax.apply(lambda given: cls._forward(given, kwargs, needed), cls.backward, args, places, tensors)
        ctx, result = cls._forward(args, kwargs, tuple(isinstance(a, Tensor) and a._rg for a in args))
        if not (local.state.grad and any(e is not None for e in edges)):
            return result
        if local.state.capture is not None:
            local.state.capture.opaque(f"the autograd.Function {cls.__name__}")
        outs = result if isinstance(result, tuple) else (result,)
        made = _with_node(cls, ctx, edges, outs, places, tensors, values if local.state.capture else None)
        return made if isinstance(result, tuple) else made[0]


def _with_node(
    cls: type[Function], ctx: Any, edges: tuple, outs: tuple, places: list[int], inputs: list[Tensor],
    values: list[Value] | None,
) -> tuple:  # fmt: skip
    found = [o for o in outs if isinstance(o, Tensor)]
    node = FunctionNode(cls, ctx, edges, found, places)
    node.values = values
    given = {id(t) for t in inputs}
    captured = values is not None
    read = {id(t._read()) for t in inputs}
    made, nr = [], 0
    for o in outs:
        if not isinstance(o, Tensor):
            made.append(o)
            continue
        smooth = o.dtype.is_differentiable and id(o) not in ctx.no_grad_outputs
        if captured and id(o._read()) in read:
            o = o.clone()  # a value of its own, to which the backward can be tied
        if id(o) in given and id(o) not in ctx.dirty:
            o = bare(o._read()) if o._view is None else o.view_as(o)  # an input returned as it came
        if smooth:
            o._rg, o._node, o._nr = True, node, nr
        made.append(o)
        nr += 1
    if captured:
        node.results = [m._read() for m in made if isinstance(m, Tensor)]
    return tuple(made)


def once_differentiable(fn: Callable) -> Callable:
    """Marks a `backward` whose own gradient is not defined."""

    def wrapped(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            return fn(ctx, *grads)

    return wrapped

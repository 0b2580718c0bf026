"""`torch.autograd.functional`: derivatives of functions of tuples of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.jacobians import columns_of, rows_of
from torchlike.autograd.levels import alias, handle, recording, settle
from torchlike.autograd.transforms import Linearized, pullback
from torchlike.tensor import views
from torchlike.tensor.creation import ones_like
from torchlike.tensor.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tuple(name: str, function: str, given: Any) -> tuple[bool, tuple]:
    """Whether it was a tuple, and the tuple. Raises TypeError for anything but tensors."""
    tupled = isinstance(given, tuple)
    found = given if tupled else (given,)
    for i, t in enumerate(found):
        if not isinstance(t, Tensor):
            if tupled:
                raise TypeError(
                    f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the value at index {i} "
                    f"has type {type(t)}."
                )
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the given {name} has type "
                f"{type(t)}."
            )
    return tupled, found


def _like(found: Sequence[Any], tupled: bool) -> Any:
    return tuple(found) if tupled else found[0]


class _Call:
    """One call of `func` on aliases of its inputs.

    Attributes:
        outs: what it returned. many, several: whether outputs and inputs were tuples.
    """

    def __init__(self, name: str, func: Callable, inputs: Any, mark: int, strict: bool):
        self.name, self.mark, self.strict = name, mark, strict
        self.several, self.given = _tuple("inputs", name, inputs)
        inside = [alias(t) for t in self.given]
        self.inputs = [handle(t) for t in inside]
        result = func(*inside)
        self.many, outs = _tuple("outputs of the user-provided function", name, result)
        self.outs = [handle(t) for t in outs]
        if strict:
            for i, out in enumerate(self.outs):
                if not out._rg:
                    raise RuntimeError(
                        f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in "
                        "a differentiable manner from the input when running in strict mode."
                    )

    def check(self, grads: Sequence[Tensor | None]) -> None:
        """In strict mode, an input that nothing depends on is an error."""
        for i, g in enumerate(grads):
            if self.strict and g is None:
                raise RuntimeError(
                    f"The output of the user-provided function is independent of input {i}. This is not allowed in strict mode."
                )

    def depends(self) -> None:
        if self.strict:
            seen = _nodes(self.outs)
            self.check([t if id(t._node) in seen else None for t in self.inputs])

    def finish(self, tensors: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
        found = settle(tensors, self.mark)
        return found if create_graph else [t.detach() for t in found]

    def values(self, create_graph: bool) -> Any:
        return _like(self.finish(self.outs, create_graph), self.many)


def _nodes(tensors: Sequence[Tensor]) -> set[int]:
    seen: set[int] = set()
    todo = [t._node for t in tensors if t._node is not None]
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            todo.extend(e[0] for e in node.edges if type(e) is tuple)
    return seen


def _vectors(name: str, v: Any, like: Sequence[Tensor], of_inputs: bool) -> list[Tensor]:
    """The given vectors, checked. Raises RuntimeError where they do not fit, or none are given and one is needed."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            tail = (
                "is a single Tensor with a single element." if of_inputs else "returns a single Tensor with a single element."
            )
            what = "input to the user-provided function" if of_inputs else "user-provided function"
            raise RuntimeError(f"The vector v can only be None if the {what} {tail}")
        return [ones_like(like[0].detach())]
    _, found = _tuple("v", name, v)
    if len(found) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(found)}.")
    for i, (a, b) in enumerate(zip(found, like, strict=True)):
        if a.shape != b.shape:
            entry = f"Entry {i} in " if len(like) > 1 else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {b.shape} but got {a.shape}.")
    return list(found)


def vjp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """`(func(*inputs), v times the Jacobian)`; `v` has the shapes of the outputs and may be None for a scalar."""
    with recording() as mark:
        call = _Call("vjp", func, inputs, mark, strict)
        given = _vectors("vjp", v, call.outs, False)
        call.depends()
        grads = pullback(call.outs, given, call.inputs, mark)
    return call.values(create_graph), _like(call.finish(grads, create_graph), call.several)


def jvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """`(func(*inputs), the Jacobian times v)`; `v` has the shapes of the inputs and may be None for one scalar input."""
    with recording() as mark:
        call = _Call("jvp", func, inputs, mark, strict)
        given = _vectors("jvp", v, call.given, True)
        call.depends()
        tangents = Linearized.of(call.inputs, call.outs, mark).push(given)
    return call.values(create_graph), _like(call.finish(tangents, create_graph), call.many)


def jacobian(
    func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian, of shape output + input; tuples of outputs and of inputs nest in this order.

    Args:
        strategy: "reverse-mode", or "forward-mode" (torch wants `vectorize` for that; here all rows are computed at once in
            any case).

    Raises:
        RuntimeError: in strict mode, where an output does not depend on an input.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than '
            'inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode" and create_graph:
        raise NotImplementedError(
            'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together '
            '(yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for `vectorize=True`."
        )
    if vectorize and strict:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please either "
            "set `strict=False` or `vectorize=False`."
        )
    with recording() as mark:
        call = _Call("jacobian", func, inputs, mark, strict)
        call.depends()
        if strategy == "forward-mode":
            ran = Linearized.of(call.inputs, call.outs, mark)
            columns = [columns_of(ran, i, t, None) for i, t in enumerate(call.given)]
            rows = [[views.movedim(c[k], 0, -1) for c in columns] for k in range(len(call.outs))]
        else:
            rows = [rows_of(out, call.inputs, mark, None) for out in call.outs]
        shaped = [
            [g.reshape(*out.shape, *t.shape) for g, t in zip(row, call.given, strict=True)]
            for row, out in zip(rows, call.outs, strict=True)
        ]
    return _like([_like(call.finish(row, create_graph), call.several) for row in shaped], call.many)


def _scalar(name: str, call: _Call) -> Tensor:
    if call.many or call.outs[0].numel() != 1:
        if call.many:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return call.outs[0]


def hessian(
    func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The second derivatives of a function with a scalar result, of shape input + input (tuples of tuples for tuples)."""
    several, given = _tuple("inputs", "hessian", inputs)
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def gradient(*inner: Tensor) -> tuple:
        with recording() as mark:
            call = _Call("hessian", func, inner, mark, strict)
            out = _scalar("hessian", call)
            call.depends()
            grads = pullback([out.reshape(())], [None], call.inputs, mark)
        return tuple(settle(grads, mark))

    found = jacobian(
        gradient, given, create_graph=create_graph, strict=strict, vectorize=vectorize, strategy=outer_jacobian_strategy
    )
    return found if several else found[0][0]


def vhp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """`(func(*inputs), v times the Hessian)` of a function with a scalar result."""
    with recording() as mark:
        call = _Call("vhp", func, inputs, mark, strict)
        out = _scalar("vhp", call)
        given = _vectors("vhp", v, call.given, True)
        call.depends()
        grads = pullback([out.reshape(())], [None], call.inputs, mark, create=True)
        found = pullback(grads, given, call.inputs, mark)
    return call.values(create_graph), _like(call.finish(found, create_graph), call.several)


def hvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """`(func(*inputs), the Hessian times v)` of a function with a scalar result, forward over reverse."""
    with recording() as mark:
        call = _Call("hvp", func, inputs, mark, strict)
        out = _scalar("hvp", call)
        given = _vectors("hvp", v, call.given, True)
        call.depends()
        grads = pullback([out.reshape(())], [None], call.inputs, mark, create=True)
        found = Linearized.of(call.inputs, grads, mark).push(given)
    return call.values(create_graph), _like(call.finish(found, create_graph), call.several)

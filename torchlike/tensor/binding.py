"""From rows to Python: the function, the in-place form and `out=` of each op."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base import promotion
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.ops.registry import OPS, REQUIRED, Op
from torchlike.tensor import describe
from torchlike.tensor.named import named
from torchlike.tensor.tensor import Tensor


def inplace(op: Op, args: Sequence[Any], static: tuple = ()) -> Tensor:
    """Apply an op and put the result in its first operand's place.

    Raises:
        RuntimeError: where the result does not have the operand's shape or cannot be cast to its dtype, or where the
            operand is a leaf that requires grad.
    """
    target = args[0]
    target._check_writable(args[1:] if op.layout == "elementwise" else ())
    if op.autocast is None or local.state.autocast is None:
        out = dispatch.call(op, args, static)
    else:
        out = _without_autocast(op, args, static)
    return target._write(fitted(out, target))


def _without_autocast(op: Op, args: Sequence[Any], static: tuple) -> Any:
    """Autocast is not for what has a place to write to: that has its dtype already."""
    state = local.state
    mode, state.autocast = state.autocast, None
    try:
        return dispatch.call(op, args, static)
    finally:
        state.autocast = mode


def fitted(out: Tensor, target: Tensor) -> Tensor:
    """`out` in the shape and dtype of `target`, or torch's error where that cannot be."""
    if out.shape != target.shape:
        raise RuntimeError(f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(out.shape)}")
    if out.dtype is not target.dtype:
        if not promotion.can_cast(out.dtype, target.dtype):
            raise promotion.cast_error(out.dtype, target.dtype)
        out = dispatch.call(OPS["cast"], (out,), (target.dtype,))
    return out


def into(out: Any, made: Any) -> Any:
    """Write the result(s) `made` into the tensor(s) given as `out=`, resizing those of another shape as torch does."""
    if isinstance(made, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(made):
            raise TypeError(f"out= must be a tuple of {len(made)} tensors")
        written = [into(o, m) for o, m in zip(out, made, strict=True)]
        return type(made)(*written) if hasattr(made, "_fields") else tuple(written)
    if not isinstance(out, Tensor):
        raise TypeError(f"out= must be Tensor, not {type(out).__name__}")
    if made.requires_grad or out._rg:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
        )
    if out.shape != made.shape:
        if out.numel():
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does not match "
                f"the required output shape {list(made.shape)}.",
                UserWarning,
                stacklevel=3,
            )
        if not promotion.can_cast(made.dtype, out.dtype):
            raise promotion.cast_error(made.dtype, out.dtype)
        out._become(dispatch.call(OPS["cast"], (made,), (out.dtype,)) if made.dtype is not out.dtype else made)
        return out
    out._check_writable()
    return out._write(fitted(made, out))


def function(op: Op) -> Callable[..., Any]:
    """The Python function of a row: `f(operands..., statics..., *, out=None)`, generated so that binding costs nothing."""
    return _generate(op, op.name, "_call")


def inplace_function(op: Op) -> Callable[..., Any]:
    return _generate(op, f"{op.name}_", "_inplace")


def _listed(op: Op, tensors: Any) -> tuple:
    if isinstance(tensors, (tuple, list)):
        return tuple(tensors)
    raise TypeError(f"{op.name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}")


_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def _renamed(made: Callable[..., Any], given: dict[str, Any], other: dict[str, Any]) -> Any:
    """Call again with numpy's spellings of arguments turned into torch's, which torch accepts too."""
    for key, value in other.items():
        if _NUMPY_NAMES.get(key) not in given:
            raise TypeError(f"{made.__name__}() got an unexpected keyword argument '{key}'")
        given[_NUMPY_NAMES[key]] = value
    return made(**given)


def _generate(op: Op, name: str, door: str) -> Callable[..., Any]:
    """Write the function's text from the row and compile it: arguments are bound by Python itself."""
    scope: dict[str, Any] = {"_op": op, "_named": named(op), "_call": dispatch.call, "_inplace": inplace, "_into": into}
    scope |= {"_listed": _listed, "_renamed": _renamed, **describe.NAMES}
    parameters, operands = _parameters(op, scope)
    args = "_listed(_op, tensors)" if op.variadic else f"({', '.join(operands)},)"
    statics = f"({', '.join(s for s, _ in op.statics)},)" if op.statics else "()"
    call = f"{door}(_op, {args}, {statics})"
    if op.returns:
        call = f"_named({call})"
    body = f"    return {call}\n"
    tail = []
    if op.out and door == "_call":
        tail.append("out=None")
        body = f"    if out is not None:\n        return _into(out, {call})\n{body}"
    if not op.variadic and "dim" in op.keywords:
        tail.append("**_other")
        given = ", ".join(f"{p}={p}" for p in (*(o for o, _ in op.operands), *op.keywords))
        body = f"    if _other:\n        return _renamed({name}, dict({given}), _other)\n{body}"
    if "*" not in parameters and tail and tail != ["**_other"]:
        parameters.append("*")
    exec(f"def {name}({', '.join([*parameters, *tail])}):\n{body}", scope)  # our own text, from the table
    made = scope[name]
    made.__doc__ = describe.text(op, door == "_inplace")
    made.__annotations__ = describe.annotated(op, door == "_inplace")
    made.__module__ = _home(op)
    made.__qualname__ = name.removeprefix(f"{op.ns}_")  # the rows of torch.linalg are named linalg_*
    if "**_other" in tail:  # numpy's spellings are taken, not advertised
        shown = inspect.signature(made)
        made.__signature__ = shown.replace(parameters=list(shown.parameters.values())[:-1])
    return made


def _home(op: Op) -> str:
    """The module that pickle finds the function in. Rows without a public name are what `nn.functional` is made of."""
    spaces = op.ns.split() or ["nn.functional"]
    return "torchlike" if "torch" in spaces else f"torchlike.{spaces[0]}"


def _parameters(op: Op, scope: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The parameter list (defaults by name in `scope`) and the expressions of the operands."""
    parameters, operands = ["tensors"] if op.variadic else [], []
    for i, (operand, default) in enumerate(op.operands):
        scope[f"_d{i}"] = default
        parameters.append(operand if default is REQUIRED else f"{operand}=_d{i}")
        # A number's default means that number as a constant, which None stands for.
        operands.append(operand if default is REQUIRED or default is None else f"None if {operand} is _d{i} else {operand}")
    for i, (static, default) in enumerate(op.statics):
        scope[f"_s{i}"] = default
        parameters.append(static if default is REQUIRED else f"{static}=_s{i}")
    first = next((i for i, p in enumerate(parameters) if "=" in p), len(parameters))
    late = next((i for i, p in enumerate(parameters) if i > first and "=" not in p), None)
    if late is not None:  # a static without default after an operand with one: from there on by keyword
        parameters.insert(late, "*")
    return parameters, operands

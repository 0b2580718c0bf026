"""grad, vjp, jvp, linearize on functions of trees of tensors. They use the tape, so they are recorded like everything else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.backward import Wanted, run
from torchlike.autograd.forward import sweep
from torchlike.autograd.levels import alias, handle, reaching, recording, settle
from torchlike.autograd.roots import first_cotangent
from torchlike.base.promotion import scalar_name
from torchlike.base.pytree import LEAF, TreeSpec, flatten, unflatten
from torchlike.tensor.creation import zeros_like
from torchlike.tensor.tensor import Tensor

__all__ = ["grad", "grad_and_value", "jvp", "linearize", "vjp"]

Argnums = int | tuple[int, ...]


def tensors_of(leaves: Sequence[Any]) -> list[Tensor]:
    """Raises ValueError for what is no tensor."""
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(leaf)}")
    return list(leaves)


def results_of(api: str, out: Any) -> tuple[list[Tensor], TreeSpec]:
    """The tensors that a function returned. Raises RuntimeError for anything else."""
    leaves, spec = flatten(out)
    if not leaves:
        raise RuntimeError(f"{api}: Expected f to be a function that has non-empty output (got output = {out})")
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(leaf)}")
    return leaves, spec


def with_aux(api: str, out: Any) -> tuple[Any, Any]:
    if not (isinstance(out, tuple) and len(out) == 2):
        raise RuntimeError(f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return out


def settle_tree(tree: Any, mark: int) -> Any:
    leaves, spec = flatten(tree)
    return unflatten(settle(leaves, mark), spec)


def pullback(
    outs: Sequence[Tensor],
    cotangents: Sequence[Tensor | None],
    inputs: Sequence[Tensor],
    mark: int,
    create: bool = False,
) -> list[Tensor]:
    """Gradients of `outs` with respect to `inputs`, zeros where there is no path.

    They have a history if anything outside asks, or with `create`.
    """
    create = create or bool(reaching(outs, mark)) or any(c is not None and c._rg for c in cotangents)
    pairs = zip(outs, cotangents, strict=True)
    roots = [(out, first_cotangent(i, out, given)) for i, (out, given) in enumerate(pairs) if out._rg]
    wanted = Wanted(list(inputs), accumulate=False)
    if roots:
        run(roots, wanted, True, create)
    return [zeros_like(t.detach()) if g is None else g for t, g in zip(inputs, wanted.found, strict=True)]


# ---- reverse mode ---------------------------------------------------------------------------------------------------


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """`(func(*primals), vjp_fn)`; with `has_aux`, where `func` returns `(output, aux)`, `(output, vjp_fn, aux)`.

    `vjp_fn(*cotangents)`, which have the structure of the output, returns one gradient per primal. It may be called any
    number of times, also under `vmap`.
    """
    leaves, spec = flatten(primals)
    given = tensors_of(leaves)
    with recording() as mark:
        inside = [alias(t) for t in given]
        inputs = [handle(t) for t in inside]
        result, aux = func(*unflatten(inside, spec)), None
        if has_aux:
            result, aux = with_aux("vjp(f, *primals)", result)
        outs, out_spec = results_of("vjp(f, *primals)", result)
        outs = [handle(t) for t in outs]

    def vjp_fn(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> tuple:
        tree = cotangents[0] if len(cotangents) == 1 and flatten(cotangents)[1] != out_spec else cotangents
        arrived, arrived_spec = flatten(tree)
        if arrived_spec != out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {arrived_spec}, primal output: {out_spec}"
            )
        with recording():
            grads = pullback(outs, arrived, inputs, mark)
        return unflatten(settle(grads, mark), spec)

    visible = unflatten(settle(outs, mark), out_spec)
    return (visible, vjp_fn, settle_tree(aux, mark)) if has_aux else (visible, vjp_fn)


def chosen(args: tuple, argnums: Argnums) -> tuple[int, ...]:
    """The positions to differentiate. Raises RuntimeError for what are none."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for number in numbers:
        if not isinstance(number, int):
            raise RuntimeError(f"argnum must be int, got: {type(number)}")
        if not -len(args) <= number < len(args):
            raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    found = tuple(n % len(args) for n in numbers)
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def grad_and_value(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """A function that returns `(gradient, value)` of a function with a scalar result, or `(gradient, (value, aux))`.

    Args:
        argnums: with respect to which positional arguments (trees of tensors); a tuple gives a tuple of gradients.
        has_aux: `func` returns `(value, aux)`, and `aux` is handed on.

    Raises:
        RuntimeError: where the result is no scalar tensor.

    >>> from torchlike import ones
    >>> g, v = grad_and_value(lambda x: (x * x).sum())(ones(2))
    >>> g.tolist(), v.item()
    ([2.0, 2.0], 2.0)
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> tuple:
        numbers = chosen(args, argnums)
        leaves, spec = flatten(tuple(args[n] for n in numbers))
        given = tensors_of(leaves)
        with recording() as mark:
            inside = [alias(t) for t in given]
            inputs = [handle(t) for t in inside]
            full = list(args)
            for number, part in zip(numbers, unflatten(inside, spec), strict=True):
                full[number] = part
            value, aux = func(*full, **kwargs), None
            if has_aux:
                value, aux = with_aux("grad_and_value(f)(*args)", value)
            _check_scalar(value)
            grads = pullback([value], [None], inputs, mark)
        found = unflatten(settle(grads, mark), spec)
        found = found[0] if isinstance(argnums, int) else found
        shown = settle([value], mark)[0]
        return (found, (shown, settle_tree(aux, mark))) if has_aux else (found, shown)

    return wrapped


def _check_scalar(value: Any) -> None:
    if not isinstance(value, Tensor):
        raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}")
    if value.ndim:
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with {value.ndim} dims. Maybe "
            "you wanted to use the vjp or jacrev APIs instead?"
        )


def grad(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """A function that returns the gradient of a function with a scalar result, or `(gradient, aux)`; see `grad_and_value`."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapped


# ---- forward mode ---------------------------------------------------------------------------------------------------


class Linearized:
    """A function that ran once on the tape, ready to push tangents through.

    Attributes:
        outs: its results, with the history from the primals. spec: their structure. mark: the age of the level.
    """

    def __init__(self, api: str, func: Callable, primals: Sequence[Tensor], spec: TreeSpec, has_aux: bool = False):
        with recording() as mark:
            inside = [alias(t) for t in primals]
            self.inputs = [handle(t) for t in inside]
            result, self.aux = func(*unflatten(inside, spec)), None
            if has_aux:
                result, self.aux = with_aux(api, result)
            outs, self.spec = results_of(api, result)
            self.outs = [handle(t) for t in outs]
        self.mark = mark

    @classmethod
    def of(cls, inputs: Sequence[Tensor], outs: Sequence[Tensor], mark: int) -> Linearized:
        """What ran already: from aliases of the primals to the results."""
        ran = object.__new__(cls)
        ran.inputs, ran.outs, ran.mark, ran.spec, ran.aux = list(inputs), list(outs), mark, LEAF, None
        return ran

    def push(self, tangents: Sequence[Tensor | None]) -> list[Tensor]:
        """The tangents of the results; None is a zero."""
        seeds = {(id(t._node), 0): v for t, v in zip(self.inputs, tangents, strict=True) if v is not None}
        with recording():
            found = sweep(self.outs, seeds, self.mark)
            full = [zeros_like(o.detach()) if t is None else t for o, t in zip(self.outs, found, strict=True)]
        return settle(full, self.mark)

    def values(self) -> Any:
        return unflatten(settle(self.outs, self.mark), self.spec)


def _check_tangents(primals: Sequence[Tensor], tangents: Sequence[Tensor]) -> None:
    for primal, tangent in zip(primals, tangents, strict=True):
        if not isinstance(tangent, Tensor):
            raise RuntimeError(f"jvp(f, primals, tangents): Expected tangents to only contain Tensors, got {type(tangent)}")
        if primal.shape != tangent.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
                f"supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
                f"{list(tangent.shape)}."
            )
        if primal.dtype is not tangent.dtype:
            raise RuntimeError(
                f"Expected tangents of dtype {scalar_name(primal.dtype)}, got {scalar_name(tangent.dtype)}: a tangent has its "
                "primal's dtype"
            )


def jvp(func: Callable, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> tuple:
    """`(func(*primals), the directional derivative along tangents)`, and `aux` with `has_aux`.

    Args:
        primals, tangents: tuples of trees of tensors, of one structure, shapes and dtypes.
        strict: an output that does not depend on the inputs is an error instead of a zero.
    """
    api = "jvp(f, primals, tangents)"
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise RuntimeError(f"{api}: Expected {name} to be a tuple. E.g. it should be valid to call f(*{name}).")
    leaves, spec = flatten(primals)
    given, given_spec = flatten(tangents)
    if spec != given_spec:
        raise RuntimeError(
            f"{api}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
            f"tensors, tangents also must be. Got primals with structure {spec} and tangents with structure {given_spec}"
        )
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"{api}: Expected primals to only contain Tensors, got {type(leaf)}")
    _check_tangents(leaves, given)
    ran = Linearized(api, func, leaves, spec, has_aux)
    if strict and any(not t._rg for t in ran.outs):
        raise RuntimeError(f"{api}: the output of f does not depend on the inputs, this is not allowed when strict=True.")
    pushed = unflatten(ran.push(given), ran.spec)
    found = (ran.values(), pushed)
    return (*found, settle_tree(ran.aux, ran.mark)) if has_aux else found


def linearize(func: Callable, *primals: Any) -> tuple[Any, Callable]:
    """`(func(*primals), jvp_fn)`: `func` runs once, `jvp_fn(*tangents)` only pushes tangents through what was recorded."""
    leaves, spec = flatten(primals)
    ran = Linearized("linearize(f, *primals)", func, tensors_of(leaves), spec)

    def jvp_fn(*tangents: Any) -> Any:
        given, given_spec = flatten(tangents)
        if spec != given_spec:
            raise RuntimeError(f"Expected the tangents {given_spec} to have the same argspec as the primals {spec}")
        for i, (primal, tangent) in enumerate(zip(leaves, given, strict=True)):
            if primal.shape != tangent.shape:
                raise RuntimeError(
                    f"tangent:{i} with shape {tangent.shape} in flattened pytree doesn't match the shape {primal.shape} of the "
                    "corresponding primal."
                )
            if primal.dtype is not tangent.dtype:
                raise RuntimeError(
                    f"tangent:{i} with dtype {tangent.dtype} in flattened pytree doesn't match the dtype {primal.dtype} of the "
                    "corresponding primal."
                )
        return unflatten(ran.push(given), ran.spec)

    return ran.values(), jvp_fn

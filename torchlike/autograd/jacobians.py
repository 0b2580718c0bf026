"""jacrev, jacfwd and hessian: one recorded pass, mapped over a basis."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.levels import alias, handle, recording, settle
from torchlike.autograd.transforms import Argnums, Linearized, chosen, pullback, results_of, settle_tree, tensors_of, with_aux
from torchlike.autograd.vmap import vmap
from torchlike.base.pytree import flatten, unflatten
from torchlike.tensor import views
from torchlike.tensor.overloads.ranges import eye
from torchlike.tensor.tensor import Tensor

__all__ = ["hessian", "jacfwd", "jacrev"]


def _basis(like: Tensor) -> Tensor:
    """The unit vectors of the shape of `like`, (numel, *shape)."""
    count = like.numel()
    return eye(count, dtype=like.dtype, device=like.device).reshape(count, *like.shape)


def _partial(func: Callable, args: tuple, kwargs: dict, numbers: Sequence[int]) -> Callable:
    """`func` of the chosen positional arguments."""

    def ofchosen(*parts: Any) -> Any:
        full = list(args)
        for number, part in zip(numbers, parts, strict=True):
            full[number] = part
        return func(*full, **kwargs)

    return ofchosen


def jacrev(func: Callable, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None, **_: Any) -> Callable:
    """A function that returns the Jacobian by reverse mode: for each output and input, of shape output + input.

    Args:
        argnums: with respect to which positional arguments; a tuple gives a tuple.
        has_aux: `func` returns `(output, aux)`, the new function `(jacobian, aux)`.
        chunk_size: at most so many rows at a time.

    Raises:
        ValueError: for a chunk size below 1.

    >>> from torchlike import ones
    >>> jacrev(lambda x: x * x)(ones(2)).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        numbers = chosen(args, argnums)
        leaves, spec = flatten(tuple(args[n] for n in numbers))
        with recording() as mark:
            inside = [alias(t) for t in tensors_of(leaves)]
            inputs = [handle(t) for t in inside]
            result, aux = _partial(func, args, kwargs, numbers)(*unflatten(inside, spec)), None
            if has_aux:
                result, aux = with_aux("vjp(f, *primals)", result)
            outs, out_spec = results_of("vjp(f, *primals)", result)
            outs = [handle(t) for t in outs]
            rows = [rows_of(out, inputs, mark, chunk_size) for out in outs]
        parts = []
        for out, row in zip(outs, rows, strict=True):
            shaped = [g.reshape(*out.shape, *t.shape) for g, t in zip(row, leaves, strict=True)]
            found = unflatten(settle(shaped, mark), spec)
            parts.append(found[0] if isinstance(argnums, int) else found)
        jacobian = unflatten(parts, out_spec)
        return (jacobian, settle_tree(aux, mark)) if has_aux else jacobian

    return wrapped


def rows_of(out: Tensor, inputs: list[Tensor], mark: int, chunk_size: int | None) -> list[Tensor]:
    """Per input the gradient of every element of `out`, (numel, *input)."""
    mapped = vmap(lambda v: pullback([out], [v], inputs, mark), chunk_size=chunk_size, randomness="same")
    return mapped(_basis(out))


def jacfwd(
    func: Callable, argnums: Argnums = 0, has_aux: bool = False, *, chunk_size: int | None = None, randomness: str = "error"
) -> Callable:
    """A function that returns the Jacobian by forward mode; see `jacrev` for arguments and result.

    `func` runs once for all columns, so that random numbers in it are the same for all, whatever `randomness` says.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacfwd: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        numbers = chosen(args, argnums)
        leaves, spec = flatten(tuple(args[n] for n in numbers))
        ofchosen = _partial(func, args, kwargs, numbers)
        ran = Linearized("jvp(f, primals, tangents)", ofchosen, tensors_of(leaves), spec, has_aux)
        columns = [columns_of(ran, i, leaf, chunk_size) for i, leaf in enumerate(leaves)]
        parts = []
        for k, out in enumerate(ran.outs):
            shaped = [
                views.movedim(column[k], 0, -1).reshape(*out.shape, *leaf.shape)
                for column, leaf in zip(columns, leaves, strict=True)
            ]
            found = unflatten(shaped, spec)
            parts.append(found[0] if isinstance(argnums, int) else found)
        jacobian = unflatten(parts, ran.spec)
        return (jacobian, settle_tree(ran.aux, ran.mark)) if has_aux else jacobian

    return wrapped


def columns_of(ran: Linearized, place: int, leaf: Tensor, chunk_size: int | None) -> list[Tensor]:
    """Per output the derivative along every element of an input, (numel, *output)."""

    def along(v: Tensor) -> list[Tensor]:
        return ran.push([v if i == place else None for i in range(len(ran.inputs))])

    return vmap(along, chunk_size=chunk_size, randomness="same")(_basis(leaf))


def hessian(func: Callable, argnums: Argnums = 0) -> Callable:
    """A function that returns the second derivatives, forward over reverse: of shape output + input + input.

    >>> from torchlike import ones
    >>> hessian(lambda x: (x**3).sum())(ones(2)).tolist()
    [[6.0, 0.0], [0.0, 6.0]]
    """
    return jacfwd(jacrev(func, argnums), argnums)

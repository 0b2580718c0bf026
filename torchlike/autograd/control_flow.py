"""cond, while_loop, scan and associative_scan: control flow that stays inside the program, as one op each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax

from torchlike.autograd import region as regions
from torchlike.autograd.levels import Alias, recording
from torchlike.base import dtypes
from torchlike.base.pytree import TreeSpec, flatten, unflatten
from torchlike.engine import region as engine
from torchlike.engine.record import local
from torchlike.engine.value import aval, of_jax
from torchlike.tensor import views
from torchlike.tensor.from_data import tensor as make_tensor
from torchlike.tensor.tensor import Tensor, bare

__all__ = ["associative_scan", "cond", "scan", "while_loop"]

_WHY = (
    "{name}: the functions given are recorded once, and cannot ask for a value (item(), bool(), print ...) that depends on "
    "their inputs. Use tensor operations (torch.where) or a nested torch.cond."
)


class _Recording:
    """Functions recorded into one region, each as a part of the op that follows."""

    def __init__(self, name: str, where: Any):
        self.name = name
        self.region = engine.current(where, _WHY.format(name=name))
        with recording() as mark:
            self.mark = mark
        self.parts: list[tuple[regions.Traced, engine.Plan]] = []

    def example(self, tensor: Tensor, drop: int = 0) -> Tensor:
        """What stands for `tensor` inside, without its first `drop` dimensions."""
        whole = tensor._read().aval
        inner = bare(self.region.stand_in(aval(tuple(whole.shape[drop:]), whole.dtype, whole.device), tensor))
        if tensor.dtype.is_differentiable:
            inner._rg, inner._node = True, Alias(tensor)
            inner._node.outs, inner._node.carried = (inner._read().aval,), True
        return inner

    def record(self, fn: Callable, *args: Any) -> tuple[list[Tensor], TreeSpec]:
        """Run `fn` on what stands for its arguments. Raises RuntimeError where it writes to a tensor from outside."""
        region = self.region
        with recording(), engine.entered(region):
            outs, spec = flatten(fn(*args))
            outs = [t if isinstance(t, Tensor) else make_tensor(t) for t in outs]
            mine = {id(t._storage) for t in flatten(args)[0] if isinstance(t, Tensor)}
            if mine & region.written.keys():
                raise RuntimeError(f"{self.name}: a function given to it changes its inputs in place, which is not supported")
            slots = [region.slot_of(t._read()) for t in outs]
        traced = regions.Traced(region, outs, self.mark)
        self.parts.append((traced, traced.plan(slots, [not t._rg for t in outs])))
        return outs, spec

    def emit(self, transform: Callable, key: tuple, first: Sequence[Tensor] = ()) -> list[Tensor]:
        """Record the op; `first` are stand-ins that are its first operands, in order, whether needed or not."""
        slots = tuple(t._storage.value.slot for t in first)
        return regions.emit(self.region, self.parts, self.name, transform, key, slots)


def _only_tensors(name: str, leaves: Sequence[Any]) -> list[Tensor]:
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"{name}: expected a tree of tensors, got {type(leaf).__name__}")
    return list(leaves)


def cond(pred: Any, true_fn: Callable, false_fn: Callable, operands: Any = ()) -> Any:
    """`true_fn(*operands)` if `pred`, else `false_fn(*operands)`; where `pred` is a tensor, decided while the program runs.

    Both functions are recorded, and must return trees of one structure, with the same shapes and dtypes.

    Args:
        pred: a bool, or a bool tensor of one element.

    Raises:
        RuntimeError: where `pred` is something else, or the results differ.
    """
    if not isinstance(pred, Tensor):
        if not isinstance(pred, bool):
            raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
        return true_fn(*operands) if pred else false_fn(*operands)
    if pred.dtype is not dtypes.bool_ or pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if _direct(pred, operands):
        return _cond_at_once(pred, true_fn, false_fn, operands)
    made = _Recording("cond", pred.device)
    choice = made.example(pred.reshape(()))
    outs, spec = made.record(true_fn, *operands)
    others, other_spec = made.record(false_fn, *operands)
    mine, its = ([(tuple(t.shape), t.dtype) for t in found] for found in (outs, others))
    if spec != other_spec or mine != its:
        raise RuntimeError(f"cond: the branches must return the same structure, shapes and dtypes, got {mine} and {its}")

    def transform(pures: Sequence[Callable], leaves: Sequence[int]) -> Callable:
        return lambda p, *rest: lax.cond(p, *(lambda *a, f=f: f(p, *a) for f in pures), *rest)

    return unflatten(made.emit(transform, (), [choice]), spec)


def while_loop(cond_fn: Callable, body_fn: Callable, carried_inputs: Any, additional_inputs: Any = ()) -> Any:
    """`body_fn` applied again and again while `cond_fn` says so, as `lax.while_loop`.

    Both get `(*carried_inputs, *additional_inputs)`; `body_fn` returns new carried inputs of the same shapes and dtypes. Where
    a gradient is wanted the loop runs step by step instead, since its length is not known to the program.

    Raises:
        RuntimeError: where the body changes a shape or dtype.
    """
    leaves, spec = flatten(tuple(carried_inputs))
    start = [t if isinstance(t, Tensor) else make_tensor(t) for t in leaves]
    closed = tuple(additional_inputs)
    wants_grad = (
        not _direct(start, closed)
        and local.state.grad
        and any(isinstance(t, Tensor) and t.requires_grad for t in (*start, *closed))
    )
    if wants_grad and local.state.capture is None:
        carried = unflatten(start, spec)
        while bool(cond_fn(*carried, *closed)):
            carried = tuple(body_fn(*carried, *closed))
        return carried
    if _direct(start, closed):
        return _while_at_once(cond_fn, body_fn, start, spec, closed)
    made = _Recording("while_loop", start[0].device)
    inside = [made.example(t) for t in start]
    made.record(cond_fn, *unflatten(inside, spec), *closed)
    outs, _ = made.record(body_fn, *unflatten(inside, spec), *closed)
    _check_carry("while_loop", start, outs)
    n = len(start)

    def transform(pures: Sequence[Callable], leaves: Sequence[int]) -> Callable:
        def run(*arrays: Any) -> Any:
            rest = arrays[n:]
            test, body = pures
            return lax.while_loop(lambda c: test(*c, *rest)[0].reshape(()), lambda c: body(*c, *rest), arrays[:n])

        return run

    return unflatten(made.emit(transform, (n,), inside), spec)


# ---- direct mode: JAX is tracing, and takes the functions as they are -----------------------------------------------


def _direct(*trees: Any) -> bool:
    """Whether JAX is transforming what is given, so that ops run at once."""
    return any(isinstance(t, Tensor) and t._read().aval.traced for t in flatten(trees)[0])


def _arrays(tree: Any, spec_of: dict | None = None) -> tuple:
    """The arrays of a tree. Raises NotImplementedError where the tape would have to see them."""
    leaves, spec = flatten(tree)
    if spec_of is not None:
        spec_of["spec"] = spec
    if local.state.grad and any(isinstance(t, Tensor) and t._rg for t in leaves):
        raise NotImplementedError("control flow inside a JAX transform, of tensors that require grad: let JAX differentiate")
    return tuple(t._read().on_device() if isinstance(t, Tensor) else t for t in leaves)


def _tree(arrays: Sequence[Any], spec: TreeSpec) -> Any:
    return unflatten([bare(of_jax(a)) for a in arrays], spec)


def _cond_at_once(pred: Tensor, true_fn: Callable, false_fn: Callable, operands: Any) -> Any:
    seen: dict[str, TreeSpec] = {}
    branches = [lambda fn=fn: _arrays(fn(*operands), seen) for fn in (true_fn, false_fn)]
    with jax.enable_x64(True):
        outs = lax.cond(pred._read().on_device().reshape(()), *branches)
    return _tree(outs, seen["spec"])


def _while_at_once(cond_fn: Callable, body_fn: Callable, start: Sequence[Tensor], spec: TreeSpec, closed: tuple) -> Any:
    def test(carried: tuple) -> Any:
        return _arrays(cond_fn(*_tree(carried, spec), *closed))[0].reshape(())

    def body(carried: tuple) -> tuple:
        return _arrays(tuple(body_fn(*_tree(carried, spec), *closed)))

    with jax.enable_x64(True):
        return _tree(lax.while_loop(test, body, _arrays(start)), spec)


def _scan_at_once(
    combine_fn: Callable, carry: Sequence[Tensor], carry_spec: TreeSpec, moved: Sequence[Tensor], xs_spec: TreeSpec, dim: int,
    reverse: bool,
) -> tuple[Any, Any]:  # fmt: skip
    seen: dict[str, TreeSpec] = {}

    def body(held: tuple, each: tuple) -> tuple:
        last, y = combine_fn(_tree(held, carry_spec), _tree(each, xs_spec))
        return _arrays(last), _arrays(y, seen)

    with jax.enable_x64(True):
        last, ys = lax.scan(body, _arrays(carry), _arrays(moved), reverse=reverse)
    stacked = [views.movedim(bare(of_jax(y)), 0, dim) for y in ys]
    return _tree(last, carry_spec), unflatten(stacked, seen["spec"])


def _check_carry(name: str, before: Sequence[Tensor], after: Sequence[Tensor]) -> None:
    mine, its = ([(tuple(t.shape), t.dtype) for t in found] for found in (before, after))
    if mine != its:
        raise RuntimeError(f"{name}: what is carried must keep its shapes and dtypes: {mine} went in, {its} came out")


def scan(combine_fn: Callable, init: Any, xs: Any, *, dim: int = 0, reverse: bool = False) -> tuple[Any, Any]:
    """`(last carry, all ys)` of `carry, y = combine_fn(carry, x)` for the slices `x` of `xs` along `dim`, as `lax.scan`.

    The ys are stacked along `dim`.

    Raises:
        RuntimeError: where the carry changes its shape or dtype, or sizes along `dim` differ.
    """
    carry, carry_spec = flatten(init)
    slices, xs_spec = flatten(xs)
    carry, slices = _only_tensors("scan", carry), _only_tensors("scan", slices)
    moved = [views.movedim(t, dim, 0) for t in slices]
    if len({t.shape[0] for t in moved}) > 1:
        raise RuntimeError(f"scan: xs have different sizes along dim {dim}: {[t.shape[0] for t in moved]}")
    if _direct(carry, slices):
        return _scan_at_once(combine_fn, carry, carry_spec, moved, xs_spec, dim, reverse)
    made = _Recording("scan", (carry or moved)[0].device)
    held = [made.example(t) for t in carry]
    each = [made.example(t, 1) for t in moved]

    def step(c: Any, x: Any) -> Any:
        found = combine_fn(c, x)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise RuntimeError("scan: combine_fn must return (carry, y)")
        return tuple(found)

    outs, out_spec = made.record(step, unflatten(held, carry_spec), unflatten(each, xs_spec))
    n, end = len(carry), len(carry) + len(moved)
    _check_carry("scan", carry, outs[:n])

    def transform(pures: Sequence[Callable], leaves: Sequence[int]) -> Callable:
        def run(*arrays: Any) -> tuple:
            rest = arrays[end:]

            def body(c: tuple, x: tuple) -> tuple:
                made = pures[0](*c, *x, *rest)
                return tuple(made[:n]), tuple(made[n:])

            last, ys = lax.scan(body, arrays[:n], arrays[n:end], reverse=reverse)
            return (*last, *ys)

        return run

    found = made.emit(transform, (n, end, reverse), [*held, *each])
    shown = [*found[:n], *(views.movedim(t, 0, dim) if dim else t for t in found[n:])]
    last, ys = unflatten(shown, out_spec)
    return last, ys


def associative_scan(combine_fn: Callable, xs: Any, dim: int, reverse: bool = False, combine_mode: str = "pointwise") -> Any:
    """All partial results of an associative `combine_fn(a, b)` along `dim`, as `lax.associative_scan`.

    Args:
        combine_mode: "pointwise" or "generic", which make no difference here.
    """
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', but got {combine_mode}")
    leaves, spec = flatten(xs)
    moved = [views.movedim(t, dim, 0) for t in _only_tensors("associative_scan", leaves)]
    made = _Recording("associative_scan", moved[0].device)
    left, right = ([made.example(t, 1) for t in moved] for _ in range(2))
    outs, _ = made.record(combine_fn, unflatten(left, spec), unflatten(right, spec))
    _check_carry("associative_scan", left, outs)
    n = len(moved)

    def transform(pures: Sequence[Callable], leaves: Sequence[int]) -> Callable:
        axes = (*(0,) * (2 * n), *(None,) * (len(leaves) - 2 * n))

        def run(*arrays: Any) -> tuple:
            rest = arrays[2 * n :]
            both = jax.vmap(lambda *a: tuple(pures[0](*a)), in_axes=axes)
            return lax.associative_scan(lambda a, b: both(*a, *b, *rest), arrays[:n], reverse=reverse)

        return run

    found = made.emit(transform, (n, reverse), [*left, *right])
    return unflatten([views.movedim(t, 0, dim) if dim else t for t in found], spec)

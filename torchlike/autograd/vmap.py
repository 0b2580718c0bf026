"""vmap: a function of one example, recorded once and run for a whole batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import jax

from torchlike.autograd import region as regions
from torchlike.autograd.levels import Alias, recording
from torchlike.base.flags import flags
from torchlike.base.pytree import TreeSpec, broadcast, flatten, unflatten
from torchlike.engine import dispatch
from torchlike.engine import region as engine
from torchlike.engine.build import results_of
from torchlike.engine.record import local
from torchlike.engine.signature import Signature
from torchlike.engine.value import aval, of_jax
from torchlike.tensor import views
from torchlike.tensor.functions import cat
from torchlike.tensor.random_draw import Drawing
from torchlike.tensor.tensor import Tensor, bare

__all__ = ["vmap"]

_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor, or attempting to use one in some data-dependent control flow. We "
    "don't support vmap over that, please try to rewrite what you're doing with other operations (torch.where, torch.cond)."
)
_IN_PLACE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has "
    "more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped over in a vmap. "
    "Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being called inside the "
    "function, create `self` from the vmapped-over Tensor (for example with torch.zeros_like)."
)

# What getrefcount says of a storage that only the list of written ones holds: a tensor made, and forgotten, inside.
_OURS = next(getrefcount(storage) for storage, _ in {0: (object(), None)}.values())


def vmap(
    func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Callable:
    """A function that maps `func` over a dimension of its arguments.

    Args:
        in_dims: the mapped dimension of each argument: a number for all, or a tree like the arguments; None is not mapped.
        out_dims: where that dimension stands in the results.
        randomness: "error", "same" numbers for all examples, or "different" ones.
        chunk_size: at most so many examples at a time.

    Raises:
        ValueError: where dimensions and arguments do not fit, or `func` returns something that is no tensor.

    >>> from torchlike import arange
    >>> vmap(lambda x: x.sum())(arange(4).reshape(2, 2)).tolist()
    [1, 5]
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = flatten(args)
        dims = _in_dims(func, in_dims, args, leaves, spec)
        size = _batch_size(leaves, dims)
        mapped = _Mapped(func, out_dims, randomness, spec, kwargs)
        if chunk_size is None or chunk_size >= size:
            return mapped(leaves, dims, size)
        return _in_chunks(mapped, leaves, dims, size, chunk_size)

    return wrapped


def _name(func: Callable) -> str:
    return getattr(func, "__name__", repr(func))


def _in_dims(func: Callable, in_dims: Any, args: tuple, leaves: list, spec: TreeSpec) -> list[int | None]:
    """One dimension (or None) per leaf. Raises ValueError for what does not fit."""
    start = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>):"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{start} expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not leaves:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    dims = broadcast(in_dims, args)
    if dims is None:
        raise ValueError(
            f"{start} in_dims is not compatible with the structure of `inputs`. in_dims has structure {flatten(in_dims)[1]} "
            f"but inputs has structure {spec}."
        )
    found = []
    for leaf, dim in zip(leaves, dims, strict=True):
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool)):
            raise ValueError(f"{start} Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
        if dim is not None and not isinstance(leaf, Tensor):
            raise ValueError(
                f"{start} Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over non-Tensor "
                "arguments, please use None as the respective in_dim"
            )
        if dim is not None and not -leaf.ndim <= dim < leaf.ndim:
            raise ValueError(
                f"{start} Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.ndim} so "
                f"expected in_dim to satisfy -{leaf.ndim} <= in_dim < {leaf.ndim}."
            )
        found.append(None if dim is None else dim % leaf.ndim)
    return found


def _batch_size(leaves: list, dims: list[int | None]) -> int:
    sizes = [t.shape[d] for t, d in zip(leaves, dims, strict=True) if d is not None]
    if not sizes:
        raise ValueError("vmap: there is no input to map over: in_dims has None only")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
            "dimension"
        )
    return sizes[0]


class _Mapped:
    """One call of a mapped function."""

    def __init__(self, func: Callable, out_dims: Any, randomness: str, spec: TreeSpec, kwargs: dict):
        self.func, self.out_dims, self.randomness, self.spec, self.kwargs = func, out_dims, randomness, spec, kwargs

    def __call__(self, leaves: Sequence[Any], dims: Sequence[int | None], size: int) -> Any:
        if flags.eager or any(isinstance(t, Tensor) and t._read().aval.traced for t in leaves):
            return self._at_once(leaves, dims, size)
        first = next(t for t, d in zip(leaves, dims, strict=True) if d is not None)
        region = engine.current(first.device, _ITEM)
        region.draw = Drawing(self.randomness, size, region)
        batched = [None if d is None else views.movedim(t, d, 0) for t, d in zip(leaves, dims, strict=True)]
        with recording(local.state.grad) as mark, engine.entered(region):
            inside = [t if b is None else _example(region, b) for t, b in zip(leaves, batched, strict=True)]
            given = [None if b is None else t._read() for t, b in zip(inside, batched, strict=True)]
            result = self.func(*unflatten(inside, self.spec), **self.kwargs)
            outs, out_spec = flatten(result)
            self._check(outs)
            dims_out = self._out_dims(result, out_spec)
            outs = [_now(t) for t in outs]
            del result
            written = self._written(region, inside, given)
        results, has_batch = _emit(region, [*outs, *(new for _, new in written)], mark, size)
        _write_back(written, results[len(outs) :], has_batch[len(outs) :], leaves, dims)
        found = [_placed(t, there, dim, size, self) for t, there, dim in zip(results, has_batch, dims_out, strict=False)]
        return unflatten(found, out_spec)

    def _at_once(self, leaves: Sequence[Any], dims: Sequence[int | None], size: int) -> Any:
        """In direct mode JAX maps the function itself. Random numbers are then the same for all examples.

        Raises:
            NotImplementedError: where the tape would have to see a tensor that the function closes over.
        """
        places = [i for i, d in enumerate(dims) if d is not None]
        seen: dict[str, Any] = {}

        def one(*arrays: Any) -> tuple:
            full = list(leaves)
            for place, array in zip(places, arrays, strict=True):
                full[place] = bare(of_jax(array))
            seen["result"] = self.func(*unflatten(full, self.spec), **self.kwargs)
            outs, seen["spec"] = flatten(seen["result"])
            self._check(outs)
            if local.state.grad and any(o._rg for o in outs):
                raise NotImplementedError(
                    "vmap inside a JAX transform (or with TORCHLIKE_EAGER=1) of a function that closes over tensors that "
                    "require grad: make them arguments, with in_dims=None"
                )
            return tuple(o._read().on_device() for o in outs)

        mapped = jax.vmap(one, in_axes=tuple(dims[i] for i in places), axis_size=size)
        tensors = [leaves[i] for i in places]
        avals = [t._read().aval for t in tensors]
        sig = Signature("vmap", avals, lambda *arrays: tuple(mapped(*arrays)), avals[0].device, True)
        sig.structured = True
        sig.infer()
        found = dispatch.apply(sig, [t._read() for t in tensors], (), tensors, any(t._rg for t in tensors))
        dims_out = self._out_dims(seen["result"], seen["spec"])
        shown = [
            t[0] if dim is None else t if dim == 0 else views.movedim(t, 0, dim) for t, dim in zip(found, dims_out, strict=True)
        ]
        return unflatten(shown, seen["spec"])

    def _check(self, outs: Sequence[Any]) -> None:
        for out in outs:
            if not isinstance(out, Tensor):
                name = _name(self.func)
                raise ValueError(
                    f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(out)}. Did you mean to set "
                    "out_dims= to None for output?"
                )

    def _out_dims(self, result: Any, spec: TreeSpec) -> list[int | None]:
        dims = self.out_dims
        if isinstance(dims, tuple) and len(dims) == 1 and isinstance(result, Tensor):
            dims = dims[0]
        if isinstance(result, list) and isinstance(dims, tuple):
            result = tuple(result)
        found = broadcast(dims, result)
        if found is None:
            raise ValueError(
                f"vmap({_name(self.func)}, ..., out_dims={self.out_dims}): out_dims is not compatible with the structure of "
                f"`outputs`. out_dims has structure {flatten(self.out_dims)[1]} but outputs has structure {spec}."
            )
        return found

    @staticmethod
    def _written(region: Any, inside: list, given: list) -> list[tuple[Any, Tensor]]:
        """What was written in place and is seen outside: `(index of an input or a storage, its new value)`."""
        own = {id(t._storage): i for i, t in enumerate(inside) if given[i] is not None}
        found: list[tuple[Any, Tensor]] = []
        storage = old = None
        for key, (storage, old) in region.written.items():
            if key in own:
                found.append((own[key], bare(storage.value)))
            elif getrefcount(storage) > _OURS and (old.graph is not region or old.slot in region.leaves):
                found.append((storage, bare(storage.value)))
        return found


def _example(region: Any, batch: Tensor) -> Tensor:
    """The tensor that stands for one example of `batch`, whose first dimension is mapped."""
    whole = batch._read().aval
    tensor = bare(region.stand_in(aval(tuple(whole.shape[1:]), whole.dtype, whole.device), batch))
    if batch._rg and local.state.grad:
        tensor._rg, tensor._node = True, Alias(batch)
        tensor._node.outs = (tensor._read().aval,)
    return tensor


def _now(t: Tensor) -> Tensor:
    now = bare(t._read())
    now._rg, now._node, now._nr = t._rg, t._node, t._nr
    return now


def _emit(region: Any, outs: Sequence[Tensor], mark: int, size: int) -> tuple[list[Tensor], list[bool]]:
    """Run the region for the whole batch: its results, and which of them have the batch as first dimension."""
    if not outs:
        return [], []
    traced = regions.Traced(region, outs, mark)
    slots = [region.slot_of(t._read()) for t in outs]
    plan = traced.plan(slots, [not t._rg for t in outs])
    mapped = set(region.operands)
    for (_, pair, *operands), made in zip(region.entries, results_of(region), strict=True):
        reads = operands if pair < 0 else [*region.entries[pair][2:], *operands]
        if not mapped.isdisjoint(reads):
            mapped.update(made)
    has_batch = [s in mapped for s in slots]
    axes_out = tuple(0 if b else None for b in has_batch)

    def transform(pures: Sequence[Callable], leaves: Sequence[int]) -> Callable:
        axes = tuple(0 if s in mapped else None for s in leaves)
        if all(a is None for a in axes):
            return pures[0]
        return jax.vmap(pures[0], in_axes=axes, out_axes=axes_out, axis_size=size)

    key = (size, tuple(sorted(region.operands)), axes_out)
    return regions.emit(region, [(traced, plan)], "vmap", transform, key), has_batch


def _write_back(written: list, news: list[Tensor], has_batch: list[bool], leaves: Sequence[Any], dims: Sequence[Any]) -> None:
    for (target, _), new, there in zip(written, news, has_batch, strict=True):
        if isinstance(target, int):
            leaves[target].copy_(views.movedim(new, 0, dims[target]) if there else new)
        elif there:
            raise RuntimeError(_IN_PLACE)
        else:
            target.write(new._read())


def _placed(t: Tensor, there: bool, dim: int | None, size: int, call: _Mapped) -> Tensor:
    """A result with its batch dimension where it is wanted."""
    if dim is None:
        if there:
            name = _name(call.func)
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return t
    if not there:
        t = t.expand(size, *t.shape)
    return t if dim == 0 else views.movedim(t, 0, dim)


def _in_chunks(mapped: _Mapped, leaves: list, dims: list[int | None], size: int, chunk: int) -> Any:
    parts = []
    for start in range(0, size, chunk):
        count = min(chunk, size - start)
        given = [t if d is None else views.narrow(t, d, start, count) for t, d in zip(leaves, dims, strict=True)]
        parts.append(mapped(given, dims, count))
    flats = [flatten(p) for p in parts]
    spec = flats[0][1]
    out_dims = mapped._out_dims(parts[0], spec)
    joined = [
        pieces[0] if dim is None else cat(pieces, dim) for dim, *pieces in zip(out_dims, *(f[0] for f in flats), strict=True)
    ]
    return unflatten(joined, spec)

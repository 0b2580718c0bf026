"""Doors to JAX: a model as a pure function of plain arrays, and a JAX function as a differentiable op."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from torchlike.base.pytree import TreeSpec, flatten, tree_map, unflatten
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.signature import Signature
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.stateless import swapped
from torchlike.tensor.from_data import from_jax as tensor_of
from torchlike.tensor.random_draw import drawing_from
from torchlike.tensor.tensor import Tensor

__all__ = ["from_jax", "from_jax_array", "to_jax", "to_jax_array"]


def to_jax_array(tensor: Tensor) -> jax.Array:
    """The `jax.Array` (or tracer) that holds a tensor's value, without a copy; what is pending is run first."""
    return tensor._read().on_device()


def from_jax_array(array: Any) -> Tensor:
    """A tensor around a `jax.Array` or tracer, without a copy. Writing to the tensor leaves the array as it is."""
    return tensor_of(array)


def _arrays(tree: Any) -> Any:
    return tree_map(lambda leaf: to_jax_array(leaf) if isinstance(leaf, Tensor) else leaf, tree)


def _tensors(tree: Any) -> Any:
    return tree_map(lambda leaf: tensor_of(leaf) if isinstance(leaf, jax.Array) else leaf, tree)


class Apply:
    """A model as a pure function: `apply(params, buffers, rng, *args, **kwargs) -> (outputs, new buffers)`.

    All are plain trees of `jax.Array`; the function works under `jax.jit`, `jax.grad`, `jax.vmap` and `jax.shard_map`. The
    model is not changed by a call. Whether it trains is what `model.training` says when it is called (or traced).

    Attributes:
        model: the module whose code runs.
    """

    def __init__(self, model: Module):
        self.model = model

    @property
    def params(self) -> dict[str, jax.Array]:
        """The model's parameters by dotted name, as they are now."""
        return {name: to_jax_array(p) for name, p in self.model.named_parameters()}

    @property
    def buffers(self) -> dict[str, jax.Array]:
        """The model's buffers by dotted name, as they are now."""
        return {name: to_jax_array(b) for name, b in self.model.named_buffers()}

    def load(self, params: Mapping[str, Any], buffers: Mapping[str, Any]) -> None:
        """Put parameters and buffers back into the model."""
        mine = {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}
        for name, array in {**params, **buffers}.items():
            mine[name].detach().copy_(tensor_of(array))

    def __call__(self, params: Mapping[str, Any], buffers: Mapping[str, Any], rng: Any, *args: Any, **kwargs: Any) -> tuple:
        """Run the model.

        Args:
            rng: a key of `jax.random` for dropout and the like; None where nothing is random.

        Raises:
            RuntimeError: where something random is asked for without a key.
        """
        given = {
            name: tensor_of(a if isinstance(a, jax.Array) else jax.numpy.asarray(a))
            for name, a in {**params, **buffers}.items()
        }
        state = local.state
        before, state.grad = state.grad, True
        try:
            with swapped(self.model, given), drawing_from(_key_data(rng)):
                out = self.model(*_tensors(args), **_tensors(kwargs))
        finally:
            state.grad = before
        return _arrays(out), {name: to_jax_array(given[name]) for name in buffers}


def _key_data(rng: Any) -> Tensor | None:
    if rng is None:
        return None
    typed = jax.dtypes.issubdtype(rng.dtype, jax.dtypes.prng_key)
    return tensor_of(jax.random.key_data(rng) if typed else rng)


def to_jax(model: Module) -> Apply:
    """`apply(params, buffers, rng, *args, **kwargs) -> (outputs, new buffers)`, pure and on plain trees; see `Apply`.

    >>> from torchlike import nn
    >>> import jax, jax.numpy as jnp
    >>> apply = to_jax(nn.Linear(2, 1))
    >>> loss = lambda params, x: apply(params, {}, None, x)[0].sum()
    >>> sorted(jax.jit(jax.grad(loss))(apply.params, jnp.ones((3, 2))))
    ['bias', 'weight']
    """
    return Apply(model)


# ---- the other way ----------------------------------------------------------------------------------------------


def from_jax(fn: Callable) -> Callable:
    """A JAX function as an op on tensors: recorded as one node, differentiable in every way that `fn` is.

    Trees of tensors (and of `jax.Array`) go in, trees of tensors come out. All other arguments must be hashable; they and
    what `fn` closes over are constants of the compiled program, so that whatever changes must be an argument.

    >>> from torchlike import ones
    >>> import jax.numpy as jnp
    >>> x = ones(2, requires_grad=True)
    >>> from_jax(lambda x: jnp.sum(x**3))(x).backward()
    >>> x.grad.tolist()
    [3.0, 3.0]
    """
    known: dict[tuple, tuple[Signature, TreeSpec]] = {}

    @functools.wraps(fn)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = flatten((args, kwargs))
        leaves = [tensor_of(leaf) if isinstance(leaf, (jax.Array, np.ndarray)) else leaf for leaf in leaves]
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        values = [t._read() for t in tensors]
        key = (repr(spec), tuple(v.aval for v in values), tuple(_Here if isinstance(x, Tensor) else x for x in leaves))
        if key not in known:
            known[key] = _signature(fn, leaves, spec, [v.aval for v in values])
        sig, out_spec = known[key]
        outs = dispatch.apply(sig, values, (), tensors, any(t._rg for t in tensors))
        return unflatten(outs, out_spec)

    return wrapped


class _Here:
    """Marks the place of a tensor among the arguments."""


def _signature(fn: Callable, leaves: list, spec: TreeSpec, avals: list) -> tuple[Signature, TreeSpec]:
    if not avals:
        raise TypeError("from_jax: a JAX function needs one tensor at least among its arguments")
    tensor_places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    fixed = [None if isinstance(leaf, Tensor) else leaf for leaf in leaves]
    # The function sees the precision that its author had: 64 bits only where they are switched on or come in.
    wide = bool(jax.config.jax_enable_x64) or any(a.dtype.np.itemsize == 8 and a.dtype.is_differentiable for a in avals)
    found: list[TreeSpec] = []

    def run(*arrays: Any) -> tuple:
        full = list(fixed)
        for place, array in zip(tensor_places, arrays, strict=True):
            full[place] = array
        args, kwargs = unflatten(full, spec)
        with jax.enable_x64(wide):
            outs, out_spec = flatten(fn(*args, **kwargs))
            outs = [jax.numpy.asarray(o) for o in outs]
        found[:] = [out_spec]
        return tuple(outs)

    traced = any(a.traced for a in avals)
    sig = Signature(getattr(fn, "__name__", "jax_function"), avals, run, avals[0].device, traced)
    sig.structured = True
    sig.infer()
    return sig, found[0]

"""Flax modules as layers of a torch-style model, and torch-style models as `nnx.Module`s. Needs flax (`torchlike[flax]`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from torchlike.func.jax_bridge import Apply, from_jax
from torchlike.nn.modules.module import Module
from torchlike.tensor.from_data import from_jax as tensor_of
from torchlike.tensor.parameter import Parameter

__all__ = ["FromFlax", "from_linen", "from_nnx", "to_nnx"]


def _flax() -> Any:
    try:
        from flax import nnx
    except ImportError as error:
        raise ImportError("this needs flax: pip install 'torchlike[flax]'") from error
    return nnx


def _is_key(leaf: Any) -> bool:
    return jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _named(tree: Any) -> list[tuple[str, Any]]:
    """The leaves of a JAX tree with dotted names."""
    found = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        parts = [str(getattr(p, "key", getattr(p, "name", getattr(p, "idx", p)))) for p in path]
        found.append((".".join(re.sub(r"\W", "_", part) for part in parts if part not in ("value", ".value")), leaf))
    return found


class FromFlax(Module):
    """A Flax module as a layer: its parameters are `parameters()`, its other variables buffers, both in `state_dict()`.

    Made by `from_nnx` and `from_linen`. What the module writes into its variables (running statistics, counts of random
    keys) comes back into the buffers after each call; `train()` and `eval()` reach it.
    """

    def __init__(self, run: Callable[..., Any], params: Any, rest: Any):
        super().__init__()
        self._run = run  # (training, params, rest, args, kwargs) -> (outputs, new rest)
        self._names: dict[str, list[str]] = {}
        self._trees = {kind: jax.tree.structure(tree) for kind, tree in (("params", params), ("rest", rest))}
        self._kinds = [_is_key(leaf) for leaf in jax.tree.leaves(rest)]
        for kind, tree in (("params", params), ("rest", rest)):
            self._names[kind] = [self._hold(name, leaf, kind == "params") for name, leaf in _named(tree)]
        self._calls: dict[bool, Callable] = {mode: from_jax(self._pure(mode)) for mode in (True, False)}

    def _hold(self, name: str, leaf: Any, trained: bool) -> str:
        """Register a variable under its path, and return that."""
        *path, last = name.split(".")
        owner: Module = self
        for part in path:
            if part not in owner._modules:
                owner.add_module(part, Module())
            owner = owner._modules[part]  # type: ignore[assignment]  # just added
        array = jax.random.key_data(leaf) if _is_key(leaf) else jax.numpy.asarray(leaf)
        value = tensor_of(jax.numpy.array(array, copy=True))
        if trained:
            owner.register_parameter(last, Parameter(value, requires_grad=value.dtype.is_differentiable))
        else:
            owner.register_buffer(last, value)
        return name

    def _pure(self, training: bool) -> Callable:
        def call(params: list, rest: list, args: tuple, kwargs: dict) -> Any:
            filled = [jax.random.wrap_key_data(r) if key else r for r, key in zip(rest, self._kinds, strict=True)]
            trees = [jax.tree.unflatten(self._trees[k], v) for k, v in (("params", params), ("rest", filled))]
            out, new = self._run(training, *trees, args, kwargs)
            back = [jax.random.key_data(r) if key else r for r, key in zip(jax.tree.leaves(new), self._kinds, strict=True)]
            return out, back

        return call

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        params = [self.get_parameter(name) for name in self._names["params"]]
        rest = [self.get_buffer(name) for name in self._names["rest"]]
        out, new = self._calls[self.training](params, rest, args, kwargs)
        for buffer, value in zip(rest, new, strict=True):
            buffer.copy_(value.detach())
        return out


def from_nnx(module: Any) -> FromFlax:
    """An `nnx.Module` as a layer. The module itself is copied, and stays as it is.

    >>> from flax import nnx
    >>> layer = from_nnx(nnx.Linear(2, 3, rngs=nnx.Rngs(0)))
    >>> sorted(name for name, _ in layer.named_parameters())
    ['bias', 'kernel']
    """
    nnx = _flax()
    module, graphs = nnx.clone(module), {}
    for mode in (True, False):
        (module.train if mode else module.eval)()
        graphs[mode], params, rest = nnx.split(module, nnx.Param, ...)

    def run(training: bool, params: Any, rest: Any, args: tuple, kwargs: dict) -> tuple:
        merged = nnx.merge(graphs[training], params, rest)
        out = merged(*args, **kwargs)
        return out, nnx.split(merged, nnx.Param, ...)[2]

    return FromFlax(run, params, rest)


def from_linen(module: Any, variables: Mapping[str, Any], rngs: Any = None, train_argument: str = "") -> FromFlax:
    """A `linen.Module` with its variables (`module.init(key, *inputs)`) as a layer.

    Args:
        rngs: a key, from which the streams "dropout" and "params" are made anew for each call.
        train_argument: the name of the keyword, if there is one, that gets `training`.
    """
    rest: dict[str, Any] = {name: tree for name, tree in variables.items() if name != "params"}
    if rngs is not None:
        rest = {"collections": rest, "key": rngs, "calls": np.zeros((), np.uint32)}
    else:
        rest = {"collections": rest}

    def run(training: bool, params: Any, rest: Any, args: tuple, kwargs: dict) -> tuple:
        if train_argument:
            kwargs = {**kwargs, train_argument: training}
        extra: dict[str, Any] = {}
        after = dict(rest)
        if "key" in rest:
            key = jax.random.fold_in(rest["key"], rest["calls"])
            extra["rngs"] = {"dropout": key, "params": jax.random.fold_in(key, 1)}
            after["calls"] = (rest["calls"] + 1).astype(np.uint32)
        mutable = list(rest["collections"]) if training else []
        given = {"params": params, **rest["collections"]}
        if not mutable:
            return module.apply(given, *args, **extra, **kwargs), after
        out, new = module.apply(given, *args, mutable=mutable, **extra, **kwargs)
        after["collections"] = {**rest["collections"], **new}
        return out, after

    return FromFlax(run, variables.get("params", {}), rest)


def to_nnx(model: Module, rngs: Any = None) -> Any:
    """A torch-style model as an `nnx.Module`, for `nnx.jit`, `nnx.grad` and `nnx.Optimizer`.

    Its parameters are `nnx.Param`s, its buffers `nnx.BatchStat`s, named with "/" for torch's dots; arrays go in and come out.

    Args:
        rngs: an `nnx.Rngs` with a "dropout" (or default) stream, where the model draws random numbers.
    """
    nnx = _flax()
    apply = Apply(model)

    class TorchModule(nnx.Module):  # type: ignore[name-defined]  # imported just now
        """A torch-style model under nnx."""

        def __init__(self) -> None:
            self.params = nnx.Dict({n.replace(".", "/"): nnx.Param(a) for n, a in apply.params.items()})
            self.buffers = nnx.Dict({n.replace(".", "/"): nnx.BatchStat(a) for n, a in apply.buffers.items()})
            self.rngs = rngs
            self.training = model.training

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            params = {n.replace("/", "."): v[...] for n, v in self.params.items()}
            buffers = {n.replace("/", "."): v[...] for n, v in self.buffers.items()}
            key = None if self.rngs is None else self.rngs.dropout()
            out, new = apply(params, buffers, key, *args, **kwargs)
            for name, array in new.items():
                self.buffers[name.replace(".", "/")][...] = array
            return out

    return TorchModule()

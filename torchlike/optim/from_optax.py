"""The way in: any optax transformation as a torch-style optimizer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.engine.value import host
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare
from torchlike.tensor.update import apply_update

_ALIASES = {"learning_rate": "lr"}  # optax's name of an option -> torch's
_SHARED = "shared"


def from_optax(params: Iterable, transform: Any, *args: Any, lr: float | Tensor | None = None, **options: Any) -> FromOptax:
    """A torch-style optimizer that updates parameters by an optax transformation.

    Args:
        params: tensors, `(name, tensor)` pairs or parameter groups.
        transform: a factory such as `optax.lion`, whose numbers (given by `lr` and further keywords) become options of the
            parameter groups and may change at every step; or a finished transformation. Of one made with
            `optax.inject_hyperparams` the injected numbers become options; of any other `lr` is a factor, 1 by default, by
            which its updates are multiplied.
        lr: `learning_rate` of a factory, or the factor.

    A group has its own state, so a transformation that looks at all parameters at once (clipping by the global norm) looks
    at the group's. Parameters without gradients are left out of it.

    >>> import optax, torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.from_optax([weight], optax.lion, lr=0.25, weight_decay=0.0)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.tolist(), optimizer.param_groups[0]["lr"]
    ([0.75, 0.75], 0.25)
    """
    if not hasattr(transform, "update"):
        if lr is not None:
            options["learning_rate"] = float(lr)
        transform, lr = _made(transform, args, options), None
    elif args or options:
        raise TypeError(f"from_optax: a finished transformation takes no further options, got {[*args, *options]}")
    return FromOptax(params, transform, lr)


class FromOptax(Optimizer):
    """What `from_optax` makes; see there. `state[p]` holds the parameter's part of optax's state by its path in it."""

    def __init__(self, params: Iterable, transform: Any, lr: float | Tensor | None = None):
        self.transform = transform
        injected = _injected(transform)
        if injected is None:
            defaults: dict[str, Any] = {"lr": 1.0 if lr is None else lr}
        else:
            defaults = {_ALIASES.get(name, name): value for name, value in injected.items()}
            if lr is not None:
                defaults["lr"] = lr
        self._options = None if injected is None else tuple(injected)
        super().__init__(params, defaults)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"transform": self.transform, "_options": self._options}

    def _update_group(self, group: dict[str, Any]) -> None:
        params = [param for param in group["params"] if param.grad is not None]
        if not params:
            return
        rule, leaves = self._leaves(group, params)
        names = ("lr",) if self._options is None else self._options
        hyper = [float(group[_ALIASES.get(name, name)]) for name in names]
        keys = tuple(self._number(param) for param in params)
        apply_update(rule, params, [param.grad for param in params], [leaves], hyper, keys)

    def _number(self, param: Tensor) -> int:
        known = self.__dict__.setdefault("_numbers", {})
        return known.setdefault(id(param), len(known))

    def _leaves(self, group: dict[str, Any], params: Sequence[Tensor]) -> tuple[Callable, list[Tensor]]:
        """The rule for these parameters and the tensors of optax's state that it rewrites."""
        rule = _rule(self.transform, self._options)
        keys = [self._number(param) for param in params]
        shapes = tuple((tuple(p.shape), p.dtype.np) for p in params)
        paths = _paths(self.transform, tuple(keys), shapes, self._options)
        owner = dict(zip(keys, params, strict=True))
        shared = self.state[f"{_SHARED} {self.param_groups.index(group)}"]
        entries = [(shared if key is None else self.state[owner[key]], name) for key, name in paths]
        if any(name not in entry for entry, name in entries):
            tree = {key: jnp.asarray(np.asarray(param.detach().numpy())) for key, param in owner.items()}
            for (entry, name), leaf in zip(entries, _initial(self.transform, tree, self._options), strict=True):
                if name not in entry:
                    entry[name] = bare(host(np.array(leaf), params[0].device))
        return rule, [entry[name] for entry, name in entries]

    def to_optax(self) -> tuple[Any, Any]:
        """The transformation this was made of and its state, for a dictionary from 0, 1, ... to the parameters' arrays."""
        if len(self.param_groups) > 1:
            raise NotImplementedError("FromOptax.to_optax: each parameter group has a state of its own; make one for each")
        (group,) = self.param_groups
        _, leaves = self._leaves(group, group["params"])
        keys = [self._number(param) for param in group["params"]]
        tree = {key: jnp.asarray(param.detach().numpy()) for key, param in zip(keys, group["params"], strict=True)}
        state = self.transform.init(tree)
        filled = iter(jnp.asarray(leaf.detach().numpy()) for leaf in leaves)
        values = {name: float(group[_ALIASES.get(name, name)]) for name in self._options or ()}
        flat, structure = jax.tree_util.tree_flatten_with_path(state)
        new = [
            jnp.asarray(values[name], leaf.dtype) if (name := _option(path, self._options)) else next(filled)
            for path, leaf in flat
        ]
        return self.transform, jax.tree.unflatten(structure, new)


def _made(factory: Callable, args: tuple, options: dict[str, Any]) -> Any:
    """The transformation of a factory with its numbers open; the same one for the same options, and with it its programs."""
    try:
        return _made_once(factory, args, tuple(options.items()))
    except TypeError:  # an option that cannot be hashed
        return _made_once.__wrapped__(factory, args, tuple(options.items()))


@functools.lru_cache(maxsize=256)
def _made_once(factory: Callable, args: tuple, options: tuple) -> Any:
    import optax

    return optax.inject_hyperparams(factory)(*args, **dict(options))


def _injected(transform: Any) -> dict[str, float] | None:
    """The numbers of a transformation made with `optax.inject_hyperparams`, without those that follow a schedule."""
    state = jax.eval_shape(transform.init, {})
    if not hasattr(state, "hyperparams"):
        return None
    with jax.enable_x64(True):
        state = transform.init({0: np.zeros((), np.float64)})
    scheduled = getattr(state, "hyperparams_states", {})
    return {name: float(value) for name, value in state.hyperparams.items() if name not in scheduled}


def _option(path: tuple, options: Sequence[str] | None) -> str | None:
    """The group's option that stands at this place of the state, or None."""
    if options and len(path) == 2 and getattr(path[0], "name", None) == "hyperparams" and path[1].key in options:
        return path[1].key
    return None


def _place(path: tuple) -> tuple[int | None, str]:
    """Whose leaf it is (a parameter's number, or None for all) and its name."""
    own = [entry.key for entry in path if isinstance(entry, jax.tree_util.DictKey) and isinstance(entry.key, int)]
    rest = [entry for entry in path if not (isinstance(entry, jax.tree_util.DictKey) and isinstance(entry.key, int))]
    return (own[0] if own else None), jax.tree_util.keystr(tuple(rest), simple=True, separator=".")


@functools.lru_cache(maxsize=256)
def _paths(transform: Any, keys: tuple[int, ...], shapes: tuple, options: Any) -> list[tuple[int | None, str]]:
    tree = {key: jax.ShapeDtypeStruct(*shape) for key, shape in zip(keys, shapes, strict=True)}
    with jax.enable_x64(True):
        flat, _ = jax.tree_util.tree_flatten_with_path(jax.eval_shape(transform.init, tree))
    return [_place(path) for path, _ in flat if not _option(path, options)]


def _initial(transform: Any, tree: dict[int, Any], options: Any) -> list[Any]:
    with jax.enable_x64(True):
        flat, _ = jax.tree_util.tree_flatten_with_path(transform.init(tree))
    return [leaf for path, leaf in flat if not _option(path, options)]


@functools.lru_cache(maxsize=256)
def _rule(transform: Any, options: tuple[str, ...] | None) -> Callable:
    """The transformation in the form in which the engine records updates."""

    def optax_update(params: tuple, grads: tuple, states: tuple, hyper: tuple, keys: tuple[int, ...]) -> tuple:
        import optax

        old, given = dict(zip(keys, params, strict=True)), dict(zip(keys, grads, strict=True))
        flat, structure = jax.tree_util.tree_flatten_with_path(jax.eval_shape(transform.init, old))
        held, values = iter(states[0]), dict(zip(options or (), hyper, strict=False))
        leaves = [values[name].astype(leaf.dtype) if (name := _option(path, options)) else next(held) for path, leaf in flat]
        updates, new = optax.with_extra_args_support(transform).update(given, jax.tree.unflatten(structure, leaves), old)
        if options is None:
            updates = jax.tree.map(lambda u: u * hyper[0].astype(u.dtype), updates)
        made = optax.apply_updates(old, updates)
        flat, _ = jax.tree_util.tree_flatten_with_path(new)
        fresh = [leaf for path, leaf in flat if not _option(path, options)]
        fresh = [leaf.astype(before.dtype) for leaf, before in zip(fresh, states[0], strict=True)]
        return tuple(made[key].astype(old[key].dtype) for key in keys), (tuple(fresh),)

    return optax_update

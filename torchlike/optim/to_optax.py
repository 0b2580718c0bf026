"""The way out: an optimizer's next steps as an optax transformation."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.optim.rules import Layout


class OptaxState(NamedTuple):
    """The state of what `to_optax` returns.

    Attributes:
        steps: how many steps each parameter has made, in the optimizer's order; `()` where nothing counts.
        hyperparams: per parameter group (Adafactor: the matrices of a group, then the rest) its numbers; they may be
            changed between steps.
        states: in the same order, per kind of state one array a parameter.
    """

    steps: tuple
    hyperparams: tuple
    states: tuple


class Part(NamedTuple):
    """Parameters that follow one rule: their places in the optimizer's order, and the rule with what shapes it."""

    places: tuple[int, ...]
    rule: Any
    layout: Layout
    steps: bool


def export(optimizer: Any) -> tuple:
    """`Optimizer.to_optax`."""
    if inspect.unwrap(type(optimizer).step).__qualname__ != "Optimizer.step":
        raise NotImplementedError(f"{type(optimizer).__name__}.to_optax: its step is no rule applied to each parameter")
    everything = [p for group in optimizer.param_groups for p in group["params"]]
    places = {id(param): i for i, param in enumerate(everything)}
    counts: list[Any] = []
    parts, hypers, states = [], [], []
    for update, params, group in optimizer._rules():
        entries = [optimizer.state.get(param) or {} for param in params]
        if update.steps:
            counts = counts or [_count(0)] * len(everything)
            for param, entry in zip(params, entries, strict=True):
                begun = all(entry.get(name) is not None for name in update.states)
                counts[places[id(param)]] = _count(entry.get("step", 0) if optimizer.counted else begun)
        layout = Layout(update.states, tuple(update.hyper), update.flags, None)
        parts.append(Part(tuple(places[id(p)] for p in params), update.rule, layout, update.steps))
        hypers.append({name: float(value) for name, value in update.hyper.items()})
        held = [
            [optimizer._new_state(n, p, group) if e.get(n) is None else e[n] for p, e in zip(params, entries, strict=True)]
            for n in update.states
        ]
        states.append(tuple(tuple(_array(tensor) for tensor in kind) for kind in held))
    names = [name for group in optimizer.param_groups for name in group.get("param_names", ())]
    state = OptaxState(tuple(counts), tuple(hypers), tuple(states))
    return transformation(parts, state, names or None, [tuple(param.shape) for param in everything])


def transformation(parts: Sequence[Part], state: OptaxState, names: Sequence[str] | None, shapes: Sequence[tuple]) -> tuple:
    """`(optax.GradientTransformation, state)` that goes on where the optimizer stands.

    Gradients and parameters are a sequence in the optimizer's order or, where its parameters have names, a dictionary.
    Double precision is used for numbers inside, whatever JAX's flag says, as in the optimizer itself.
    """
    import optax

    def init(params: Any) -> OptaxState:
        _listed(params, names, shapes)
        return state

    def update(grads: Any, current: OptaxState, params: Any = None) -> tuple[Any, OptaxState]:
        if params is None:
            raise ValueError("this transformation needs the parameters: update(grads, state, params)")
        old, given = _listed(params, names, shapes), _listed(grads, names, shapes)
        new, states, counts = list(old), [], list(current.steps)
        with jax.enable_x64(True):
            for part, hyper, held in zip(parts, current.hyperparams, current.states, strict=True):
                numbers = [hyper[name] for name in part.layout.hyper]
                index = None
                if part.steps:
                    numbers += [counts[i] + 1 for i in part.places]
                    index = tuple(range(len(part.places)))
                layout = part.layout._replace(steps=index)
                chosen = [[tree[i] for i in part.places] for tree in (old, given)]
                made, held = part.rule(tuple(chosen[0]), tuple(chosen[1]), held, tuple(numbers), layout)
                states.append(held)
                for i, array in zip(part.places, made, strict=True):
                    new[i] = array
                    if counts:
                        counts[i] = (counts[i] + 1).astype(counts[i].dtype)
            updates = [(n - o).astype(o.dtype) for n, o in zip(new, old, strict=True)]
        return _like(params, names, updates), OptaxState(tuple(counts), current.hyperparams, tuple(states))

    return optax.GradientTransformation(init, update), state


def _count(number: Any) -> jax.Array:
    return jnp.asarray(np.int32(number))


def _array(tensor: Any) -> jax.Array:
    with jax.enable_x64(True):
        return jnp.array(tensor.detach().numpy())  # a copy: the optimizer goes on to rewrite its own buffer


def _listed(tree: Any, names: Sequence[str] | None, shapes: Sequence[tuple]) -> list:
    """The leaves in the optimizer's order."""
    if isinstance(tree, dict):
        if names is None or set(tree) != set(names):
            raise ValueError(
                f"expected the optimizer's parameters by name, {list(names) if names else 'which it was not given'}; got "
                f"{list(tree)}. Build it from named_parameters(), or pass a list in its order"
            )
        leaves = [tree[name] for name in names]
    else:
        leaves = list(tree) if isinstance(tree, (list, tuple)) else [tree]
    found = [tuple(np.shape(leaf)) for leaf in leaves]
    if found != list(shapes):
        raise ValueError(f"expected arrays of the optimizer's shapes, in its order: {list(shapes)}, got {found}")
    return [jnp.asarray(leaf) for leaf in leaves]


def _like(tree: Any, names: Sequence[str] | None, leaves: list) -> Any:
    """The leaves in the form of `tree`."""
    if isinstance(tree, dict):
        by_name = dict(zip(names or (), leaves, strict=True))
        return {name: by_name[name] for name in tree}
    if isinstance(tree, (list, tuple)):
        return jax.tree.unflatten(jax.tree.structure(tree), leaves)
    return leaves[0]

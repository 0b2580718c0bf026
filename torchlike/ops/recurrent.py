"""Recurrent networks: one scan over time for every cell, direction and layer.

A cell is its pointwise part only. What it is fed, `W_ih x + b_ih`, is one matrix product over all time steps, made before the
scan. The derivative is written as a scan of its own, linear in the tangents, whose coefficients are made for all steps at
once, and in which the tangents of the weights enter as products over all steps: transposed, that is one large product for
each weight's gradient, where differentiating the scan itself adds up a small one in every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.base import exporting
from torchlike.ops.activation import wide
from torchlike.ops.registry import op

States = tuple[Array, ...]


class Elman:
    """h' = act(x + h), where x and h stand for what the weights made of the input and of the last state."""

    gates = states = 1

    def __init__(self, relu: bool) -> None:
        self.relu = relu

    def step(self, states: States, x: Array, h: Array) -> tuple[States, tuple[Array, ...]]:
        """The next states, and what `slopes` needs of this step."""
        out = jax.nn.relu(x + h) if self.relu else jnp.tanh(x + h)
        return (out,), (out,)

    def slopes(self, saved: Sequence[Array], before: States) -> tuple[Array, ...]:
        """The coefficients of `tangent`, for all steps at once. `before` are the states before each step."""
        (out,) = saved
        return ((out > 0).astype(out.dtype) if self.relu else 1 - out * out,)

    def tangent(self, slopes: Sequence[Array], states: States, x: Array, h: Array) -> States:
        """How the next states move when the states, x and h do: linear in the last three."""
        return (slopes[0] * (x + h),)


class Gru:
    """Gated recurrent unit (Cho et al., 2014); gates r, z, n, of which r acts on what the weights made of h."""

    gates, states = 3, 1

    def step(self, states: States, x: Array, h: Array) -> tuple[States, tuple[Array, ...]]:
        xr, xz, xn = jnp.split(x, 3, -1)
        hr, hz, hn = jnp.split(h, 3, -1)
        r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
        n = jnp.tanh(xn + r * hn)
        return (n + z * (states[0] - n),), (r, z, n, hn)

    def slopes(self, saved: Sequence[Array], before: States) -> tuple[Array, ...]:
        r, z, n, hn = saved
        new = (1 - z) * (1 - n * n)
        return new * hn * r * (1 - r), (before[0] - n) * z * (1 - z), new, new * r, z

    def tangent(self, slopes: Sequence[Array], states: States, x: Array, h: Array) -> States:
        of_r, of_z, of_x, of_h, keep = slopes
        xr, xz, xn = jnp.split(x, 3, -1)
        hr, hz, hn = jnp.split(h, 3, -1)
        return (of_r * (xr + hr) + of_z * (xz + hz) + of_x * xn + of_h * hn + keep * states[0],)


class Lstm:
    """Long short-term memory (Hochreiter and Schmidhuber, 1997); gates i, f, g, o and states h, c."""

    gates, states = 4, 2

    def step(self, states: States, x: Array, h: Array) -> tuple[States, tuple[Array, ...]]:
        i, f, g, o = jnp.split(x + h, 4, -1)
        i, f, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jax.nn.sigmoid(o)
        g = jnp.tanh(g)
        c = f * states[1] + i * g
        return (o * jnp.tanh(c), c), (i, f, g, o, c)

    def slopes(self, saved: Sequence[Array], before: States) -> tuple[Array, ...]:
        i, f, g, o, c = saved
        t = jnp.tanh(c)
        return g * i * (1 - i), before[1] * f * (1 - f), i * (1 - g * g), f, t * o * (1 - o), o * (1 - t * t)

    def tangent(self, slopes: Sequence[Array], states: States, x: Array, h: Array) -> States:
        of_i, of_f, of_g, keep, of_o, of_c = slopes
        i, f, g, o = jnp.split(x + h, 4, -1)
        c = of_i * i + of_f * f + of_g * g + keep * states[1]
        return of_o * o + of_c * c, c


CELLS: dict[str, Any] = {"rnn_tanh": Elman(False), "rnn_relu": Elman(True), "gru": Gru(), "lstm": Lstm()}


class Weights(NamedTuple):
    """What one layer holds for one direction: `(G * H, I)`, `(G * H, P)`, two biases `(G * H,)`, `(P, H)`; None if absent."""

    ih: Array
    hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    hr: Array | None = None


def times(x: Array, weight: Array) -> Array:
    """x @ weight.T in the weight's dtype, summed up and returned in 32 bits at least."""
    out = jnp.float32 if weight.dtype.itemsize < 4 else weight.dtype
    contracted = (((x.ndim - 1,), (1,)), ((), ()))
    return lax.dot_general(x.astype(weight.dtype), weight, contracted, preferred_element_type=out)


def _plus(x: Array, bias: Array | None) -> Array:
    return x if bias is None else x + wide(bias)


class _Inner(NamedTuple):
    """What of the weights acts inside the scan."""

    hh: Array
    bias: Array | None
    hr: Array | None


def scan(body: Any, states: Any, xs: Any, reverse: bool) -> tuple[Any, Any]:
    """`lax.scan`. ONNX, as jax2onnx writes it, goes forwards only: for it the steps are turned around."""
    if not (reverse and exporting.state.onnx):
        return lax.scan(body, states, xs, reverse=reverse)
    last, outs = lax.scan(body, states, _turned(xs))
    return last, _turned(outs)


def _turned(tree: Any) -> Any:
    return jax.tree.map(lambda x: jnp.flip(x, 0), tree)


def _scan(cell: Any, reverse: bool, keep: bool, inner: _Inner, x: Array, valid: Array | None, states: States) -> tuple:
    """The last states, the outputs `(T, B, P)` and, with `keep`, what `slopes` needs: (saved, all states, unprojected outputs).

    Where `valid` `(T, B, 1)` is False the states stay as they are.
    """

    def body(before: States, step: tuple) -> tuple[States, tuple]:
        x, valid = step
        after, saved = cell.step(before, x, _plus(times(before[0], inner.hh), inner.bias))
        full = after[0]
        if inner.hr is not None:
            after = (times(full, inner.hr), *after[1:])
        if valid is not None:
            after = tuple(jnp.where(valid, new, old) for new, old in zip(after, before, strict=True))
        return after, (after[0], (saved, after[1:], full if inner.hr is not None else None) if keep else None)

    last, (out, rest) = scan(body, states, (x, valid), reverse)
    return last, out, rest


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _run(cell: Any, reverse: bool, inner: _Inner, x: Array, valid: Array | None, states: States) -> tuple[Array, States]:
    """Outputs `(T, B, P)` and last states of one layer in one direction, x `(T, B, G * H)`."""
    last, out, _ = _scan(cell, reverse, False, inner, x, valid, states)
    return out, last


@_run.defjvp
def _run_jvp(cell: Any, reverse: bool, primals: tuple, tangents: tuple) -> tuple:
    inner, x, valid, states = primals
    d_inner, dx, _, d_states = tangents
    last, out, (saved, others, full) = _scan(cell, reverse, True, inner, x, valid, states)

    def shifted(first: Array, all_: Array) -> Array:
        """What stood before each step."""
        parts = [all_[1:], first[None]] if reverse else [first[None], all_[:-1]]
        return jnp.concatenate(parts)

    before = tuple(shifted(first, all_) for first, all_ in zip(states, (out, *others), strict=True))
    slopes = cell.slopes(saved, before)
    dh = _plus(times(before[0], d_inner.hh), d_inner.bias)
    d_out = None if full is None else times(full, d_inner.hr)

    def body(ds: States, step: tuple) -> tuple[States, Array]:
        dx, dh, d_out, slopes, valid = step
        new = cell.tangent(slopes, ds, dx, dh + times(ds[0], inner.hh))
        if inner.hr is not None:
            new = (times(new[0], inner.hr) + d_out, *new[1:])
        if valid is not None:
            new = tuple(jnp.where(valid, a, b) for a, b in zip(new, ds, strict=True))
        return new, new[0]

    d_last, d_outs = lax.scan(body, d_states, (dx, dh, d_out, slopes, valid), reverse=reverse)
    return (out, last), (d_outs, d_last)


def _layer(cell: Any, reverse: bool, w: Weights, x: Array, valid: Array | None, states: States) -> tuple[Array, States]:
    """One layer in one direction: `(T, B, I)` -> `(T, B, P)`, last states; sums in 32 bits at least."""
    fed = _plus(times(x, w.ih), w.bias_ih)
    return _run(cell, reverse, _Inner(w.hh, w.bias_hh, w.hr), fed, valid, states)


def _grouped(weights: Sequence[Array], biases: bool, projected: bool) -> list[Weights]:
    """The flat list of weights, layer by layer and direction by direction, as `Weights`."""
    each = 2 + 2 * biases + projected
    if len(weights) % each:
        raise RuntimeError(f"a recurrent layer has {each} weights for each direction; received {len(weights)}")
    parts = [weights[i : i + each] for i in range(0, len(weights), each)]
    found = []
    for p in parts:
        b_ih, b_hh = p[2:4] if biases else (None, None)
        found.append(Weights(p[0], p[1], b_ih, b_hh, p[-1] if projected else None))
    return found


def _first_states(
    cell: Any, given: Sequence[Array | None], groups: Sequence[Weights], batch: int, dtype: Any
) -> list[list[Array]]:
    """For each layer and direction its first states: the given ones, or zeros."""
    found = []
    for i, w in enumerate(groups):
        sizes = (w.hh.shape[1], w.hh.shape[0] // cell.gates)
        states = zip(given, sizes, strict=True) if cell.states == 2 else [(given[0], sizes[0])]
        found.append([jnp.zeros((batch, size), dtype) if s is None else wide(s[i]) for s, size in states])
    return found


@op("_recurrent", ns="", method=False, out=False)
def recurrent(
    input, lengths, hx, cx, *rest, cell="lstm", num_layers=1, bidirectional=False, biases=True, projected=False,
    batch_first=False, keep=1.0,
):  # fmt: skip
    """A whole recurrent network.

    Args:
        input: `(T, B, I)`, or `(B, T, I)` with `batch_first`. lengths: `(B,)`, steps of each sequence, or None for all T.
        hx, cx: `(layers * directions, B, P or H)`, or None for zeros; cx is of LSTMs only.
        rest: the weights, `num_layers * directions` times `Weights`; then for each layer but the last, with `keep` below 1,
            the dropout mask of its output (bool, `(T, B, directions * P)`).
        cell: one of CELLS. keep: the probability with which dropout keeps an element.

    Returns:
        outputs (0 after a sequence's end), last h, and for LSTMs last c.
    """
    kind = CELLS[cell]
    masks = num_layers - 1 if keep < 1 else 0
    groups = _grouped(rest[: len(rest) - masks], biases, projected)
    directions = 2 if bidirectional else 1
    if len(groups) != num_layers * directions:
        raise RuntimeError("got an incorrect number of RNN parameters")
    x = jnp.swapaxes(input, 0, 1) if batch_first else input  # (T, B, I)
    if x.shape[0] == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    valid = None if lengths is None else (jnp.arange(x.shape[0])[:, None] < lengths)[..., None]  # (T, B, 1)
    first = _first_states(kind, (hx, cx), groups, x.shape[1], wide(x[:0]).dtype)
    last = []
    for layer in range(num_layers):
        outs = []
        for direction in range(directions):
            i = layer * directions + direction
            out, states = _layer(kind, direction == 1, groups[i], x, valid, tuple(first[i]))
            outs.append(out.astype(input.dtype))
            last.append(states)
        x = outs[0] if directions == 1 else jnp.concatenate(outs, -1)  # (T, B, directions * P)
        if masks and layer < masks:
            noise = rest[layer - masks].astype(x.dtype) / jnp.maximum(jnp.asarray(keep, x.dtype), jnp.finfo(x.dtype).tiny)
            x = x * noise
    if valid is not None:
        x = jnp.where(valid, x, 0)
    ends = [jnp.stack(each).astype(input.dtype) for each in zip(*last, strict=True)]
    return (jnp.swapaxes(x, 0, 1) if batch_first else x, *ends)


# ---- single steps -----------------------------------------------------------------------------------------------------


def _check_cell(input: Array, states: Sequence[Array], w: Weights, gates: int) -> None:
    """Raises RuntimeError for sizes that do not fit, in torch's words."""
    if input.ndim != 2:
        dims = input.ndim
        raise IndexError(f"Dimension out of range (expected to be in range of [{-dims}, {dims - 1}], but got 1)")
    if input.shape[1] != w.ih.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {w.ih.shape[1]}")
    hidden = w.hh.shape[1]
    for state in states:
        if state.shape[0] != input.shape[0]:
            raise RuntimeError(f"Input batch size {input.shape[0]} doesn't match hidden0 batch size {state.shape[0]}")
        if state.shape[1] != hidden:
            raise RuntimeError(f"hidden0 has inconsistent hidden_size: got {state.shape[1]}, expected {hidden}")
    if w.ih.shape[0] != gates * hidden:
        first = w.ih.shape[0]
        raise RuntimeError(f"weight_ih first dim must be {gates} * hidden_size = {gates * hidden}, but got {first}")


def _one_step(kind: Any, input: Array, states: Sequence[Array], w: Weights) -> States:
    """The next states `(B, H)`."""
    _check_cell(input, states, w, kind.gates)
    x = _plus(times(input, w.ih), w.bias_ih)
    after, _ = kind.step(tuple(map(wide, states)), x, _plus(times(states[0], w.hh), w.bias_hh))
    return tuple(state.astype(input.dtype) for state in after)


@op(method=False, out=False)
def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """tanh(W_ih x + b_ih + W_hh h + b_hh). `(B, I)`, `(B, H)` -> `(B, H)`."""
    return _one_step(CELLS["rnn_tanh"], input, [hx], Weights(w_ih, w_hh, b_ih, b_hh))[0]


@op(method=False, out=False)
def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """relu(W_ih x + b_ih + W_hh h + b_hh). `(B, I)`, `(B, H)` -> `(B, H)`."""
    return _one_step(CELLS["rnn_relu"], input, [hx], Weights(w_ih, w_hh, b_ih, b_hh))[0]


@op(method=False, out=False)
def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next state of a gated recurrent unit. `(B, I)`, `(B, H)` -> `(B, H)`; weights `(3 * H, I)`, `(3 * H, H)`."""
    return _one_step(CELLS["gru"], input, [hx], Weights(w_ih, w_hh, b_ih, b_hh))[0]


@op("_lstm_cell", ns="", method=False, out=False)
def lstm_cell(input, hx, cx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next h and c of an LSTM. `(B, I)`, two of `(B, H)` -> two of `(B, H)`; weights `(4 * H, I)`, `(4 * H, H)`."""
    return _one_step(CELLS["lstm"], input, [hx, cx], Weights(w_ih, w_hh, b_ih, b_hh))

"""Recurrent layers by int8 weights, their input and their states quantized on the way."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from torchlike.ops.quantized_math import dynamic_linear
from torchlike.ops.recurrent import CELLS, scan
from torchlike.ops.registry import op


@op("quantized_recurrent", ns="", method=False, out=False, wide=True)
def quantized_recurrent(
    input, w_ih, scale_ih, sums_ih, w_hh, scale_hh, sums_hh, b_ih=None, b_hh=None, h=None, c=None, lengths=None,
    *, cell, reverse=False, reduce_range=True,
):  # fmt: skip
    """One layer in one direction: `(T, B, I)` -> outputs `(T, B, H)`, last h (and c) `(B, H)`.

    The scale of the input is that of the whole sequence; that of the state is chosen in each step.

    Args:
        w_ih, w_hh: int8 `(G * H, I)`, `(G * H, H)`, with zero point 0; scales and sums over columns beside them.
        lengths: `(B,)`: a sequence's states stay as they are beyond its end.
    """
    kind = CELLS[cell]
    fed = dynamic_linear(input, w_ih, scale_ih, None, sums_ih, b_ih, reduce_range)
    valid = None if lengths is None else (jnp.arange(input.shape[0])[:, None] < lengths)[..., None]
    first = tuple(_first(s, input.shape[1], w_hh.shape[1]) for s in (h, c)[: kind.states])

    def body(before: tuple, step: tuple) -> tuple:
        x, valid = step
        known = before[0] if valid is None else jnp.where(valid, before[0], 0)  # others have no part in the scale
        of_h = dynamic_linear(known, w_hh, scale_hh, None, sums_hh, b_hh, reduce_range)
        after, _ = kind.step(before, x, of_h)
        if valid is not None:
            after = tuple(jnp.where(valid, new, old) for new, old in zip(after, before, strict=True))
        return after, after[0]

    last, out = scan(body, first, (fed, valid), reverse)
    if valid is not None:
        out = jnp.where(valid, out, 0)
    return (out, *last)


def _first(state: Array | None, batch: int, size: int) -> Array:
    return jnp.zeros((batch, size), jnp.float32) if state is None else state.astype(jnp.float32)


@op("quantized_cell", ns="", method=False, out=False, wide=True)
def quantized_cell(
    input, h, c, w_ih, scale_ih, sums_ih, w_hh, scale_hh, sums_hh, b_ih=None, b_hh=None, *, cell, reduce_range=True
):
    """The next state(s) of a cell, `(B, H)`."""
    x = dynamic_linear(input, w_ih, scale_ih, None, sums_ih, b_ih, reduce_range)
    of_h = dynamic_linear(h, w_hh, scale_hh, None, sums_hh, b_hh, reduce_range)
    after, _ = CELLS[cell].step((h,) if c is None else (h, c), x, of_h)
    return after if len(after) > 1 else after[0]

"""How jax2onnx writes torchlike's own primitives, QuantizeLinear and DequantizeLinear, and padding of free sizes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jax.export import is_symbolic_dim

_QUANTIZE, _DEQUANTIZE = "torchlike_quantize", "torchlike_dequantize"


@cache
def register() -> None:
    """Tell jax2onnx, once."""
    from jax2onnx.plugins.plugin_system import (
        PLUGIN_REGISTRY,
        PrimitiveLeafPlugin,
        import_all_plugins,
        register_primitive,
    )

    def plugin(primitive: str, operator: str) -> None:
        class Linear(PrimitiveLeafPlugin):
            def lower(self, ctx: Any, eqn: Any) -> None:
                _lower(ctx, eqn, operator)

        about = {"context": "primitives.torchlike", "component": operator, "since": "0.0.0", "testcases": []}
        register_primitive(jaxpr_primitive=primitive, jax_doc="", onnx=[], **about)(Linear)

    import_all_plugins()
    original: Any = PLUGIN_REGISTRY["pad"]

    class Pad(PrimitiveLeafPlugin):
        """jax2onnx's own (0.17) asks for a number where a size is a symbol."""

        def lower(self, ctx: Any, eqn: Any) -> None:
            plain = all(low >= 0 and high >= 0 and inside == 0 for low, high, inside in eqn.params["padding_config"])
            symbolic = any(is_symbolic_dim(size) for size in eqn.invars[0].aval.shape)
            (_lower_pad if plain and symbolic else original.lower)(ctx, eqn)

    products: Any = PLUGIN_REGISTRY["dot_general"]

    class DotGeneral(PrimitiveLeafPlugin):
        """jax2onnx's own (0.17) writes a wrong Einsum for products over several dimensions, or over none."""

        def lower(self, ctx: Any, eqn: Any) -> None:
            (contracted, _), _ = eqn.params["dimension_numbers"]
            same = len({v.aval.dtype for v in (*eqn.invars, *eqn.outvars)}) == 1
            (products.lower if len(contracted) == 1 or not same else _lower_product)(ctx, eqn)

    choice: Any = PLUGIN_REGISTRY["select_n"]

    class Select(PrimitiveLeafPlugin):
        """jax2onnx's own (0.17) writes a Where of bools, which onnxruntime does not have."""

        def lower(self, ctx: Any, eqn: Any) -> None:
            logical = eqn.outvars[0].aval.dtype == np.bool_ and len(eqn.invars) == 3
            shapes = {v.aval.shape for v in eqn.invars}
            (_lower_choice if logical and len(shapes) == 1 else choice.lower)(ctx, eqn)

    for name, kind in (("pad", Pad), ("dot_general", DotGeneral), ("select_n", Select)):
        about = {"context": "primitives.lax", "component": name, "since": "0.0.0", "testcases": []}
        register_primitive(jaxpr_primitive=name, jax_doc="", onnx=[], **about)(kind)
    plugin(_QUANTIZE, "QuantizeLinear")
    plugin(_DEQUANTIZE, "DequantizeLinear")


def _lower_pad(ctx: Any, eqn: Any) -> None:
    pads = [p[0] for p in eqn.params["padding_config"]] + [p[1] for p in eqn.params["padding_config"]]
    sizes = ctx.bind_const_for_var(object(), np.asarray(pads, np.int64))
    x, value = (ctx.get_value_for_var(v, name_hint=ctx.fresh_name("pad_in")) for v in eqn.invars)
    out = ctx.get_value_for_var(eqn.outvars[0], name_hint=ctx.fresh_name("pad_out"))
    made = ctx.builder.Pad(x, sizes, value, _outputs=[out.name or ctx.fresh_name("padded")])
    made.type, made.shape = out.type, out.shape
    ctx.bind_value_for_var(eqn.outvars[0], made)


def _lower_product(ctx: Any, eqn: Any) -> None:
    (left, right), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    first = [next(letters) for _ in eqn.invars[0].aval.shape]
    second = [""] * len(eqn.invars[1].aval.shape)
    for mine, other in zip((*left, *left_batch), (*right, *right_batch), strict=True):
        second[other] = first[mine]
    second = [s or next(letters) for s in second]
    batch = [first[d] for d in left_batch]
    out = batch + [s for s in first if s not in second] + [s for s in second if s not in first]
    _bound(ctx, eqn, "Einsum", equation=f"{''.join(first)},{''.join(second)}->{''.join(out)}")


def _lower_choice(ctx: Any, eqn: Any) -> None:
    """(which and last) or (first and not which)."""
    which, first, last = (ctx.get_value_for_var(v, name_hint=ctx.fresh_name("in")) for v in eqn.invars)

    def node(operator: str, *values: Any, name: str = "") -> Any:
        made = getattr(ctx.builder, operator)(*values, _outputs=[name or ctx.fresh_name(operator)])
        made.type, made.shape = out.type, out.shape
        return made

    out = ctx.get_value_for_var(eqn.outvars[0], name_hint=ctx.fresh_name("out"))
    parts = node("And", which, last), node("And", node("Not", which), first)
    ctx.bind_value_for_var(eqn.outvars[0], node("Or", *parts, name=out.name or ""))


def _bound(ctx: Any, eqn: Any, operator: str, *numbers: Any, **attributes: Any) -> None:
    """One node of the equation's inputs (and further numbers)."""
    inputs = [ctx.get_value_for_var(v, name_hint=ctx.fresh_name("in")) for v in eqn.invars]
    out = ctx.get_value_for_var(eqn.outvars[0], name_hint=ctx.fresh_name("out"))
    made = getattr(ctx.builder, operator)(*inputs, *numbers, _outputs=[out.name or ctx.fresh_name(operator)], **attributes)
    made.type, made.shape = out.type, out.shape
    ctx.bind_value_for_var(eqn.outvars[0], made)


def _lower(ctx: Any, eqn: Any, operator: str) -> None:
    static = eqn.params
    integers = np.dtype(static["dtype"]) if operator == "QuantizeLinear" else np.dtype(eqn.invars[0].aval.dtype)
    each = np.float32, integers
    axis = static["axis"]
    numbers = [
        ctx.bind_const_for_var(object(), np.asarray(v if axis is not None else v[0], kind))
        for v, kind in zip((static["scale"], static["zero_point"]), each, strict=True)
    ]
    _bound(ctx, eqn, operator, *numbers, **({} if axis is None else {"axis": axis}))

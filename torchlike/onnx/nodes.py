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

    about = {"context": "primitives.lax", "component": "pad", "since": "0.0.0", "testcases": []}
    register_primitive(jaxpr_primitive="pad", jax_doc="", onnx=[], **about)(Pad)
    plugin(_QUANTIZE, "QuantizeLinear")
    plugin(_DEQUANTIZE, "DequantizeLinear")


def _lower_pad(ctx: Any, eqn: Any) -> None:
    pads = [p[0] for p in eqn.params["padding_config"]] + [p[1] for p in eqn.params["padding_config"]]
    x, value = (ctx.get_value_for_var(v, name_hint=ctx.fresh_name("pad_in")) for v in eqn.invars)
    out = ctx.get_value_for_var(eqn.outvars[0], name_hint=ctx.fresh_name("pad_out"))
    sizes = ctx.bind_const_for_var(object(), np.asarray(pads, np.int64))
    made = ctx.builder.Pad(x, sizes, value, _outputs=[out.name or ctx.fresh_name("padded")])
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
    x = ctx.get_value_for_var(eqn.invars[0], name_hint=ctx.fresh_name("quantized_in"))
    out = ctx.get_value_for_var(eqn.outvars[0], name_hint=ctx.fresh_name("quantized_out"))
    options = {} if axis is None else {"axis": axis}
    made = getattr(ctx.builder, operator)(x, *numbers, _outputs=[out.name or ctx.fresh_name("quantized")], **options)
    made.type, made.shape = out.type, out.shape
    ctx.bind_value_for_var(eqn.outvars[0], made)

"""Cells of floats with int8 weights, and what they share with whole layers."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.quantized.modules.utils import quantize_weight
from torchlike.ao.nn.quantized.packed import Packed
from torchlike.base import dtypes
from torchlike.nn.modules import rnn as float_rnn
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized_functions import _empty_affine_quantized

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


def _made(mod: Any, weight: Tensor, bias: Tensor, dtype: Any) -> Packed:
    if dtype is dtypes.float16:
        return Packed(weight, bias)
    observer = mod.qconfig.weight()
    observer(weight)
    return Packed(quantize_weight(weight, observer), bias)


def _dtype_of(mod: Any) -> Any:
    """The dtype that a float module's qconfig wants. Raises AssertionError, RuntimeError for what cannot be."""
    if not hasattr(mod, "qconfig"):
        raise AssertionError("Input float module must have qconfig defined")
    if not mod.bias:
        raise AssertionError("mod.bias must be True")
    dtype = mod.qconfig.weight().dtype
    if dtype not in (dtypes.qint8, dtypes.float16):
        raise RuntimeError(f"Unsupported dtype for dynamic RNN quantization: {dtype}")
    return dtype


def _arguments(ih: Packed, hh: Packed) -> tuple:
    """What the ops take of two int8 weights."""
    if ih.offset or hh.offset:
        raise NotImplementedError("recurrent layers whose int8 weights have a zero point: use a symmetric weight observer")
    (w_ih, s_ih, _, sums_ih), (w_hh, s_hh, _, sums_hh) = ih.numbers, hh.numbers
    return w_ih, s_ih, sums_ih, w_hh, s_hh, sums_hh, ih.bias, hh.bias


class RNNCellBase(Module):
    """What cells share: two int8 (or float16) weights."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, num_chunks: int = 4, dtype: Any = dtypes.qint8):
        super().__init__()
        self.input_size, self.hidden_size, self.bias, self.weight_dtype = input_size, hidden_size, bias, dtype
        rows = num_chunks * hidden_size
        for name, columns in (("ih", input_size), ("hh", hidden_size)):
            weight: Any = _empty_affine_quantized([rows, columns], dtype=dtypes.qint8)
            weight = weight if dtype is dtypes.qint8 else weight.dequantize()
            setattr(self, f"_packed_weight_{name}", Packed(weight, creation.zeros(rows)))

    _packed_weight_ih: Packed
    _packed_weight_hh: Packed

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias is True else f", bias={self.bias}")
        return text + (f", nonlinearity={self.nonlinearity}" if getattr(self, "nonlinearity", "tanh") != "tanh" else "")

    def check_forward_input(self, input: Tensor) -> None:
        """Raises RuntimeError for another input size."""
        if input.size(1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.size(1)}, expected {self.input_size}"
            )  # fmt: skip

    def check_forward_hidden(self, input: Tensor, hx: Tensor, hidden_label: str = "") -> None:
        """Raises RuntimeError for states of another size."""
        if input.size(0) != hx.size(0):
            raise RuntimeError(
                f"Input batch size {input.size(0)} doesn't match hidden{hidden_label} batch size {hx.size(0)}"
            )  # fmt: skip
        if hx.size(1) != self.hidden_size:
            raise RuntimeError(
                f"hidden{hidden_label} has inconsistent hidden_size: got {hx.size(1)}, expected {self.hidden_size}"
            )

    def _next(self, mode: str, input: Tensor, h: Tensor, c: Tensor | None = None) -> Any:
        if self.weight_dtype is dtypes.float16:
            ih, hh = self._packed_weight_ih, self._packed_weight_hh
            weights = ih.weight, hh.weight, ih.bias, hh.bias
            if mode == "lstm":
                return tuple(ops._lstm_cell(input, h, c, *weights))
            return getattr(ops, f"{mode}_cell")(input, h, *weights)
        return ops.quantized_cell(input, h, c, *_arguments(self._packed_weight_ih, self._packed_weight_hh), cell=mode)

    def _zeros(self, input: Tensor) -> Tensor:
        return creation.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        self.check_forward_input(input)
        hx = self._zeros(input) if hx is None else hx
        self.check_forward_hidden(input, hx)
        return self._next(self._cell(), input, hx)

    def _cell(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} does not say which cell it is")

    @classmethod
    def _options(cls, mod: Any) -> dict[str, Any]:
        return {}

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a float cell with a qconfig. Raises AssertionError for another class."""
        if type(mod) not in (float_rnn.LSTMCell, float_rnn.GRUCell, float_rnn.RNNCell):
            raise AssertionError(
                "nn.quantized.dynamic.RNNCellBase.from_float only works for nn.LSTMCell, nn.GRUCell and nn.RNNCell"
            )
        dtype = _dtype_of(mod)
        made: Any = cls(mod.input_size, mod.hidden_size, bias=mod.bias, dtype=dtype, **cls._options(mod))
        made._packed_weight_ih = _made(mod, mod.weight_ih, mod.bias_ih, dtype)
        made._packed_weight_hh = _made(mod, mod.weight_hh, mod.bias_hh, dtype)
        return made

    def _weight_bias(self) -> dict[str, dict[str, Any]]:
        ih, hh = self._packed_weight_ih, self._packed_weight_hh
        return {
            "weight": {"weight_ih": ih.weight, "weight_hh": hh.weight}, "bias": {"bias_ih": ih.bias, "bias_hh": hh.bias}
        }  # fmt: skip

    def get_weight(self) -> dict[str, Any]:
        return self._weight_bias()["weight"]

    def get_bias(self) -> dict[str, Any]:
        return self._weight_bias()["bias"]

    def set_weight_bias(self, weight_bias_dict: dict[str, dict[str, Any]]) -> None:
        weight, bias = weight_bias_dict["weight"], weight_bias_dict["bias"]
        self._packed_weight_ih = Packed(weight["weight_ih"], bias["bias_ih"])
        self._packed_weight_hh = Packed(weight["weight_hh"], bias["bias_hh"])

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in ("_packed_weight_ih", "_packed_weight_hh"):
            destination[prefix + name] = getattr(self, name).unpacked()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        for name in ("_packed_weight_ih", "_packed_weight_hh"):
            setattr(self, name, Packed(*state_dict.pop(prefix + name)))
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)


class RNNCell(RNNCellBase):
    """`nn.RNNCell` with int8 weights."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", dtype: Any = dtypes.qint8
    ):
        super().__init__(input_size, hidden_size, bias, 1, dtype)
        self.nonlinearity = nonlinearity

    def _cell(self) -> str:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return f"rnn_{self.nonlinearity}"

    @classmethod
    def _options(cls, mod: Any) -> dict[str, Any]:
        return {"nonlinearity": mod.nonlinearity}


class LSTMCell(RNNCellBase):
    """`nn.LSTMCell` with int8 weights."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = dtypes.qint8):
        super().__init__(input_size, hidden_size, bias, 4, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        self.check_forward_input(input)
        h, c = (self._zeros(input), self._zeros(input)) if hx is None else hx
        self.check_forward_hidden(input, h, "[0]")
        self.check_forward_hidden(input, c, "[1]")
        return tuple(self._next("lstm", input, h, c))


class GRUCell(RNNCellBase):
    """`nn.GRUCell` with int8 weights."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = dtypes.qint8):
        super().__init__(input_size, hidden_size, bias, 3, dtype)

    def _cell(self) -> str:
        return "gru"


# torch has them beside the layers, which is where pickles look for them.
for _cell in (RNNCellBase, RNNCell, LSTMCell, GRUCell):
    _cell.__module__ = "torchlike.ao.nn.quantized.dynamic.modules.rnn"

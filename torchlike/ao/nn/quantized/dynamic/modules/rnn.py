"""Recurrent layers of floats with int8 weights; the cells are in `cells`."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.quantized.dynamic.modules.cells import (
    GRUCell,
    LSTMCell,
    RNNCell,
    RNNCellBase,
    _arguments,
    _dtype_of,
    _made,
)
from torchlike.ao.nn.quantized.packed import Packed
from torchlike.base import dtypes
from torchlike.engine.value import host
from torchlike.nn import functional as F
from torchlike.nn.modules import rnn as float_rnn
from torchlike.nn.modules.container import ModuleList
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.rnn import PackedSequence
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.recurrent import Network, Packing
from torchlike.tensor.quantized_functions import _empty_affine_quantized
from torchlike.tensor.tensor import bare

__all__ = ["GRU", "LSTM", "GRUCell", "LSTMCell", "PackedParameter", "RNNBase", "RNNCell", "RNNCellBase", "pack_weight_bias"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def pack_weight_bias(qweight: Tensor, bias: Tensor | None, dtype: Any) -> Packed:
    """A weight and a bias ready for the kernels."""
    return Packed(qweight, bias)


class PackedParameter(Module):
    """The weights of one layer in one direction; `param` of its state_dict is (w_ih, w_hh, b_ih, b_hh)."""

    def __init__(self, param: tuple[Packed, Packed]):
        super().__init__()
        self.param = param

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        ih, hh = self.param
        destination[f"{prefix}param"] = (ih.weight, hh.weight, ih.bias, hh.bias)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        w_ih, w_hh, b_ih, b_hh = state_dict.pop(f"{prefix}param")
        self.param = Packed(w_ih, b_ih), Packed(w_hh, b_hh)
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)


class RNNBase(Module):
    """What LSTM and GRU share: layers and directions, each with int8 (or float16) weights."""

    _version = 2
    _FLOAT_MODULE: ClassVar[Any]

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, dtype: Any = dtypes.qint8,
    ):  # fmt: skip
        super().__init__()
        if mode not in ("LSTM", "GRU"):
            raise ValueError("Unrecognized RNN mode: " + mode)
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, float(dropout), bidirectional
        self.dtype, self.version, self.training = dtype, 2, False
        self._all_weight_values = ModuleList([PackedParameter(self._room(size)) for size in self._sizes()])

    def _sizes(self) -> list[int]:
        """The input size of each layer and direction."""
        directions = 2 if self.bidirectional else 1
        return [
            self.input_size if layer == 0 else self.hidden_size * directions
            for layer in range(self.num_layers)
            for _ in range(directions)
        ]

    def _room(self, size: int) -> tuple[Packed, Packed]:
        rows = _GATES[self.mode] * self.hidden_size
        found = []
        for columns in (size, self.hidden_size):
            if self.dtype is dtypes.qint8:
                weight: Any = _empty_affine_quantized([rows, columns], scale=0.1, dtype=dtypes.qint8)
            else:
                weight = creation.zeros(rows, columns)
            found.append(Packed(weight, creation.zeros(rows)))
        return found[0], found[1]

    def _get_name(self) -> str:
        return f"DynamicQuantized{self.mode}"

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        plain = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        return text + "".join(f", {n}={getattr(self, n)}" for n, usual in plain.items() if getattr(self, n) != usual)

    def __repr__(self) -> str:
        return f"{self._get_name()}({self.extra_repr()})"

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        self.version = metadata.get("version")  # type: ignore[assignment]  # None for the oldest
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)

    # ---- forward ----------------------------------------------------------------------------------------------

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check(input, hx, input.size(0) if self.batch_first else input.size(1))
        x = input.transpose(0, 1) if self.batch_first else input
        out, states = self._run(x, hx, None)
        return out.transpose(0, 1) if self.batch_first else out, states

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple:
        by_time, packing = input._as_padded()
        order = input.sorted_indices
        if hx is not None and order is not None:
            hx = _mapped(lambda s: s.index_select(1, order), hx)
        out, states = self._run(by_time, hx, packing)
        made = PackedSequence._of_padded(out, packing, input.batch_sizes, order, input.unsorted_indices)
        back = input.unsorted_indices
        return made, states if back is None else _mapped(lambda s: s.index_select(1, back), states)

    def _check(self, input: Tensor, hx: Any, batch: int) -> None:
        if input.dim() != 3:
            raise RuntimeError(f"input must have 3 dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}")
        expected = (len(self._all_weight_values), batch, self.hidden_size)
        states = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
        for i, state in enumerate(states):
            name = f"hidden[{i}]" if len(states) > 1 else "hidden"
            if tuple(state.size()) != expected:
                raise RuntimeError(f"Expected {name} size {expected}, got {list(state.size())}")

    def _run(self, x: Tensor, hx: Any, packing: Packing | None) -> tuple[Tensor, Any]:
        """All layers: `(T, B, I)` -> `(T, B, directions * H)` and the last states; of packed sequences each one's last."""
        if self.dtype is dtypes.float16:
            return self._run_float16(x, hx, packing)
        lengths = None if packing is None else bare(host(packing.lengths))
        given = [hx] if self.mode == "GRU" else [None, None] if hx is None else list(hx)
        directions = 2 if self.bidirectional else 1
        last = []
        for layer in range(self.num_layers):
            outs = []
            for direction in range(directions):
                i = layer * directions + direction
                states = [None if s is None else s[i] for s in given]
                h, c = states if len(states) == 2 else (states[0], None)
                out, *ends = ops.quantized_recurrent(
                    x, *_arguments(*self._all_weight_values[i].param), h, c, lengths, cell=self.mode.lower(),
                    reverse=direction == 1, reduce_range=self.version is not None and self.version >= 2,
                )  # fmt: skip
                outs.append(out)
                last.append(ends)
            x = outs[0] if directions == 1 else ops.cat(outs, -1)
            if self.dropout and self.training and layer + 1 < self.num_layers:
                x = F.dropout(x, self.dropout, True)
        ends = [ops.stack(list(each)) for each in zip(*last, strict=True)]
        return x, ends[0] if self.mode == "GRU" else tuple(ends)

    def _run_float16(self, x: Tensor, hx: Any, packing: Packing | None) -> tuple[Tensor, Any]:
        params = [t for p in self._all_weight_values for t in (p.param[0].weight, p.param[1].weight, p.param[0].bias,
                                                               p.param[1].bias)]  # fmt: skip
        network = Network(self.mode.lower(), True, self.num_layers, self.dropout, self.training, self.bidirectional)
        states = [hx] if self.mode == "GRU" else [None, None] if hx is None else list(hx)
        out, *ends = network.run(x, states, params, packing)
        return out, ends[0] if self.mode == "GRU" else tuple(ends)

    # ---- weights ----------------------------------------------------------------------------------------------

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a float layer with a qconfig. Raises AssertionError for another class."""
        if type(mod) not in (float_rnn.LSTM, float_rnn.GRU):
            raise AssertionError("nn.quantized.dynamic.RNNBase.from_float only works for nn.LSTM and nn.GRU")
        dtype = _dtype_of(mod)
        made: Any = cls(
            mod.input_size, mod.hidden_size, mod.num_layers, mod.bias, mod.batch_first, mod.dropout, mod.bidirectional, dtype
        )
        for packed, (w_ih, w_hh, b_ih, b_hh) in zip(made._all_weight_values, mod.all_weights, strict=True):
            packed.param = _made(mod, w_ih, b_ih, dtype), _made(mod, w_hh, b_hh, dtype)
        return made

    def _weight_bias(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {"weight": {}, "bias": {}}
        for i, each in enumerate(self._all_weight_values):
            layer, direction = divmod(i, 2 if self.bidirectional else 1)
            for part, packed in zip(("ih", "hh"), each.param, strict=True):
                name = f"{part}_l{layer}{'_reverse' if direction else ''}"
                found["weight"][f"weight_{name}"], found["bias"][f"bias_{name}"] = packed.unpacked()
        return found

    def get_weight(self) -> dict[str, Any]:
        """The quantized weights by the names that they have in the float layer."""
        return self._weight_bias()["weight"]

    def get_bias(self) -> dict[str, Any]:
        """The biases by the names that they have in the float layer."""
        return self._weight_bias()["bias"]

    def set_weight_bias(self, weight_bias_dict: dict[str, Any]) -> None:
        """Take over weights and biases, by the names that they have in the float layer."""
        for i, each in enumerate(self._all_weight_values):
            layer, direction = divmod(i, 2 if self.bidirectional else 1)
            names = [f"{part}_l{layer}{'_reverse' if direction else ''}" for part in ("ih", "hh")]
            ih, hh = (Packed(weight_bias_dict[f"weight_{n}"], weight_bias_dict[f"bias_{n}"]) for n in names)
            each.param = ih, hh


def _mapped(fn: Any, states: Any) -> Any:
    return tuple(map(fn, states)) if isinstance(states, tuple) else fn(states)


class LSTM(RNNBase):
    """`nn.LSTM` with int8 weights: arguments and results are the same, and floats."""

    _FLOAT_MODULE = float_rnn.LSTM

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """`nn.GRU` with int8 weights: arguments and results are the same, and floats."""

    _FLOAT_MODULE = float_rnn.GRU

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__("GRU", *args, **kwargs)

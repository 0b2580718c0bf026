"""LSTM in single layers, sums and products, each of which is observed, and works on integers after `convert`."""

from __future__ import annotations

import numbers
import warnings
from typing import Any, ClassVar

from torchlike.ao.nn.float_functional import FloatFunctional
from torchlike.ao.nn.quantizable.modules.steps import no_conversion, prepared
from torchlike.base import dtypes
from torchlike.nn.modules import rnn as float_rnn
from torchlike.nn.modules.activation import Sigmoid, Tanh
from torchlike.nn.modules.container import ModuleDict, ModuleList
from torchlike.nn.modules.linear import Linear
from torchlike.nn.modules.module import Module
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized_functions import quantize_per_tensor

__all__ = ["LSTM", "LSTMCell"]

_GATES = ("input", "forget", "cell", "output")


class LSTMCell(Module):
    """`nn.LSTMCell` in single layers: `(B, I)` and states `(B, H)` -> the next states.

    Args:
        split_gates: a linear map for each gate in place of one for all.
    """

    _FLOAT_MODULE: ClassVar[Any] = float_rnn.LSTMCell

    def __init__(
        self, input_dim: int, hidden_dim: int, bias: bool = True, device: Any = None, dtype: Any = None,
        *, split_gates: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias, self.split_gates = input_dim, hidden_dim, bias, split_gates
        place = {"bias": bias, "device": device, "dtype": dtype}
        if split_gates:
            self.igates: Any = ModuleDict()
            self.hgates: Any = ModuleDict()
            self.gates: Any = ModuleDict()
            for gate in _GATES:
                self.igates[gate] = Linear(input_dim, hidden_dim, **place)
                self.hgates[gate] = Linear(hidden_dim, hidden_dim, **place)
                self.gates[gate] = FloatFunctional()
        else:
            self.igates = Linear(input_dim, 4 * hidden_dim, **place)
            self.hgates = Linear(hidden_dim, 4 * hidden_dim, **place)
            self.gates = FloatFunctional()
        self.input_gate, self.forget_gate, self.cell_gate, self.output_gate = Sigmoid(), Sigmoid(), Tanh(), Sigmoid()
        self.fgate_cx, self.igate_cgate = FloatFunctional(), FloatFunctional()
        self.fgate_cx_igate_cgate, self.ogate_cy = FloatFunctional(), FloatFunctional()
        self.initial_hidden_state_qparams: tuple[float, int] = (1.0, 0)
        self.initial_cell_state_qparams: tuple[float, int] = (1.0, 0)
        self.hidden_state_dtype: Any = dtypes.quint8
        self.cell_state_dtype: Any = dtypes.quint8

    def forward(self, x: Tensor, hidden: Any = None) -> tuple[Tensor, Tensor]:
        if hidden is None or hidden[0] is None or hidden[1] is None:
            hidden = self.initialize_hidden(x.shape[0], x.is_quantized)
        h, c = hidden
        if self.split_gates:
            parts = [self.gates[g].add(self.igates[g](x), self.hgates[g](h)) for g in _GATES]
        else:
            parts = self.gates.add(self.igates(x), self.hgates(h)).chunk(4, 1)
        i, f, g, o = self.input_gate(parts[0]), self.forget_gate(parts[1]), self.cell_gate(parts[2]), self.output_gate(parts[3])
        c = self.fgate_cx_igate_cgate.add(self.fgate_cx.mul(f, c), self.igate_cgate.mul(i, g))
        return self.ogate_cy.mul(o, ops.tanh(c)), c

    def initialize_hidden(self, batch_size: int, is_quantized: bool = False) -> tuple[Tensor, Tensor]:
        """States of zeros `(B, H)`."""
        zeros = creation.zeros(batch_size, self.hidden_size)
        if not is_quantized:
            return zeros, zeros.clone()
        h = quantize_per_tensor(zeros, *self.initial_hidden_state_qparams, self.hidden_state_dtype)
        return h, quantize_per_tensor(zeros, *self.initial_cell_state_qparams, self.cell_state_dtype)

    def _get_name(self) -> str:
        return "QuantizableLSTMCell"

    @classmethod
    def from_params(cls, wi: Tensor, wh: Tensor, bi: Any = None, bh: Any = None, split_gates: bool = False) -> LSTMCell:
        """A cell of these weights `(4 * H, I)`, `(4 * H, H)` and biases `(4 * H,)`."""
        if (bi is None) != (bh is None):
            raise AssertionError("bi and bh must both be None or both have values")
        made = cls(wi.shape[1], wh.shape[1], bias=bi is not None, split_gates=split_gates)
        for weight, bias, layers in ((wi, bi, made.igates), (wh, bh, made.hgates)):
            each = list(layers.values()) if split_gates else [layers]
            for layer, w in zip(each, weight.chunk(len(each)), strict=True):
                layer.weight = Parameter(w)
            for layer, b in zip(each, () if bias is None else bias.chunk(len(each)), strict=bias is not None):
                layer.bias = Parameter(b)
        return made

    @classmethod
    def from_float(cls, other: Any, use_precomputed_fake_quant: bool = False, split_gates: bool = False) -> LSTMCell:
        """Made of a float cell with a qconfig. Raises AssertionError for another class."""
        if type(other) is not cls._FLOAT_MODULE:
            raise AssertionError(f"Expected module type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig"):
            raise AssertionError("The float module must have 'qconfig'")
        made = cls.from_params(other.weight_ih, other.weight_hh, other.bias_ih, other.bias_hh, split_gates)
        layers = [made, made.igates, made.hgates]
        if split_gates:
            layers += [*made.igates.values(), *made.hgates.values()]
        for layer in layers:
            layer.qconfig = other.qconfig
        return made


class _LSTMSingleLayer(Module):
    """A cell, step by step: `(T, B, I)` -> `(T, B, H)` and the last states."""

    def __init__(self, input_dim: int, hidden_dim: int, bias: bool = True, *, split_gates: bool = False, **place: Any) -> None:
        super().__init__()
        self.cell = LSTMCell(input_dim, hidden_dim, bias=bias, split_gates=split_gates, **place)

    def forward(self, x: Tensor, hidden: Any = None) -> tuple[Tensor, Any]:
        outs = []
        for step in range(x.shape[0]):
            hidden = self.cell(x[step], hidden)
            outs.append(hidden[0])
        return ops.stack(outs, 0), hidden

    @classmethod
    def from_params(cls, *args: Any, **kwargs: Any) -> _LSTMSingleLayer:
        cell = LSTMCell.from_params(*args, **kwargs)
        made = cls(cell.input_size, cell.hidden_size, cell.bias, split_gates=cell.split_gates)
        made.cell = cell
        return made


class _LSTMLayer(Module):
    """A layer in one or both directions: `(T, B, I)` -> `(T, B, directions * H)` and the last states."""

    def __init__(
        self, input_dim: int, hidden_dim: int, bias: bool = True, batch_first: bool = False, bidirectional: bool = False,
        *, split_gates: bool = False, **place: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.batch_first, self.bidirectional = batch_first, bidirectional
        for name in ("layer_fw", "layer_bw") if bidirectional else ("layer_fw",):
            setattr(self, name, _LSTMSingleLayer(input_dim, hidden_dim, bias, split_gates=split_gates, **place))

    layer_fw: Any
    layer_bw: Any

    def forward(self, x: Tensor, hidden: Any = None) -> tuple[Tensor, Any]:
        x = x.transpose(0, 1) if self.batch_first else x
        if not self.bidirectional:
            out, (h, c) = self.layer_fw(x, hidden)
        else:
            forth, back = (
                (None, None) if hidden is None else [tuple(None if s is None else s[i] for s in hidden) for i in (0, 1)]
            )
            out, (h, c) = self.layer_fw(x, forth)
            turned, (h_back, c_back) = self.layer_bw(x.flip(0), back)
            out = ops.cat([out, turned.flip(0)], out.dim() - 1)
            h, c = ops.stack([h, h_back], 0), ops.stack([c, c_back], 0)
        return out.transpose(0, 1) if self.batch_first else out, (h, c)

    @classmethod
    def from_float(cls, other: Any, layer_idx: int = 0, qconfig: Any = None, **kwargs: Any) -> _LSTMLayer:
        """One layer of a float LSTM."""
        if not hasattr(other, "qconfig") and qconfig is None:
            raise AssertionError("other must have qconfig or qconfig must be provided")
        names = ("input_size", "hidden_size", "bias", "batch_first", "bidirectional")
        split_gates = kwargs.get("split_gates", False)
        made = cls(*[kwargs.get(name, getattr(other, name)) for name in names], split_gates=split_gates)
        made.qconfig = getattr(other, "qconfig", qconfig)
        for name, suffix in {"layer_fw": "", "layer_bw": "_reverse"}.items():
            if suffix and not other.bidirectional:
                continue
            weights = [getattr(other, f"weight_{part}_l{layer_idx}{suffix}") for part in ("ih", "hh")]
            biases = [getattr(other, f"bias_{part}_l{layer_idx}{suffix}", None) for part in ("ih", "hh")]
            setattr(made, name, _LSTMSingleLayer.from_params(*weights, *biases, split_gates=split_gates))
        return made


class LSTM(Module):
    """`nn.LSTM` in single layers, which is what `prepare` makes of one: the same arguments and results.

    Its steps are recorded one by one, so that a program grows with the length of the sequences. Dropout is ignored.
    """

    _FLOAT_MODULE: ClassVar[Any] = float_rnn.LSTM

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: Any = None, dtype: Any = None, *, split_gates: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.training = False
        if isinstance(dropout, bool) or not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0:
            warnings.warn(
                "dropout option for quantizable LSTM is ignored. If you are training, please, use nn.LSTM version followed by "
                "`prepare` step.",
                stacklevel=2,
            )
        # (torch as well gives later layers `hidden_size` inputs; `from_float` then takes the weights as they are.)
        self.layers = ModuleList(
            _LSTMLayer(input_size if i == 0 else hidden_size, hidden_size, bias, False, bidirectional,
                       split_gates=split_gates, device=device, dtype=dtype)
            for i in range(num_layers)
        )  # fmt: skip

    def forward(self, x: Tensor, hidden: Any = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = x.transpose(0, 1) if self.batch_first else x
        states = self._states(x, hidden)
        ends = []
        for layer, state in zip(self.layers, states, strict=True):
            x, end = layer(x, state)
            ends.append(end)
        h, c = (ops.stack(list(each)) for each in zip(*ends, strict=True))  # (layers, [directions,] B, H)
        h, c = (s.reshape(-1, s.shape[-2], s.shape[-1]) for s in (h, c))
        return x.transpose(0, 1) if self.batch_first else x, (h, c)

    def _states(self, x: Tensor, hidden: Any) -> list[Any]:
        """The first states of each layer, `([directions,] B, H)` each."""
        directions = 2 if self.bidirectional else 1
        shape = (directions, x.size(1), self.hidden_size)
        if hidden is None:
            zeros = creation.zeros(*shape, device=x.device).squeeze(0)
            zeros = quantize_per_tensor(zeros, 1.0, 0, x.dtype) if x.is_quantized else zeros
            return [(zeros, zeros)] * self.num_layers
        if not isinstance(hidden[0], Tensor):
            return list(hidden)
        h, c = (s.reshape(self.num_layers, *shape) for s in hidden)
        return [(h[i].squeeze(0), c[i].squeeze(0)) for i in range(self.num_layers)]

    def _get_name(self) -> str:
        return "QuantizableLSTM"

    @classmethod
    def from_float(cls, other: Any, qconfig: Any = None, split_gates: bool = False) -> Any:
        """Made of a float LSTM with a qconfig, and prepared. Raises AssertionError for another class."""
        if not isinstance(other, cls._FLOAT_MODULE):
            raise AssertionError(f"Expected module type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig") and not qconfig:
            raise AssertionError("other must have qconfig or qconfig must be provided")
        made = cls(
            other.input_size, other.hidden_size, other.num_layers, other.bias, other.batch_first, other.dropout,
            other.bidirectional, split_gates=split_gates,
        )  # fmt: skip
        made.qconfig = getattr(other, "qconfig", qconfig)
        for i in range(other.num_layers):
            made.layers[i] = _LSTMLayer.from_float(other, i, qconfig, batch_first=False, split_gates=split_gates)
        return prepared(made, other.training)

    @classmethod
    def from_observed(cls, other: Any) -> Any:
        raise no_conversion("LSTM", "non-quantizable")

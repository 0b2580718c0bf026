"""Recurrent layers and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.nn.modules.rnn_base import RNNBase, draw_weights
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.recurrent import lstm_cell as _lstm_cell

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _refuse_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """Elman's network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu with `nonlinearity="relu"`.

    Arguments are those of `RNNBase` after the mode, with `nonlinearity` fourth; no projection.

    Returns:
        Outputs `(T, B, directions * H)` and the last h `(layers * directions, B, H)`.

    Example:
        >>> import torchlike as torch
        >>> out, h = torch.nn.RNN(10, 20, 2)(torch.randn(5, 3, 10))
        >>> out.shape, h.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        return self._forward(input, hx)


class GRU(RNNBase):
    """Gated recurrent units (Cho et al., 2014). Arguments are those of `RNNBase` after the mode; no projection.

    Returns:
        Outputs `(T, B, directions * H)` and the last h `(layers * directions, B, H)`.
    """

    _kind = "GRU"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        return self._forward(input, hx)


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997). Arguments are those of `RNNBase` after the mode.

    Returns:
        Outputs `(T, B, directions * P)` and the last (h, c): `(layers * directions, B, P)` and `(layers * directions, B, H)`.

    Example:
        >>> import torchlike as torch
        >>> out, (h, c) = torch.nn.LSTM(10, 20, proj_size=4)(torch.randn(5, 3, 10))
        >>> out.shape, h.shape, c.shape
        (torch.Size([5, 3, 4]), torch.Size([1, 3, 4]), torch.Size([1, 3, 20]))
    """

    _kind = "LSTM"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape that c must have."""
        return self.num_layers * self._directions, self._batch(input, batch_sizes), self.hidden_size

    def _check_states(self, hidden: Any, batch: int) -> None:
        count = self.num_layers * self._directions
        self.check_hidden_size(hidden[0], (count, batch, self._out_size), "Expected hidden[0] size {}, got {}")
        self.check_hidden_size(hidden[1], (count, batch, self.hidden_size), "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states of the sequences in another order."""
        return hx if permutation is None else tuple(s.index_select(1, permutation) for s in hx)

    def _states(self, hx: Any) -> list[Tensor | None]:
        return [None, None] if hx is None else [hx[0], hx[1]]

    def _hidden(self, last: list[Tensor]) -> Any:
        return tuple(last)

    def _check_state_rank(self, hx: Any, dims: int, how: str) -> None:
        if hx[0].dim() != dims or hx[1].dim() != dims:
            raise RuntimeError(
                f"For {how} {dims}-D input, hx and cx should also be {dims}-D but got "
                f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        return self._forward(input, hx)


# --- one step ----------------------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What all cells share.

    Attributes:
        weight_ih: `(gates * H, I)`. weight_hh: `(gates * H, H)`. bias_ih, bias_hh: `(gates * H,)` or None.
            All are uniform within 1 / sqrt(H) at first.
    """

    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gated = num_chunks * hidden_size

        def made(*shape: int) -> Parameter:
            return Parameter(creation.empty(shape, device=device, dtype=dtype))

        self.weight_ih = made(gated, input_size)
        self.weight_hh = made(gated, hidden_size)
        self.register_parameter("bias_ih", made(gated) if bias else None)
        self.register_parameter("bias_hh", made(gated) if bias else None)
        self.reset_parameters()

    def extra_repr(self) -> str:
        own = self.__dict__
        shown = f"{self.input_size}, {self.hidden_size}"
        if own.get("bias", True) is not True:
            shown += f", bias={self.bias}"
        return shown if own.get("nonlinearity", "tanh") == "tanh" else f"{shown}, nonlinearity={own['nonlinearity']}"

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        draw_weights(self, self.hidden_size)

    def _step(self, op: Any, input: Tensor, states: Sequence[Tensor] | None, names: Sequence[str]) -> list[Tensor]:
        """The next states, batched or not as the input is. `states` are those given, called `names` in messages."""
        kind = type(self).__name__
        for name, given in [("input", input), *zip(names, states or (), strict=False)]:
            if given.dim() not in (1, 2):
                raise ValueError(f"{kind}: Expected {name} to be 1D or 2D, got {given.dim()}D instead")
        alone = input.dim() == 1
        if alone:
            input = input.unsqueeze(0)
        if states is None:
            zeros = creation.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            states = [zeros] * len(names)
        elif alone:
            states = [s.unsqueeze(0) for s in states]
        made = op(input, states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return [s.squeeze(0) for s in made] if alone else made


def _single(op: Any) -> Any:
    """`op`, whose state is one tensor, taking and giving lists of states."""
    return lambda input, states, *weights: [op(input, states[0], *weights)]


class RNNCell(RNNCellBase):
    """One step of Elman's network: `(B, I)` or `(I,)`, h `(B, H)` or `(H,)` (zero if not given) -> the next h.

    Raises:
        ValueError: for an input or a state of another rank. RuntimeError: for sizes that do not fit, and for a
            `nonlinearity` other than "tanh" and "relu".
    """

    nonlinearity: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        op = ops.rnn_tanh_cell if self.nonlinearity == "tanh" else ops.rnn_relu_cell
        return self._step(_single(op), input, None if hx is None else [hx], ["hidden"])[0]


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit: `(B, I)` or `(I,)`, h `(B, H)` or `(H,)` (zero if not given) -> the next h.

    Raises:
        ValueError: for an input or a state of another rank. RuntimeError: for sizes that do not fit.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(_single(ops.gru_cell), input, None if hx is None else [hx], ["hidden"])[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: `(B, I)` or `(I,)`, (h, c) each `(B, H)` or `(H,)` (zero if not given) -> the next (h, c).

    Raises:
        ValueError: for an input or a state of another rank. RuntimeError: for sizes that do not fit.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        h, c = self._step(_lstm_cell, input, None if hx is None else list(hx), ["hx[0]", "hx[1]"])
        return h, c

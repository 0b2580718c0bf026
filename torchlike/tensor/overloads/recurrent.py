"""Recurrent networks in the root namespace: `torch.lstm`, `torch.gru_cell` ..., and packing sequences of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from torchlike.base import device as devices
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.ops.registry import OPS
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.neural import draw_kept
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.random_draw import drawn, on_device, placed, stream
from torchlike.tensor.tensor import Tensor, bare

# --- packed sequences --------------------------------------------------------------------------------------------------


class Packing(NamedTuple):
    """How sequences of `lengths`, longest first, lie in one packed one: step by step, in each the sequences that go on."""

    lengths: np.ndarray  # (B,)
    batch_sizes: np.ndarray  # (T,): how many sequences have that step

    @classmethod
    def of_lengths(cls, lengths: np.ndarray) -> Packing:
        steps = np.arange(lengths.max(initial=0))
        return cls(lengths, (lengths > steps[:, None]).sum(1))

    @classmethod
    def of_batch_sizes(cls, batch_sizes: np.ndarray) -> Packing:
        first = batch_sizes.max(initial=0)
        return cls((batch_sizes > np.arange(first)[:, None]).sum(1), batch_sizes)

    @property
    def rows(self) -> int:
        """How many rows the packed data has."""
        return int(self.batch_sizes.sum())

    def inside(self, steps: int) -> np.ndarray:
        """`(T, B)`: whether the sequence has that step."""
        return np.arange(steps)[:, None] < self.lengths

    def packed_places(self, steps: int) -> np.ndarray:
        """`(N,)`: where each packed row stands in a padded batch of T steps, counted through."""
        return np.flatnonzero(self.inside(steps))

    def padded_places(self, steps: int) -> np.ndarray:
        """`(T, B)`: the packed row that belongs there, N where none does."""
        inside = self.inside(steps)
        places = np.full(inside.shape, self.rows, np.int64)
        places[inside] = np.arange(self.rows)
        return places


def packed(padded: Tensor, packing: Packing) -> Tensor:
    """The rows `(N, *)` of a padded batch `(T, B, *)`."""
    return ops._packed_rows(padded, placed(packing.packed_places(padded.shape[0]), padded.device))


def padded(data: Tensor, packing: Packing, steps: int, value: float = 0.0) -> Tensor:
    """The padded batch `(T, B, *)` of packed rows `(N, *)`."""
    return ops._padded_rows(data, placed(packing.padded_places(steps), data.device), value)


def read_lengths(lengths: Tensor, batch: int) -> np.ndarray:
    """The lengths `(B,)` of sequences, as numbers.

    Raises:
        RuntimeError: where there is not one for each, one is not positive, or a longer one follows a shorter one.
    """
    if lengths.ndim != 1 or lengths.device.type != "cpu" or lengths.dtype.is_floating_point:
        raise RuntimeError(
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{lengths.ndim}D {lengths.device} {_kind(lengths)} tensor"
        )
    found = lengths._read().numpy().astype(np.int64)
    if len(found) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(found)} (batch_size={batch})")
    if (found <= 0).any():
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if (np.diff(found) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
            "need ONNX exportability."
        )
    return found


def _kind(x: Tensor) -> str:
    return x.type().rpartition(".")[2].removesuffix("Tensor")


def padded_input(input: Tensor, batch_first: bool) -> Tensor:
    """A padded batch with time first. Raises RuntimeError for an empty one, IndexError for one of too few dimensions."""
    if input.ndim < 2:
        raise IndexError(f"Dimension out of range (expected to be in range of [-{input.ndim}, {input.ndim - 1}], but got 1)")
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    return input.transpose(0, 1) if batch_first else input


def check_steps(packing: Packing, steps: int) -> None:
    """Raises RuntimeError where a sequence is longer than the padded batch (torch would give a broken one)."""
    if len(packing.batch_sizes) > steps:
        longest = len(packing.batch_sizes)
        raise RuntimeError(f"the padded input has {steps} time steps, but 'lengths' has an element of {longest}")


@overload("_pack_padded_sequence", method=False)
def pack_padded_sequence(input: Tensor, lengths: Tensor, batch_first: bool) -> tuple[Tensor, Tensor]:
    """The rows of a padded batch `(T, B, *)`, step by step, and how many there are of each step."""
    by_time = padded_input(input, batch_first)
    packing = Packing.of_lengths(read_lengths(lengths, by_time.shape[1]))
    check_steps(packing, by_time.shape[0])
    return packed(by_time, packing), placed(packing.batch_sizes, devices.CPU)


@overload("_pad_packed_sequence", method=False)
def pad_packed_sequence(
    data: Tensor, batch_sizes: Tensor, batch_first: bool, padding_value: float, total_length: int
) -> tuple[Tensor, Tensor]:
    """The padded batch of a packed one, and the lengths of its sequences."""
    packing = read_packing(batch_sizes)
    steps = max(total_length, len(packing.batch_sizes))
    made = padded(data, packing, steps, padding_value)
    return made.transpose(0, 1) if batch_first else made, placed(packing.lengths, devices.CPU)


def read_packing(batch_sizes: Tensor) -> Packing:
    """The packing that batch sizes tell. They are on the CPU: nothing that is pending is needed for them."""
    return Packing.of_batch_sizes(batch_sizes._read().numpy())


# --- networks ----------------------------------------------------------------------------------------------------------


def _mask_of_rows(size: tuple[int, int, int], inside: Any, rows: int, keep: float) -> np.ndarray:
    """A mask that is drawn for the rows of a packed batch only."""
    mask = np.zeros(size, bool)
    mask[inside] = stream(None).bernoulli((rows, size[-1]), keep)
    return mask


class Network(NamedTuple):
    """What kind of recurrent network the weights are for."""

    cell: str
    has_biases: bool
    num_layers: int
    dropout: float
    train: bool
    bidirectional: bool
    batch_first: bool = False

    def run(self, input: Tensor, states: Sequence[Tensor | None], params: Sequence[Tensor], packing: Packing | None) -> Any:
        """Outputs and last states. `input` is padded and, with a packing, `(T, B, *)`; states may be None for zeros."""
        hx, cx = states if self.cell == "lstm" else (states[0], None)
        keep = 1.0 - self.dropout if self.train and self.num_layers > 1 else 1.0
        projected = self.cell == "lstm" and len(params) == self.num_layers * self.directions * (3 + 2 * self.has_biases)
        lengths = None if packing is None else bare(host(packing.lengths, input.device))
        args = (input, lengths, hx, cx, *params, *self.masks(input, params[1].shape[1], packing, keep))
        static = (self.cell, self.num_layers, self.bidirectional, self.has_biases, projected, self.batch_first, keep)
        return dispatch.call(OPS["_recurrent"], args, static)

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def masks(self, input: Tensor, size: int, packing: Packing | None, keep: float) -> list[Tensor]:
        """The dropout masks `(T, B, directions * P)` between layers, drawn in torch's order: of a packed batch, row by row."""
        if keep == 1.0:
            return []
        steps, batch = (input.shape[1], input.shape[0]) if self.batch_first else (input.shape[0], input.shape[1])
        width = size * self.directions
        found = []
        for _ in range(self.num_layers - 1):
            unseen = on_device(input.device) or local.state.capture is not None or input._read().aval.traced
            if packing is None or unseen or not keep:
                found.append(draw_kept(input, (steps, batch, width), keep))
                continue
            whole, inside = (steps, batch, width), packing.inside(steps)
            found.append(drawn(partial(_mask_of_rows, whole, inside, packing.rows, keep), input.device))
        return found

    def checked(self, states: Any, params: Any) -> tuple[list, list]:
        """States and weights as lists. Raises RuntimeError or TypeError where they are not what the network takes."""
        if self.cell == "lstm" and len(states) != 2:
            raise RuntimeError("lstm expects two hidden states")
        if self.train and not 0 <= self.dropout <= 1 and self.num_layers > 1:
            raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {self.dropout:g}")
        return list(states), list(params)


def _network(name: str, cell: str, what: str) -> None:
    """`torch.<name>`, with torch's two lists of arguments."""

    def function(*args: Any, **keywords: Any) -> Any:
        given = _bound(name, args, keywords)
        options = {key: given[key] for key in Network._fields if key in given}
        network = Network(cell=cell, **options)
        states, params = network.checked(given["hx"] if cell == "lstm" else [given["hx"]], given["params"])
        if "data" not in given:
            return network.run(given["input"], states, params, None)
        packing = read_packing(given["batch_sizes"])
        by_time = padded(given["data"], packing, len(packing.batch_sizes))
        out, *last = network.run(by_time, states, params, packing)
        return (packed(out, packing), *last)

    function.__doc__ = (
        f"{what}.\n\n"
        "Takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or for a packed batch\n"
        "(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)."
    )
    overload(name, method=False)(function)


_OPTIONS = ("params", "has_biases", "num_layers", "dropout", "train", "bidirectional")
_FORMS = (("input", "hx", *_OPTIONS, "batch_first"), ("data", "batch_sizes", "hx", *_OPTIONS))


def _bound(name: str, args: tuple, keywords: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name. Raises TypeError where they are neither of the two lists."""
    for form in _FORMS:
        given = {**dict(zip(form, args, strict=False)), **keywords}
        whole = len(args) + len(keywords) == len(form) and set(given) == set(form)
        if whole and isinstance(given["params"], (list, tuple)) and isinstance(given["has_biases"], (bool, int)):
            return given
    got = ", ".join([*(type(a).__name__ for a in args), *(f"{k}={type(v).__name__}" for k, v in keywords.items())])
    expected = "\n".join(f" * ({', '.join(form)})" for form in reversed(_FORMS))
    raise TypeError(f"{name}() received an invalid combination of arguments - got ({got}), but expected one of:\n{expected}\n")


_network("rnn_tanh", "rnn_tanh", "A recurrent network h' = tanh(W_ih x + b_ih + W_hh h + b_hh)")
_network("rnn_relu", "rnn_relu", "A recurrent network h' = relu(W_ih x + b_ih + W_hh h + b_hh)")
_network("gru", "gru", "A network of gated recurrent units (Cho et al., 2014)")
_network("lstm", "lstm", "A network of long short-term memories (Hochreiter and Schmidhuber, 1997); hx are h and c")


@overload("lstm_cell", method=False)
def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: `(B, I)` and (h, c), each `(B, H)` -> the next h and c."""
    if isinstance(hx, Tensor):
        raise TypeError("lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor")
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    return ops._lstm_cell(input, *hx, w_ih, w_hh, b_ih, b_hh)

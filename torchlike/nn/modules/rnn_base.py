"""What recurrent layers share: weights, checks, sequences that are batched, alone or packed."""

from __future__ import annotations

import math
import numbers
import warnings
import weakref
from typing import Any

from torchlike.nn import init
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.rnn import PackedSequence
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor.overloads.recurrent import Network

__all__ = ["RNNBase", "draw_weights"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def draw_weights(module: Module, hidden_size: int) -> None:
    """Draw all parameters anew, uniform within 1 / sqrt(H)."""
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


def _check_sizes(
    dropout: Any, num_layers: int, bias: Any, batch_first: Any, input_size: Any, hidden_size: Any, proj_size: int
) -> None:
    """Raises TypeError or ValueError for what a recurrent layer cannot be made of."""
    if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):  # type: ignore[operator]
        raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]  # a number
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
            f"than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value, kind in (
        ("bias", bias, bool),
        ("batch_first", batch_first, bool),
        ("input_size", input_size, int),
        ("hidden_size", hidden_size, int),
    ):
        if not isinstance(value, kind):
            raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
        if kind is int and value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNNBase(Module):
    """What all recurrent layers share. A layer is one op, whatever its depth (see `torchlike.ops.recurrent`).

    Args:
        mode: "RNN_TANH", "RNN_RELU", "GRU" or "LSTM".
        input_size, hidden_size: I and H. proj_size: P, the size that an LSTM's h is projected to; 0 for none (then P is H).
        num_layers: each is fed the outputs of the one before, which `dropout` zeroes with that probability in training.
        bidirectional: a second set of weights reads the sequence backwards; outputs are beside each other.
        batch_first: inputs and outputs are (B, T, *) instead of (T, B, *); states are (layers * directions, B, *) always.

    Attributes:
        weight_ih_l{k}: `(gates * H, I)`, or `(gates * H, directions * P)` for k > 0; with `_reverse` for the second direction.
        weight_hh_l{k}: `(gates * H, P)`. bias_ih_l{k}, bias_hh_l{k}: `(gates * H,)`. weight_hr_l{k}: `(P, H)`.
            All are uniform within 1 / sqrt(H) at first.

    Raises:
        TypeError, ValueError: for sizes and options that make no layer.
    """

    __module__ = "torchlike.nn.modules.rnn"  # where torch has it, and where it can be imported from

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int
    _flat_weights: list[Any]
    _flat_weights_names: list[str]
    _flat_weight_refs: list[Any]
    _all_weights: list[list[str]]

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._flat_weight_refs = []
        _check_sizes(dropout, num_layers, bias, batch_first, input_size, hidden_size, proj_size)
        if mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self._all_weights = self._names()
        for names in self._all_weights:
            for name in names:
                setattr(self, name, Parameter(creation.empty(self._shape(name), device=device, dtype=dtype)))
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()
        self.reset_parameters()

    # --- weights -----------------------------------------------------------------------------------------------

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _out_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _names(self) -> list[list[str]]:
        """The names of the weights, a list for each layer and direction."""
        kinds = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * self.bias + ["weight_hr"] * (self.proj_size > 0)
        ends = ["", "_reverse"][: self._directions]
        return [[f"{kind}_l{layer}{end}" for kind in kinds] for layer in range(self.num_layers) for end in ends]

    def _shape(self, name: str) -> tuple[int, ...]:
        gated = _GATES[self.mode] * self.hidden_size
        kind = name[: name.index("_l")]
        if kind == "weight_ih":
            first = name.removesuffix("_reverse") == "weight_ih_l0"
            return gated, self.input_size if first else self._out_size * self._directions
        return {"weight_hh": (gated, self._out_size), "weight_hr": (self.proj_size, self.hidden_size)}.get(kind, (gated,))

    def _init_flat_weights(self) -> None:
        self._flat_weights = [getattr(self, name, None) for name in self._flat_weights_names]
        self._flat_weight_refs = [None if w is None else weakref.ref(w) for w in self._flat_weights]
        self.flatten_parameters()

    def _weights_have_changed(self) -> bool:
        """Whether an attribute is another tensor by now (as in a functional call)."""
        own = self._parameters
        for name, ref in zip(self._flat_weights_names, self._flat_weight_refs, strict=True):
            weight = own[name] if name in own else getattr(self, name, None)
            if weight is not None and ref is not None and ref() is not weight:
                return True
        return False

    def _update_flat_weights(self) -> None:
        if self._weights_have_changed():
            self._init_flat_weights()

    def __setattr__(self, name: str, value: Any) -> None:
        names = self.__dict__.get("_flat_weights_names")
        if names is not None and name in names and "_flat_weights" in self.__dict__:
            self._flat_weights[names.index(name)] = value
        super().__setattr__(name, value)

    def flatten_parameters(self) -> None:
        """Does nothing: XLA lays the weights out as it needs them."""

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._flat_weight_refs = []
        super()._apply(fn, recurse)
        self._init_flat_weights()
        return self

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        draw_weights(self, self.hidden_size)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights, a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def __getstate__(self) -> dict[str, Any]:
        self._update_flat_weights()
        state = self.__dict__.copy()
        del state["_flat_weight_refs"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "all_weights" in state:
            self._all_weights = state["all_weights"]
        if "proj_size" not in state:  # pickled before there were projections
            self.proj_size = 0
        if not isinstance(self._all_weights[0][0], str):  # pickled when this held the weights themselves
            self._all_weights = self._names()
            self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()

    # --- checks ------------------------------------------------------------------------------------------------

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raises ValueError for another dtype than the weights', RuntimeError for another rank or size."""
        self._check_input(input, 2 if batch_sizes is not None else 3, input.dim())

    def _check_input(self, input: Tensor, expected: int, dims: int) -> None:
        kind = self._flat_weights[0].dtype
        if input.dtype is not kind:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). "
                f"Convert input: input.to({kind}), or convert model: model.to({input.dtype})"
            )
        if dims != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {dims}")
        if self.input_size != input.size(-1):
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}")

    def _batch(self, input: Tensor, batch_sizes: Tensor | None) -> int:
        if batch_sizes is not None:
            return int(batch_sizes._read().numpy()[0])
        return input.size(0) if self.batch_first else input.size(1)

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape that h must have."""
        return self.num_layers * self._directions, self._batch(input, batch_sizes), self._out_size

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Raises RuntimeError where `hx` has another shape."""
        if tuple(hx.size()) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises ValueError or RuntimeError where input and states do not fit the layer."""
        self.check_input(input, batch_sizes)
        self._check_states(hidden, self._batch(input, batch_sizes))

    def _check_states(self, hidden: Any, batch: int) -> None:
        self.check_hidden_size(hidden, (self.num_layers * self._directions, batch, self._out_size))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states of the sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # --- forward -----------------------------------------------------------------------------------------------

    def _states(self, hx: Any) -> list[Tensor | None]:
        """What the op takes: h (and c)."""
        return [hx]

    def _hidden(self, last: list[Tensor]) -> Any:
        """What the layer returns of the last states."""
        return last[0]

    def _check_rank(self, input: Tensor, hx: Any) -> None:
        """Raises ValueError or RuntimeError where input and states are not both batched, or both not."""
        if input.dim() not in (2, 3):
            kind = type(self)._kind
            end = "D tensor instead" if kind == "RNN" else "D instead"
            raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.dim()}{end}")
        if hx is not None:
            self._check_state_rank(hx, input.dim(), "batched" if input.dim() == 3 else "unbatched")

    _kind = "RNN"

    def _check_state_rank(self, hx: Any, dims: int, how: str) -> None:
        if hx.dim() != dims:
            raise RuntimeError(f"For {how} {dims}-D input, hx should also be {dims}-D but got {hx.dim()}-D tensor")

    def _network(self) -> Network:
        return Network(
            self.mode.lower(), self.bias, self.num_layers, self.dropout, self.training, self.bidirectional, self.batch_first
        )

    def _forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """`(T, B, I)` -> outputs `(T, B, directions * P)` and the last states; without B, or packed, likewise."""
        self._update_flat_weights()
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check_rank(input, hx)
        alone = input.dim() == 2
        states = self._states(hx)
        if alone:
            input = input.unsqueeze(0 if self.batch_first else 1)
            states = [None if s is None else s.unsqueeze(1) for s in states]
        if hx is None:
            self.check_input(input, None)
        else:
            self.check_forward_args(input, self._hidden(states), None)  # type: ignore[arg-type]  # all given
        out, *last = self._network().run(input, states, self._flat_weights, None)
        if alone:
            out, last = out.squeeze(0 if self.batch_first else 1), [s.squeeze(1) for s in last]
        return out, self._hidden(last)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        by_time, packing = input._as_padded()
        self._check_input(by_time, 2, by_time.dim() - 1)
        if hx is not None:
            hx = self.permute_hidden(hx, input.sorted_indices)
            self._check_states(hx, len(packing.lengths))
        network = self._network()._replace(batch_first=False)
        out, *last = network.run(by_time, self._states(hx), self._flat_weights, packing)
        indices = (input.sorted_indices, input.unsorted_indices)
        made = PackedSequence._of_padded(out, packing, input.batch_sizes, *indices)
        return made, self.permute_hidden(self._hidden(last), input.unsorted_indices)

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        plain = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        shown += [f"{name}={getattr(self, name)}" for name, usual in plain.items() if getattr(self, name) != usual]
        return ", ".join(shown)

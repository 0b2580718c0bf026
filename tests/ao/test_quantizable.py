"""LSTM and attention in single layers against torch: observed, on integers, their state_dicts, and back to floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ao.helpers import LIBRARIES, inputs

# What torch's kernel says of joined states, which have a scale for each layer and direction.
pytestmark = pytest.mark.filterwarnings("ignore:All inputs of this cat operator")
LSTMS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "one": ({}, (3, 2, 6)),
    "batch first": ({"batch_first": True}, (2, 3, 6)),
    "both ways": ({"bidirectional": True, "bias": False}, (3, 2, 6)),
    "two layers": ({"num_layers": 2}, (2, 2, 6)),
}


def network(m: Any, layer: Any, call: Any) -> Any:
    class Network(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.quant, self.layer, self.dequant = m.ao.quantization.QuantStub(), layer, m.ao.quantization.DeQuantStub()

        def forward(self, x: Any) -> Any:
            return self.dequant(call(self.layer, self.quant(x)))

    return Network()


def through(m: Any, model: Any, x: np.ndarray) -> tuple[Any, Any]:
    """The prepared and the converted model, having seen the input."""
    q = m.ao.quantization
    model.eval().qconfig = q.QConfig(q.MinMaxObserver.with_args(reduce_range=True), q.default_per_channel_weight_observer)
    prepared = q.prepare(model)
    prepared(m.tensor(x))
    return prepared, q.convert(prepared)


@pytest.mark.parametrize("case", [c if c == "one" else pytest.param(c, marks=pytest.mark.full) for c in LSTMS])
def test_lstm(case: str) -> None:
    torch.backends.quantized.engine = "fbgemm"
    options, shape = LSTMS[case]
    results = []
    for m in LIBRARIES:
        m.manual_seed(3)
        model = network(m, m.nn.LSTM(6, 5, **options), lambda layer, x: layer(x)[0])
        results.append((*through(m, model, inputs(*shape)[0]), m))
    (observed, converted, _), (ours, mine, _) = results
    assert type(ours.layer) is torchlike.ao.nn.quantizable.LSTM
    assert type(mine.layer) is torchlike.ao.nn.quantized.LSTM
    same_keys(observed, ours)
    same_keys(converted, mine)
    x = inputs(*shape)[0]
    np.testing.assert_allclose(
        ours(torchlike.tensor(x)).detach().numpy(), observed(torch.tensor(x)).detach().numpy(), atol=1e-6
    )
    # Rounding to the next integer goes on from step to step.
    step = mine.layer.layers[-1].layer_fw.cell.ogate_cy.scale
    np.testing.assert_allclose(mine(torchlike.tensor(x)).numpy(), converted(torch.tensor(x)).numpy(), atol=2.01 * step)


ATTENTION: dict[str, dict[str, Any]] = {
    "one": {},
    "batch first": {"batch_first": True},
    "more rows": {"add_zero_attn": True, "bias": False},
    "other sizes": {"kdim": 8, "vdim": 8, "embed": 4},
}
MASKS: dict[str, Any] = {
    "one": {"attn_mask": np.triu(np.ones((3, 3), bool), 1)},
    "more rows": {"key_padding_mask": np.array([[False, False, True], [False, False, False]])},
}


@pytest.mark.parametrize("case", [c if c == "one" else pytest.param(c, marks=pytest.mark.full) for c in ATTENTION])
def test_attention(case: str) -> None:
    torch.backends.quantized.engine = "fbgemm"
    options = dict(ATTENTION[case])
    size = options.pop("embed", 8)
    shape = (2, 3, 8) if options.get("batch_first") else (3, 2, 8)
    results = []
    for m in LIBRARIES:
        m.manual_seed(3)
        masks = {name: m.tensor(mask) for name, mask in MASKS.get(case, {}).items()}

        def call(layer: Any, x: Any, masks: dict = masks) -> Any:
            return layer(x[..., : layer.embed_dim], x, x, **masks)[0]

        results.append(through(m, network(m, m.nn.MultiheadAttention(size, 2, **options), call), inputs(*shape)[0]))
    (observed, converted), (ours, mine) = results
    assert type(ours.layer) is torchlike.ao.nn.quantizable.MultiheadAttention
    assert type(mine.layer) is torchlike.ao.nn.quantized.MultiheadAttention
    same_keys(observed, ours)
    same_keys(converted, mine)
    x = inputs(*shape)[0]
    np.testing.assert_allclose(
        ours(torchlike.tensor(x)).detach().numpy(), observed(torch.tensor(x)).detach().numpy(), atol=1e-6
    )
    step = mine.layer.out_proj.scale
    np.testing.assert_allclose(mine(torchlike.tensor(x)).numpy(), converted(torch.tensor(x)).numpy(), atol=1.01 * step)
    back = mine.layer.dequantize()
    assert type(back) is torchlike.nn.MultiheadAttention
    weight = ours.layer.linear_Q.weight.detach().numpy()
    found = (back.in_proj_weight if back._qkv_same_embed_dim else back.q_proj_weight)[:size].detach().numpy()
    np.testing.assert_allclose(found, weight, atol=np.abs(weight).max() / 127)


def same_keys(expected: Any, found: Any) -> None:
    assert list(found.state_dict()) == list(expected.state_dict())
    assert repr(found).count("(") == repr(expected).count("(")


def test_steps_that_other_classes_take() -> None:
    for m in LIBRARIES:
        nn = m.ao.nn
        for kind in ("LSTM", "MultiheadAttention"):
            observed, quantized = getattr(nn.quantizable, kind), getattr(nn.quantized, kind)
            with pytest.raises(NotImplementedError, match="It looks like"):
                quantized.from_float(None)
            with pytest.raises(NotImplementedError, match="It looks like"):
                observed.from_observed(None)
        with pytest.raises(AssertionError):
            nn.quantizable.LSTM.from_float(m.nn.LSTM(2, 2))


def test_split_gates() -> None:
    cells = []
    for m in LIBRARIES:
        m.manual_seed(1)
        cell = m.nn.LSTMCell(4, 3)
        cell.qconfig = None
        cells.append(m.ao.nn.quantizable.LSTMCell.from_float(cell, split_gates=True))
    assert list(cells[1].state_dict()) == list(cells[0].state_dict())
    (h, c), (mine, other) = (cell(m.tensor(inputs(2, 4)[0])) for m, cell in zip(LIBRARIES, cells, strict=True))
    np.testing.assert_allclose(mine.detach().numpy(), h.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(other.detach().numpy(), c.detach().numpy(), atol=1e-6)

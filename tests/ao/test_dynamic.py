"""Dynamic quantization against torch: linear and recurrent layers, cells, embeddings; weights and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ao.helpers import LIBRARIES, both, inputs, same

X = inputs(7, 3, 12)[0]
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "Linear": (lambda m: m.nn.Sequential(m.nn.Linear(12, 20), m.nn.ReLU(), m.nn.Linear(20, 5)), lambda m, f: f(m.tensor(X))),
    "LSTM": (lambda m: m.nn.LSTM(12, 10), lambda m, f: f(m.tensor(X))),
    "LSTM, two layers both ways": (lambda m: m.nn.LSTM(12, 10, 2, bidirectional=True), lambda m, f: f(m.tensor(X))),
    "LSTM, packed": (
        lambda m: m.nn.LSTM(12, 10, bidirectional=True),
        lambda m, f: f(m.nn.utils.rnn.pack_padded_sequence(m.tensor(X), m.tensor([7, 5, 2])))[0][0],
    ),
    "LSTM, packed, two layers": (
        lambda m: m.nn.LSTM(12, 10, 2, bidirectional=True),
        lambda m, f: packed_results(m, f, m.tensor([2, 7, 4]), enforce_sorted=False),
    ),
    "GRU, packed, with a state": (
        lambda m: m.nn.GRU(12, 10),
        lambda m, f: packed_results(m, f, m.tensor([3, 7, 7]), m.ones(1, 3, 10), enforce_sorted=False),
    ),
    "GRU, batch first": (lambda m: m.nn.GRU(12, 10, 2, batch_first=True), lambda m, f: f(m.tensor(X))),
    "GRU with a state": (lambda m: m.nn.GRU(12, 10), lambda m, f: f(m.tensor(X), m.ones(1, 3, 10))),
    "LSTMCell": (lambda m: m.nn.LSTMCell(12, 10), lambda m, f: f(m.tensor(X[0]))),
    "GRUCell": (lambda m: m.nn.GRUCell(12, 10), lambda m, f: f(m.tensor(X[0]))),
    "RNNCell": (lambda m: m.nn.RNNCell(12, 10, nonlinearity="relu"), lambda m, f: f(m.tensor(X[0]))),
}


def packed_results(m: Any, f: Any, lengths: Any, *states: Any, **options: Any) -> tuple:
    """The outputs of sequences of different lengths, padded, and the last states."""
    out, last = f(m.nn.utils.rnn.pack_padded_sequence(m.tensor(X), lengths, **options), *states)
    return (*m.nn.utils.rnn.pad_packed_sequence(out), *flat(last))


def flat(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple) else [tree]


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["qint8", pytest.param("float16", marks=pytest.mark.full)])
def test_layers(case: str, dtype: str) -> None:
    if (case, dtype) == ("RNNCell", "float16"):
        pytest.skip("torch's Elman cell of that kind computes in float16")
    torch.backends.quantized.engine = "fbgemm"
    build, run = CASES[case]
    results = []
    for m in LIBRARIES:
        m.manual_seed(5)
        model = m.nn.ModuleList([build(m)]).eval()
        quantized = m.ao.quantization.quantize_dynamic(model, dtype=getattr(m, dtype))
        results.append((repr(quantized), flat(run(m, quantized[0]))))
    (shown, expected), (ours, found) = results
    assert ours == shown
    for e, f in zip(expected, found, strict=True):
        np.testing.assert_allclose(f.detach().numpy(), e.detach().numpy(), atol=1e-6 if dtype == "qint8" else 1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_halves_of_packed_sequences(kind: str) -> None:
    """Each sequence as by itself: its length is looked at."""
    model = torchlike.ao.quantization.quantize_dynamic(
        torchlike.nn.ModuleList([getattr(torchlike.nn, kind)(12, 10, bidirectional=True)]), dtype=torchlike.float16
    )[0]
    out, last = packed_results(torchlike, model, torchlike.tensor([7, 5, 2]))[::2][:2]
    for i, length in enumerate((7, 5, 2)):
        alone, state = model(torchlike.tensor(X[:length, i : i + 1]))
        np.testing.assert_allclose(out[:length, i].numpy(), alone[:, 0].numpy(), atol=1e-6)
        np.testing.assert_allclose(last[:, i].numpy(), flat(state)[0][:, 0].numpy(), atol=1e-6)
        assert not out[length:, i].any()


CONVOLUTIONS = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions(kind: str) -> None:
    torch.backends.quantized.engine = "fbgemm"
    x = inputs(2, 4, *[6] * int(kind[-2]))[0]
    results = []
    for m in LIBRARIES:
        m.manual_seed(5)
        q = m.ao.quantization
        layer = getattr(m.nn, kind)(4, 6, 3, padding=1, stride=2)
        layer.qconfig = q.default_dynamic_qconfig
        with pytest.warns(UserWarning, match="poor numerical accuracy"):
            dynamic = getattr(m.ao.nn.quantized.dynamic, kind).from_float(layer)
        results.append((repr(dynamic), dynamic.weight(), dynamic(m.tensor(x))))
    (shown, weight, expected), (ours, mine, found) = results
    assert ours == shown
    same(weight, mine)
    step = (x.max() - x.min()) / 127
    apart = np.abs(found.numpy() - expected.numpy())
    assert apart.max() <= 1.001 * step and (apart > 0.5 * step).mean() < 0.02


@pytest.mark.parametrize("kind", ["Embedding", "EmbeddingBag"])
def test_embeddings(kind: str) -> None:
    results = []
    for m in LIBRARIES:
        m.manual_seed(5)
        layer = m.nn.Embedding(20, 8) if kind == "Embedding" else m.nn.EmbeddingBag(20, 8, mode="sum")
        quantized = m.ao.quantization.quantize_dynamic(m.nn.ModuleList([layer]), dtype=m.quint8)[0]
        # (The scales that torch's own weight() shows here are of memory that is freed already.)
        results.append((quantized.weight().int_repr(), quantized(m.tensor([[1, 3], [4, 19], [0, 2]]))))
    (weight, out), (ours, found) = results
    same(weight, ours)
    np.testing.assert_allclose(found.numpy(), out.numpy(), rtol=1e-6, atol=1e-6)


def test_weights_and_their_state() -> None:
    _, model = both(lambda m: m.ao.quantization.quantize_dynamic(m.nn.Sequential(m.nn.Linear(6, 4), m.nn.LSTM(4, 3))))
    other = torchlike.ao.quantization.quantize_dynamic(
        torchlike.nn.Sequential(torchlike.nn.Linear(6, 4), torchlike.nn.LSTM(4, 3))
    )
    other.load_state_dict(model.state_dict())
    x = torchlike.tensor(inputs(2, 5, 6)[0])
    for one, two in zip(flat(model(x)), flat(other(x)), strict=True):
        assert torchlike.equal(one, two)


def test_channels_and_dicts() -> None:
    torch.backends.quantized.engine = "fbgemm"
    outs = []
    for m in LIBRARIES:
        q = m.ao.quantization
        m.manual_seed(1)
        model = m.nn.Sequential(m.nn.Linear(12, 8), m.nn.Linear(8, 4))
        quantized = q.quantize_dynamic(model, {"0": q.per_channel_dynamic_qconfig})
        assert type(quantized[1]) is m.nn.Linear
        outs.append(quantized(m.tensor(X)))
    np.testing.assert_allclose(outs[1].detach().numpy(), outs[0].detach().numpy(), atol=1e-6)

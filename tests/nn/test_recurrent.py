"""Recurrent layers, cells and functions against real torch: values, gradients, packed sequences, states, errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import torchlike as tl
from tests.agree import eager
from torchlike import engine

T, B, IN, H = 5, 3, 4, 6


def array(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


# name -> (class, arguments, keywords, what is given besides: the input's shape, states, lengths)
LAYERS = {
    "RNN": ("RNN", (IN, H), {}, {}),
    "RNN relu states": ("RNN", (IN, H, 2, "relu", False), {"batch_first": True}, {"states": True}),
    "RNN both ways": ("RNN", (IN, H), {"bidirectional": True, "num_layers": 2, "dropout": 0.5}, {}),
    "RNN unbatched": ("RNN", (IN, H), {"bias": False}, {"shape": (T, IN), "states": True}),
    "GRU": ("GRU", (IN, H), {"batch_first": True}, {}),
    "GRU all": ("GRU", (IN, H, 2, True, False, 0.3, True), {}, {"states": True}),
    "GRU no bias": ("GRU", (IN, H, 2, False), {"dtype": "float64"}, {}),
    "GRU unbatched": ("GRU", (IN, H), {"batch_first": True, "bidirectional": True}, {"shape": (T, IN), "states": True}),
    "LSTM": ("LSTM", (IN, H), {}, {"states": True}),
    "LSTM all": ("LSTM", (IN, H, 3, True, True, 0.4, True), {}, {}),
    "LSTM no bias": ("LSTM", (IN, H, 2, False), {"dtype": "float64"}, {"states": True}),
    # In float32 torch warns that oneDNN has no projections.
    "LSTM projected": (
        "LSTM", (IN, H, 2), {"proj_size": 2, "bidirectional": True, "dropout": 0.2, "dtype": "float64"}, {"states": True}),
    "LSTM projected no bias": ("LSTM", (IN, H), {"proj_size": 2, "bias": False, "dtype": "float64"}, {"shape": (T, IN)}),
    "LSTM unbatched": ("LSTM", (IN, H), {"batch_first": True}, {"shape": (T, IN), "states": True}),
    "LSTM dropout 1": ("LSTM", (IN, H, 2), {"dropout": 1}, {}),
    "RNN packed": ("RNN", (IN, H, 2), {"dropout": 0.5}, {"lengths": [5, 3, 2]}),
    "GRU packed": ("GRU", (IN, H, 2), {"bidirectional": True, "dropout": 0.5}, {"lengths": [2, 5, 1], "states": True}),
    "LSTM packed": ("LSTM", (IN, H, 2), {"bidirectional": True, "batch_first": True}, {"lengths": [2, 4, 4], "states": True}),
    "LSTM packed projected": ("LSTM", (IN, H), {"proj_size": 3, "dtype": "float64"}, {"lengths": [4, 4, 1]}),
}  # fmt: skip


def build(t, name):
    kind, args, keywords, _ = LAYERS[name]
    return getattr(t.nn, kind)(*args, **{k: getattr(t, v) if k == "dtype" else v for k, v in keywords.items()})


def given(t, name, m):
    """The arguments of the call of the layer `m`, with the leaves among them; and the leaves."""
    kind, _, keywords, more = LAYERS[name]
    shape = more.get("shape", (B, T, IN) if m.batch_first else (T, B, IN))
    leaves = [array(*shape)]
    if more.get("states"):
        first = (m.num_layers * (2 if m.bidirectional else 1), *[B] * (len(shape) == 3))
        leaves.append(array(*first, m.proj_size or H, seed=1))
        if kind == "LSTM":
            leaves.append(array(*first, H, seed=2))
    found = [t.from_numpy(a).to(getattr(t, keywords.get("dtype", "float32"))).requires_grad_() for a in leaves]
    x, *states = found
    if "lengths" in more:
        lengths = more["lengths"]
        in_order = lengths == sorted(lengths, reverse=True)
        x = t.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=m.batch_first, enforce_sorted=in_order)
    if not states:
        return (x,), found
    return (x, tuple(states) if kind == "LSTM" else states[0]), found


def flat(out):
    """The tensors in nested tuples, packed sequences as padded ones besides."""
    if hasattr(out, "detach"):
        return [out]
    return [] if out is None else [tensor for part in out for tensor in flat(part)]


@pytest.mark.sampled(0.6)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(same, name):
    """Made alike at the same seed; the same outputs (and dropout masks) and gradients of inputs, states and weights."""

    def code(t):
        m = build(t, name)
        args, leaves = given(t, name, m)
        out = m(*args)
        parts = flat(out)
        loss = sum((i + 1) * (p * p).sum() for i, p in enumerate(parts) if p.dtype.is_floating_point)
        loss.backward()
        gradients = [leaf.grad for leaf in leaves], {n: p.grad for n, p in m.named_parameters()}
        return m, [list(w.shape) for ws in m.all_weights for w in ws], m.eval()(*args), parts, gradients

    same(code, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["RNN"])
def test_recorded_is_direct(name):
    def values():
        tl.manual_seed(3)
        m = build(tl, name)
        args, leaves = given(tl, name, m)
        parts = [p for p in flat(m(*args)) if p.dtype.is_floating_point]
        sum((p * p).sum() for p in parts).backward()
        return [p.detach().numpy() for p in parts] + [v.grad.numpy() for v in (*leaves, *m.parameters())]

    recorded = values()
    with eager(True):
        for one, other in zip(recorded, values(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["GRU", "LSTM packed projected"])
def test_gradients_of_gradients(same, name):
    def code(t):
        m = build(t, name).double().eval()
        args, leaves = given(t, name, m)
        args = [a.double() if hasattr(a, "double") else tuple(s.double() for s in a) for a in args]
        out = flat(m(*args))[0]
        variables = [*leaves, *m.parameters()]
        first = t.autograd.grad((out * out).sum(), variables, create_graph=True)
        sum((g * g).sum() for g in first).backward()
        return first, [v.grad for v in variables]

    same(code, rtol=1e-4, atol=1e-5)


def test_bfloat16():
    """As near to float32 as 8 bits of mantissa allow, and rounded no more often than needed."""
    m = tl.nn.LSTM(IN, H, 2)
    x = tl.from_numpy(array(T, B, IN))
    expected = m(x)[0].detach().numpy()
    half = copy.deepcopy(m).to(tl.bfloat16)
    out, (h, _) = half(x.to(tl.bfloat16))
    assert out.dtype is h.dtype is tl.bfloat16
    out.float().sum().backward()
    assert half.weight_ih_l0.grad.dtype is tl.bfloat16
    np.testing.assert_allclose(out.detach().float().numpy(), expected, atol=1e-2)


CELLS = {
    "RNNCell": ("RNNCell", {}),
    "RNNCell relu": ("RNNCell", {"nonlinearity": "relu", "bias": False}),
    "GRUCell": ("GRUCell", {}),
    "LSTMCell": ("LSTMCell", {}),
    "LSTMCell no bias": ("LSTMCell", {"bias": False}),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells(same, name):
    kind, keywords = CELLS[name]

    def code(t):
        m = getattr(t.nn, kind)(IN, H, **keywords)
        x, h, c = (t.from_numpy(a).requires_grad_() for a in (array(B, IN), array(B, H), array(B, H, seed=1)))
        states = (h, c) if kind == "LSTMCell" else h
        out = m(x, m(x, states))
        single = m(x[0], (h[0], c[0]) if kind == "LSTMCell" else h[0])
        parts = flat([out, single, m(x), m(x[0])])
        sum((i + 1) * (p * p).sum() for i, p in enumerate(parts)).backward()
        return m, parts, x.grad, h.grad, c.grad, {n: p.grad for n, p in m.named_parameters()}

    same(code, rtol=2e-4, atol=2e-5)


FUNCTIONS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(same, name):
    """Both lists of arguments; weights that are no parameters."""

    def code(t):
        gates = FUNCTIONS[name]
        sizes = [(gates * H, IN), (gates * H, H), (gates * H,), (gates * H,)]
        weights = [t.from_numpy(array(*s, seed=i)) for i, s in enumerate(sizes)]
        h = t.from_numpy(array(1, B, H))
        hx = (h, h * 2) if name == "lstm" else h
        whole = getattr(t, name)(t.from_numpy(array(B, T, IN)), hx, weights, True, 1, 0.0, False, False, batch_first=True)
        data, sizes = t.from_numpy(array(10, IN)), t.tensor([3, 3, 2, 1, 1])
        step = getattr(t, f"{name}_cell")(data[:3], (h[0], h[0]) if name == "lstm" else h[0], *weights)
        return whole, getattr(t, name)(data, sizes, hx, weights, True, 1, 0.0, False, False), step

    same(code, rtol=2e-4, atol=2e-5)


def weights(t, gates=4):
    return [t.zeros(gates * H, IN), t.zeros(gates * H, H), t.zeros(gates * H), t.zeros(gates * H)]


ERRORS = {
    "dropout": lambda t, n: n.LSTM(IN, H, dropout=2),
    "dropout bool": lambda t, n: n.LSTM(IN, H, dropout=True),
    "dropout of one layer": lambda t, n: n.GRU(IN, H, dropout=0.5),
    "bias": lambda t, n: n.LSTM(IN, H, 1, 1),
    "batch_first": lambda t, n: n.LSTM(IN, H, batch_first=1),
    "input_size": lambda t, n: n.LSTM(0, H),
    "hidden_size": lambda t, n: n.LSTM(IN, 2.5),
    "num_layers": lambda t, n: n.LSTM(IN, H, 0),
    "proj_size": lambda t, n: n.LSTM(IN, H, proj_size=H),
    "proj_size negative": lambda t, n: n.LSTM(IN, H, proj_size=-1),
    "proj_size of RNN": lambda t, n: n.RNN(IN, H, proj_size=2),
    "mode": lambda t, n: n.RNNBase("X", IN, H),
    "nonlinearity": lambda t, n: n.RNN(IN, H, nonlinearity="sin"),
    "rank RNN": lambda t, n: n.RNN(IN, H)(t.ones(IN)),
    "rank GRU": lambda t, n: n.GRU(IN, H)(t.ones(1, 1, 1, IN)),
    "rank LSTM": lambda t, n: n.LSTM(IN, H)(t.ones(IN)),
    "size": lambda t, n: n.LSTM(IN, H)(t.ones(T, B, IN + 1)),
    "no steps": lambda t, n: n.GRU(IN, H)(t.ones(0, B, IN)),
    "dtype": lambda t, n: n.GRU(IN, H)(t.ones(T, B, IN).double()),
    "state size": lambda t, n: n.GRU(IN, H)(t.ones(T, B, IN), t.zeros(2, B, H)),
    "state rank": lambda t, n: n.GRU(IN, H)(t.ones(T, B, IN), t.zeros(B, H)),
    "state rank unbatched": lambda t, n: n.RNN(IN, H)(t.ones(T, IN), t.zeros(1, B, H)),
    "state h": lambda t, n: n.LSTM(IN, H)(t.ones(T, B, IN), (t.zeros(1, B, IN), t.zeros(1, B, H))),
    "state c": lambda t, n: n.LSTM(IN, H)(t.ones(T, B, IN), (t.zeros(1, B, H), t.zeros(1, B, IN))),
    "states rank": lambda t, n: n.LSTM(IN, H)(t.ones(T, B, IN), (t.zeros(B, H), t.zeros(B, H))),
    "states rank unbatched": lambda t, n: n.LSTM(IN, H)(t.ones(T, IN), (t.zeros(1, B, H), t.zeros(1, B, H))),
    "packed size": lambda t, n: n.GRU(IN, H)(n.utils.rnn.pack_sequence([t.ones(2, 3)])),
    "packed rank": lambda t, n: n.GRU(IN, H)(n.utils.rnn.pack_sequence([t.ones(2)])),
    "packed state": lambda t, n: n.GRU(IN, H)(n.utils.rnn.pack_sequence([t.ones(2, IN)]), t.zeros(1, 2, H)),
    "cell rank": lambda t, n: n.GRUCell(IN, H)(t.ones(1, 1, IN)),
    "cell state rank": lambda t, n: n.LSTMCell(IN, H)(t.ones(1, IN), (t.ones(1, H), t.ones(1, 1, H))),
    "cell size": lambda t, n: n.RNNCell(IN, H)(t.ones(1, IN + 1)),
    "cell state": lambda t, n: n.RNNCell(IN, H)(t.ones(2, IN), t.ones(2, H + 1)),
    "cell batch": lambda t, n: n.GRUCell(IN, H)(t.ones(2, IN), t.ones(3, H)),
    "cell nonlinearity": lambda t, n: n.RNNCell(IN, H, nonlinearity="sin")(t.ones(1, IN)),
    "one state": lambda t, n: t.lstm(t.ones(T, B, IN), (t.zeros(1, B, H),), weights(t), True, 1, 0.0, False, False, False),
    "cell one state": lambda t, n: t.lstm_cell(t.ones(B, IN), (t.zeros(B, H),), *weights(t)),
    "cell no tuple": lambda t, n: t.lstm_cell(t.ones(B, IN), t.zeros(B, H), *weights(t)),
    "cell gates": lambda t, n: t.gru_cell(t.ones(B, IN), t.zeros(B, H), *weights(t)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(same, name):
    same(lambda t: ERRORS[name](t, t.nn))


def test_wrong_arguments_of_a_function():
    with pytest.raises(TypeError, match=r"lstm\(\) received an invalid combination of arguments - got \(int\)"):
        tl.lstm(1)
    h = tl.zeros(1, B, H)
    with pytest.raises(RuntimeError, match="got an incorrect number of RNN parameters"):
        tl.lstm(tl.ones(T, B, IN), (h, h), weights(tl), True, 2, 0.0, False, False, False)


def test_kept_weights_follow(same):
    """Whoever replaces a weight, converts, copies, pickles or calls functionally gets what is there now."""

    def code(t):
        x = t.from_numpy(array(T, B, IN))
        m = t.nn.GRU(IN, H)
        results = [m(x)[0]]
        m.weight_hh_l0 = t.nn.Parameter(t.zeros(3 * H, H))
        results.append(m(x)[0])
        swapped = {n: p * 2 for n, p in m.named_parameters()}
        call = t.func.functional_call if t is not tl else tl.nn.utils.stateless.functional_call
        results += [call(m, swapped, x)[0], m(x)[0]]
        results += [copy.deepcopy(m)(x)[0], pickle.loads(pickle.dumps(m))(x)[0], m.double()(x.double())[0]]
        return results, [w is p for w, p in zip(m._flat_weights, m.parameters(), strict=True)], m._flat_weights_names

    same(code)


def step_of(model, optimizer, make_batch):
    optimizer.zero_grad()
    out = model(make_batch())
    out.square().mean().backward()
    optimizer.step()


def test_a_training_step_is_one_program():
    class Net(tl.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = tl.nn.LSTM(IN, H, 2, dropout=0.3, bidirectional=True)

        def forward(self, x):
            return self.rnn(x)[0]

    model = Net()
    optimizer = tl.optim.Adam(model.parameters())
    x = array(T, B, IN)
    compiled = engine.stats.compiled
    for _ in range(4):
        step_of(model, optimizer, lambda: tl.from_numpy(x))
    assert engine.stats.compiled == compiled + 1


def test_other_lengths_are_the_same_program():
    rnn = tl.nn.utils.rnn

    class Net(tl.nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = tl.nn.GRU(IN, H, 2, dropout=0.3)

        def forward(self, packed):
            return rnn.pad_packed_sequence(self.gru(packed)[0], total_length=T)[0]

    model = Net()
    optimizer = tl.optim.SGD(model.parameters(), lr=0.1)
    counts = []
    for lengths in ([5, 3, 1], [2, 5, 4], [1, 1, 5], [5, 5, 5]):
        x = tl.from_numpy(array(T, B, IN))
        step_of(model, optimizer, lambda x=x, n=lengths: rnn.pack_padded_sequence(x, n, enforce_sorted=False))
        counts.append(engine.stats.compiled)
    assert len(set(counts)) == 1


@pytest.mark.full
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"])
def test_torchs_own_module_inputs(name, dtype):
    """Every input that torch's tests have: forward and gradients. `pytest -m full tests/nn/test_recurrent.py`."""
    import torch
    from torch.testing._internal.common_modules import module_db

    def ours(x):
        if isinstance(x, torch.Tensor):
            return tl.from_numpy(x.detach().numpy().copy()).requires_grad_(x.requires_grad)
        if isinstance(x, tuple | list):
            return type(x)(map(ours, x))
        if isinstance(x, dict):
            return {k: ours(v) for k, v in x.items()}
        return x

    info = next(entry for entry in module_db if entry.module_cls is getattr(torch.nn, name))
    kind = getattr(torch, dtype)
    tried = 0
    for sample in info.module_inputs_func(info, device="cpu", dtype=kind, requires_grad=True, training=True):
        args, keywords = sample.constructor_input.args, sample.constructor_input.kwargs
        theirs = info.module_cls(*args, **keywords).to(kind)
        mine = getattr(tl.nn, name)(*args, **keywords).to(getattr(tl, dtype))
        assert repr(mine) == repr(theirs)
        mine.load_state_dict({k: ours(v.detach()) for k, v in theirs.state_dict().items()})
        given = sample.forward_input.args
        mine_given = ours(given)
        pairs = [(flat(mine(*mine_given)), flat(theirs(*given)))]
        for outs in pairs[0]:
            sum((o * o).sum() for o in outs).backward()
        leaves = (*flat(mine_given), *mine.parameters()), (*flat(given), *theirs.parameters())
        pairs.append(tuple([v.grad for v in each] for each in leaves))
        for one, other in ((a, b) for pair in pairs for a, b in zip(*pair, strict=True)):
            rtol, atol = (1e-4, 1e-4) if dtype == "float32" else (1e-9, 1e-10)
            np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=rtol, atol=atol)
        tried += 1
    assert tried

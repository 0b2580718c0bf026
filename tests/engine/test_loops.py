"""Blocks that repeat run as one scan, and nothing but the time that compiling takes tells of it."""

import numpy as np
import pytest

import torchlike as torch
from torchlike import engine
from torchlike.base.flags import flags
from torchlike.engine import scans
from torchlike.utils.checkpoint import checkpoint

nn = torch.nn
F = torch.nn.functional


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    engine.flush()
    engine.clear()
    engine.stats.reset()
    monkeypatch.setattr(flags, "scan", flags.scan)
    yield
    engine.clear()


class Attention(nn.Module):
    def __init__(self, width=16, heads=2, dropout=0.0):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (y.view(b, t, self.heads, -1).transpose(1, 2) for y in self.qkv(x).split(c, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).contiguous().view(b, t, c)
        return F.dropout(self.out(y), self.dropout, self.training)


class Block(nn.Module):
    def __init__(self, width=16, dropout=0.0):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, dropout=dropout)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width), nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attention(self.first(x))
        return x + self.mlp(self.second(x))


class Gpt(nn.Module):
    def __init__(self, layers=4, dropout=0.0, again=False):
        super().__init__()
        self.tokens, self.places = nn.Embedding(11, 16), nn.Embedding(6, 16)
        self.blocks = nn.ModuleList([Block(dropout=dropout) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 11, bias=False)
        self.again = again

    def forward(self, x):
        x = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.again else block(x)
        return self.head(self.norm(x))


def text():
    torch.manual_seed(1)
    return torch.randint(0, 11, (3, 6)), torch.randint(0, 11, (18,))


def trained(model, x, loss, steps=3, optimizer=torch.optim.SGD):
    """Parameters after some steps, and the losses."""
    optimizer = optimizer(model.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model(x))
        value.backward()
        optimizer.step()
        losses.append(value.detach())
    return [*losses, *model.parameters()]


def gpt(**options):
    x, y = text()
    return trained(Gpt(**options), x, lambda out: F.cross_entropy(out.flatten(0, 1), y))


def mlp():
    layers = [m for _ in range(6) for m in (nn.Linear(8, 8), nn.Tanh())]
    return trained(
        nn.Sequential(nn.Linear(4, 8), nn.Tanh(), *layers, nn.Linear(8, 2)),
        torch.randn(5, 4),
        lambda y: (y * y).mean(),
        optimizer=torch.optim.Adam,
    )


def inference():
    with torch.no_grad():
        return [Gpt()(text()[0])]


def encoder():
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
    mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)
    return [*trained(model, torch.randn(3, 6, 16), lambda y: (y * y * y).mean()), model(torch.randn(2, 6, 16), mask=mask)]


class Cells(nn.Module):
    """As in pytorch/examples' time_sequence_prediction."""

    def __init__(self, kind=nn.LSTMCell):
        super().__init__()
        self.first, self.second, self.out = nn.LSTMCell(1, 5), nn.LSTMCell(5, 5), nn.Linear(5, 1)
        self.double()

    def forward(self, x, future=2):
        outputs = []
        h, c, g, d = (torch.zeros(x.size(0), 5, dtype=torch.double) for _ in range(4))
        for part in x.split(1, dim=1):
            h, c = self.first(part, (h, c))
            g, d = self.second(h, (g, d))
            out = self.out(g)
            outputs += [out]
        for _ in range(future):
            h, c = self.first(out, (h, c))
            g, d = self.second(h, (g, d))
            out = self.out(g)
            outputs += [out]
        return torch.cat(outputs, dim=1)


def cells():
    return trained(Cells(), torch.randn(3, 7, dtype=torch.double), lambda y: (y * y).mean(), steps=2)


def over_time():
    w, u = torch.randn(4, 5).requires_grad_(), torch.randn(5, 5).requires_grad_()
    x, h, states = torch.randn(3, 9, 4).requires_grad_(), torch.zeros(3, 5), []
    for t in range(9):
        h = torch.tanh(x[:, t] @ w + h @ u)
        states.append(h)
    (torch.stack(states, 1) ** 2).sum().backward()
    return [*states, w.grad, u.grad, x.grad]


def numbers():
    """A number of its own in each block, and one that is the same."""
    x, ws = torch.randn(3, 4), [torch.randn(4, 4).requires_grad_() for _ in range(7)]
    y = x
    for i, w in enumerate(ws):
        y = torch.tanh(y @ w * (0.5 + 0.1 * i) + 0.25)
    y.sum().backward()
    return [y, *[w.grad for w in ws]]


def held():
    """What somebody keeps of the middle, and a hook there."""
    x, ws = torch.randn(3, 4).requires_grad_(), [torch.randn(4, 4).requires_grad_() for _ in range(7)]
    y, kept, seen = x, [], []
    for i, w in enumerate(ws):
        y = torch.tanh(y @ w)
        if i in (2, 4):
            y.retain_grad()
            kept.append(y)
        if i == 3:
            y.register_hook(lambda g: seen.append(g) or g * 2)
    (y * y).sum().backward()
    return [y, *kept, *[k.grad for k in kept], *seen, x.grad, *[w.grad for w in ws]]


def accumulated():
    ws = [torch.randn(4, 4).requires_grad_() for _ in range(6)]
    for _ in range(3):
        y = torch.randn(3, 4)
        for w in ws:
            y = torch.tanh(y @ w)
        (y * y).sum().backward()
    return [w.grad for w in ws]


def second_order():
    x, ws = torch.randn(3, 4).requires_grad_(), [torch.randn(4, 4).requires_grad_() for _ in range(6)]
    y = x
    for w in ws:
        y = torch.tanh(y @ w)
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    ((g * g).sum() + y.sum()).backward()
    return [y, g, x.grad, *[w.grad for w in ws]]


def within():
    """Blocks that hold their own backward: steps of gradient descent by hand."""
    w, x = torch.randn(4, 4), torch.randn(3, 4)
    for _ in range(6):
        w = w.detach().requires_grad_()
        (g,) = torch.autograd.grad((torch.tanh(x @ w) ** 2).sum(), w)
        w = w - 0.1 * g
    return [w]


def frozen():
    ws = [torch.randn(4, 4).requires_grad_(i > 2) for i in range(9)]
    y = torch.randn(3, 4)
    for w in ws:
        y = F.gelu(y @ w) + y
    (y * y).sum().backward()
    return [y, *[w.grad for w in ws[3:]]]


def alternating():
    """Blocks that read what the block before the last has made repeat, if at all, two by two."""
    a, b, ws = torch.randn(3, 4).requires_grad_(), torch.randn(3, 4), [torch.randn(4, 4).requires_grad_() for _ in range(8)]
    x, y = a, b
    for w in ws:
        x, y = y, torch.tanh(x @ w)
    (x * y).sum().backward()
    return [x, y, a.grad, *[w.grad for w in ws]]


def printed():
    """The forward has run before the backward begins."""
    ws = [torch.randn(4, 4).requires_grad_() for _ in range(7)]
    y = torch.randn(3, 4)
    for w in ws:
        y = torch.tanh(y @ w)
    loss = (y * y).sum()
    loss.item()
    loss.backward()
    return [loss, *[w.grad for w in ws]]


def compiled():
    x, y = text()
    model = Gpt()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, 1), y)
        loss.backward()
        optimizer.step()
        return loss

    return [*[step(x, y) for _ in range(4)], *model.parameters()]


def model_compiled():
    x, y = text()
    model = Gpt()
    fast = torch.compile(model)
    return trained(model, x, lambda _: F.cross_entropy(fast(x).flatten(0, 1), y))


def in_place():
    buffer, x = torch.zeros(3, 8, 4), torch.randn(3, 4).requires_grad_()
    w, h = torch.randn(4, 4).requires_grad_(), x
    for t in range(8):
        h = torch.tanh(h @ w)
        buffer[:, t] = h
    (buffer**2).sum().backward()
    return [buffer, x.grad, w.grad]


# name -> (what is computed, loops in all its programs)
CASES = {
    "mlp": (mlp, 2),
    "inference": (inference, 1),
    "over time": (over_time, 2),
    "numbers": (numbers, 2),
    "held": (held, 2),
    "accumulated": (accumulated, 2),
    "second order": (second_order, 2),
    "within": (within, 1),
    "frozen": (frozen, 2),
    "alternating": (alternating, 2),
    "printed": (printed, 2),
    "in place": (in_place, 2),
}
LARGE = {
    "cells": (cells, 2),
    "gpt, dropout": (lambda: gpt(dropout=0.2), 2),
    "gpt, checkpointed": (lambda: gpt(again=True), 2),
    "encoder": (encoder, 3),
    "compiled": (compiled, 2),
    "model compiled": (model_compiled, 1),
}


def computed(case, scan, monkeypatch):
    """The results, how many loops ran in the programs behind them, and how many programs there are."""
    engine.flush()
    engine.clear()
    flags.scan = scan
    torch.manual_seed(0)
    before, loops = engine.stats.compiled, []
    ran = scans.run
    with monkeypatch.context() as patch:
        patch.setattr(scans, "run", lambda *args: loops.append(ran(*args)) or loops[-1])
        found = [np.asarray(t.detach().numpy(), np.float64) for t in case()]
    return found, sum(loops), engine.stats.compiled - before


def agrees(case, loops, monkeypatch):
    expected, none, programs = computed(case, "0", monkeypatch)
    found, some, programs_with = computed(case, "1", monkeypatch)
    assert none == 0
    assert some >= loops
    assert programs_with == programs
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_a_loop_computes_what_its_blocks_do(name, monkeypatch):
    agrees(*CASES[name], monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("name", LARGE)
def test_a_loop_computes_what_the_blocks_of_a_network_do(name, monkeypatch):
    agrees(*LARGE[name], monkeypatch)

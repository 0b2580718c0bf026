"""What the nodes of the tape are called, against torch."""

from __future__ import annotations

import pytest
import torch

import torchlike

NAMES = {
    "add": lambda m, a: a + 1,
    "divide": lambda m, a: a / 2,
    "power": lambda m, a: a**3,
    "row": lambda m, a: a[0],
    "view": lambda m, a: a.view(-1),
    "cast": lambda m, a: a.double(),
    "in place": lambda m, a: (a * 1).mul_(2),
    "index_put_": lambda m, a: (a * 1).index_put_((m.tensor([0]),), m.tensor(2.0)),
    "twice": lambda m, a: m.autograd.grad(a.tanh().sum(), a, create_graph=True)[0],
}

# Writes into a part of a tensor, which change the node of the whole.
WRITES = {
    "setitem": lambda m, y: y.__setitem__(0, 2.0),
    "slice": lambda m, y: y[:, 1:3].add_(1),
    "transpose": lambda m, y: y.t().mul_(2),
    "diagonal": lambda m, y: y.diagonal().fill_(0),
    "view": lambda m, y: y.view(-1).zero_(),
    "copy": lambda m, y: y[1].copy_(m.ones(4)),
}


def operand(module):
    return module.full((3, 4), 0.5, requires_grad=True)


@pytest.mark.parametrize("case", NAMES)
def test_a_node_is_called_as_in_torch(case):
    want, got = (NAMES[case](m, operand(m)).grad_fn for m in (torch, torchlike))
    assert got.name() == want.name()


@pytest.mark.parametrize("case", WRITES)
def test_a_write_through_a_view_is_copy_slices(case):
    nodes = []
    for module in (torch, torchlike):
        y = operand(module) * 1
        WRITES[case](module, y)
        nodes.append(y.grad_fn)
    want, got = nodes
    assert got.name() == want.name() == "torch::autograd::CopySlices"
    assert repr(got).startswith("<CopySlices object at ")


def test_the_printed_name_has_no_namespace():
    shown = []
    for module in (torch, torchlike):
        y = operand(module) * 1
        y[0] = 2.0
        shown.append(repr(y))
    want, got = shown
    assert got == want
    assert "grad_fn=<CopySlices>" in got


def test_a_pullback_carries_the_name_of_its_forward():
    """torch differentiates its pullbacks op by op (a MulBackward0 here); each is one node here."""
    a = operand(torchlike)
    names = []
    out = a**3
    for _ in range(3):
        names.append(out.grad_fn.name())
        out = torchlike.autograd.grad(out.sum(), a, create_graph=True)[0]
    assert names == ["PowBackward0", "PowBackwardBackward0", "PowBackwardBackwardBackward0"]
    largest = operand(torchlike)
    slope = torchlike.autograd.grad(largest.max(), largest, create_graph=True)[0]
    assert slope.grad_fn.name() == "MaxBackwardBackward0"

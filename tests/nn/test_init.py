"""nn.init against real torch: the same numbers at the same seed, the same errors and warnings."""

from __future__ import annotations

import pytest

INITS = {
    "uniform_": lambda t, i, x: i.uniform_(x, -2, 3),
    "normal_": lambda t, i, x: i.normal_(x, 1, 2),
    "constant_": lambda t, i, x: i.constant_(x, 0.3),
    "ones_": lambda t, i, x: i.ones_(x),
    "zeros_": lambda t, i, x: i.zeros_(x),
    "eye_": lambda t, i, x: i.eye_(x),
    "eye_ 1d": lambda t, i, x: i.eye_(x[0]),
    "xavier_uniform_": lambda t, i, x: i.xavier_uniform_(x, 2.0),
    "xavier_normal_": lambda t, i, x: i.xavier_normal_(x),
    "xavier 4d": lambda t, i, x: i.xavier_uniform_(t.empty(4, 3, 2, 5)),
    "xavier 1d": lambda t, i, x: i.xavier_uniform_(t.empty(3)),
    "kaiming_uniform_": lambda t, i, x: i.kaiming_uniform_(x, a=5**0.5),
    "kaiming_normal_": lambda t, i, x: i.kaiming_normal_(x, mode="fan_out", nonlinearity="relu"),
    "kaiming 1d": lambda t, i, x: i.kaiming_uniform_(t.empty(3)),
    "kaiming mode": lambda t, i, x: i.kaiming_uniform_(x, mode="q"),
    "kaiming nonlinearity": lambda t, i, x: i.kaiming_uniform_(x, nonlinearity="q"),
    "kaiming empty": lambda t, i, x: i.kaiming_normal_(t.empty(0, 3)),
    "generator": lambda t, i, x: i.kaiming_normal_(x, generator=t.Generator().manual_seed(4)),
    "trunc_normal_": lambda t, i, x: i.trunc_normal_(x),
    "trunc_normal_ wide": lambda t, i, x: i.trunc_normal_(x, std=0.02),
    "trunc_normal_ redrawn": lambda t, i, x: i.trunc_normal_(t.empty(50), 0.0, 1.0, -0.5, 0.5),
    "trunc_normal_ narrow": lambda t, i, x: i.trunc_normal_(t.empty(50), 0.0, 1.0, -0.1, 0.1),
    "trunc_normal_ tail": lambda t, i, x: i.trunc_normal_(t.empty(20), 0.0, 1.0, 3.0, 4.0),
    "trunc_normal_ one side": lambda t, i, x: i.trunc_normal_(t.empty(20), 0.5, 2.0, 1.5, 2.5),
    "trunc_normal_ float64": lambda t, i, x: i.trunc_normal_(t.empty(20, dtype=t.float64)),
    "dirac_": lambda t, i, x: i.dirac_(t.empty(4, 2, 3), 2),
    "dirac_ 5d": lambda t, i, x: i.dirac_(t.empty(2, 3, 3, 2, 1)),
    "dirac_ 2d": lambda t, i, x: i.dirac_(x),
    "dirac_ groups": lambda t, i, x: i.dirac_(t.empty(3, 3, 3), 2),
    "sparse_": lambda t, i, x: i.sparse_(x, 0.4),
    "sparse_ 3d": lambda t, i, x: i.sparse_(t.empty(2, 2, 2), 0.1),
    "orthogonal_ 1d": lambda t, i, x: i.orthogonal_(t.empty(3)),
    "orthogonal_ empty": lambda t, i, x: i.orthogonal_(t.empty(0, 3)),
    "parameter": lambda t, i, x: i.uniform_(t.nn.Parameter(x)),
    "old name": lambda t, i, x: i.xavier_normal(x),
    "fans": lambda t, i, x: i._calculate_fan_in_and_fan_out(t.empty(4, 3, 2)),
    "gains": lambda t, i, x: [i.calculate_gain(n) for n in ("linear", "conv2d", "tanh", "relu", "leaky_relu", "selu")],
    "gain slope": lambda t, i, x: i.calculate_gain("leaky_relu", 2),
    "gain bool": lambda t, i, x: i.calculate_gain("leaky_relu", True),
    "gain word": lambda t, i, x: i.calculate_gain("leaky_relu", "a"),
    "gain name": lambda t, i, x: i.calculate_gain("q"),
}


@pytest.mark.parametrize("name", INITS)
def test_values(same, name):
    same(lambda t: [INITS[name](t, t.nn.init, t.empty(6, 5)), t.rand(2)])


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(same, shape):
    def code(t):
        return t.nn.init.orthogonal_(t.empty(*shape), gain=2.0)

    same(code, rtol=1e-4, atol=1e-5)


def test_the_tensor_itself_is_filled_outside_the_graph(same):
    def code(t):
        w = t.nn.Parameter(t.zeros(3, 3))
        out = t.nn.init.normal_(w)
        return out is w, w.is_leaf, w.requires_grad, w

    same(code)

"""nn.utils against real torch: clipping, parameters as a vector, stateless calls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchlike as tl
from torchlike.nn.utils.stateless import functional_call


def array(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def clipping(t, how):
    ps = [t.nn.Parameter(t.from_numpy(array(s))) for s in ((3, 2), (4,))]
    for i, p in enumerate(ps):
        p.grad = t.from_numpy(array(tuple(p.shape), 9 + i)) * 3
    out = how(t.nn.utils, [*ps, t.nn.Parameter(t.ones(1))])
    return out, [p.grad for p in ps]


CLIPS = {
    "norm": lambda u, ps: u.clip_grad_norm_(ps, 1.0),
    "norm large": lambda u, ps: u.clip_grad_norm_(ps, 1e6),
    "norm inf": lambda u, ps: u.clip_grad_norm_(ps, 0.5, float("inf")),
    "norm 1": lambda u, ps: u.clip_grad_norm_(iter(ps), 0.5, 1),
    "one": lambda u, ps: u.clip_grad_norm_(ps[0], 0.5),
    "none": lambda u, ps: u.clip_grad_norm_(ps[2], 0.5),
    "value": lambda u, ps: u.clip_grad_value_(ps, 0.7),
    "total": lambda u, ps: u.get_total_norm([p.grad for p in ps[:2]]),
    "with norm": lambda u, ps: u.clip_grads_with_norm_(ps, 1.0, u.get_total_norm([ps[0].grad])),
    "old name": lambda u, ps: u.clip_grad_norm(ps, 1.0),
    "nonfinite": lambda u, ps: [ps[0].grad.fill_(float("nan")), u.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True)],
}


@pytest.mark.parametrize("name", CLIPS)
def test_clipping(same, name):
    same(lambda t: clipping(t, CLIPS[name]))


def test_parameters_as_vector(same):
    def code(t):
        m = t.nn.Linear(2, 3)
        vector = t.nn.utils.parameters_to_vector(m.parameters())
        t.nn.utils.vector_to_parameters(t.arange(9.0), m.parameters())
        return vector, m

    same(code)


def test_functional_call():
    def code(t, call):
        t.manual_seed(0)
        m = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.BatchNorm1d(2))
        own = {k: v.detach().clone() for k, v in m.named_parameters()}
        new = {k: t.zeros_like(v) + 2 for k, v in own.items()}
        x = t.from_numpy(array((3, 2)))
        out = call(m, new, (x,))
        with pytest.raises((ValueError, RuntimeError, AttributeError, KeyError)):
            call(m, {"nope.weight": x}, (x,))
        assert all((own[k] == v).all() for k, v in m.named_parameters())
        return out.detach().numpy(), m[1].running_mean.numpy()

    for ours, theirs in zip(code(tl, functional_call), code(torch, torch.func.functional_call), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_skip_init(same):
    same(lambda t: [list(t.nn.utils.skip_init(t.nn.Linear, 2, 3).state_dict()), t.rand(1)])


def test_a_training_step_with_clipping_is_one_program():
    tl.manual_seed(0)
    n = tl.nn
    model = n.Sequential(n.Linear(4, 8), n.BatchNorm1d(8, momentum=None), n.PReLU(), n.Dropout(0.2), n.Linear(8, 3))
    optimizer = tl.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = tl.from_numpy(array((6, 4))), tl.tensor([0, 1, 2, 0, 1, 2])
    tl.engine.flush()
    tl.engine.stats.reset()
    for _ in range(4):
        optimizer.zero_grad()
        n.functional.cross_entropy(model(x), y).backward()
        n.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    assert (tl.engine.stats.compiled, tl.engine.stats.run) == (1, 4)


FUSIONS = {
    "conv": lambda t, n: (n.Conv2d(2, 3, 2), n.BatchNorm2d(3), "fuse_conv_bn_eval", (1, 2, 4, 4)),
    "conv no bias": lambda t, n: (
        n.Conv1d(2, 3, 2, bias=False), n.BatchNorm1d(3, affine=False), "fuse_conv_bn_eval", (1, 2, 4)),
    "transposed": lambda t, n: (n.ConvTranspose2d(2, 3, 2), n.BatchNorm2d(3), "fuse_conv_bn_eval transpose", (1, 2, 4, 4)),
    "linear": lambda t, n: (n.Linear(2, 3), n.BatchNorm1d(3), "fuse_linear_bn_eval", (4, 2)),
    "linear no bias": lambda t, n: (n.Linear(2, 3, bias=False), n.BatchNorm1d(3), "fuse_linear_bn_eval", (4, 2)),
    "linear other": lambda t, n: (n.Linear(2, 3), n.BatchNorm1d(4), "fuse_linear_bn_eval", (4, 2)),
    "no statistics": lambda t, n: (
        n.Linear(2, 3), n.BatchNorm1d(3, track_running_stats=False), "fuse_linear_bn_eval", (4, 2)),
    "training": lambda t, n: (n.Linear(2, 3), n.BatchNorm1d(3).train(), "fuse_linear_bn_eval train", (4, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUSIONS)
def test_fusion(same, name):
    def code(t):
        layer, bn, call, shape = FUSIONS[name](t, t.nn)
        function, _, option = call.partition(" ")
        if bn.track_running_stats and bn.num_features == 3:
            bn(layer(t.from_numpy(array(shape))).detach())
        if option != "train":
            layer.eval(), bn.eval()
        fused = getattr(t.nn.utils, function)(layer, bn, *[True] * (option == "transpose"))
        x = t.from_numpy(array(shape))
        return fused, fused(x), bn(layer(x)), fused.weight.requires_grad, fused.bias.requires_grad

    same(code, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d", "Conv3d", "Linear"])
def test_memory_format_of_weights(same, kind):
    def code(t):
        m = t.nn.Sequential(getattr(t.nn, kind)(2, 3, *[2] * (kind != "Linear")))
        u = t.nn.utils
        u.convert_conv2d_weight_memory_format(m, t.channels_last)
        u.convert_conv3d_weight_memory_format(m, t.channels_last_3d)
        return m, list(m[0].weight.stride()), isinstance(m[0].weight, t.nn.Parameter)

    same(code)

"""Adaptive softmax, synchronized batch normalization, `DataParallel` and other wrappers, against real torch."""

from __future__ import annotations

import numpy as np
import pytest

X = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)

CASES = {
    "adaptive": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6]),
    "adaptive bias": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, (4,), div_value=2.0, head_bias=True, dtype=t.float64),
}


@pytest.mark.parametrize("name", CASES)
def test_adaptive_softmax(same, name):
    def code(t):
        m = CASES[name](t)
        x = t.from_numpy(X).to(m.head.weight.dtype).requires_grad_()
        out, loss = m(x, t.tensor([0, 9, 4, 2, 6, 3, 8, 5]))
        (loss + out.sum()).backward()
        alone = m(x[0], t.tensor(7))
        return m, out, loss, alone.output, alone.loss, x.grad, [p.grad for p in m.parameters()], m.log_prob(x), m.predict(x)

    same(code, rtol=2e-5, atol=2e-6)


def converted(t):
    m = t.nn.Sequential(t.nn.Linear(8, 4), t.nn.Sequential(t.nn.BatchNorm1d(4, momentum=None)))
    weight = m[1][0].weight
    m = t.nn.SyncBatchNorm.convert_sync_batchnorm(m)
    out = m(t.from_numpy(X))
    return m, out, m[1][0].weight is weight, m[1][0].running_mean, m.eval()(t.from_numpy(X))


def data_parallel(t):
    m = t.nn.DataParallel(t.nn.Linear(8, 4))
    return m, m(t.from_numpy(X)), m.module.weight, list(m.state_dict()), m.device_ids


OTHERS = {
    "sync": lambda t: t.nn.SyncBatchNorm(8, affine=False)(t.from_numpy(X)),
    "sync rank": lambda t: t.nn.SyncBatchNorm(8)(t.ones(8)),
    "sync channels": lambda t: t.nn.SyncBatchNorm(8)(t.ones(8, 0)),
    "convert": converted,
    "convert itself": lambda t: t.nn.SyncBatchNorm.convert_sync_batchnorm(t.nn.BatchNorm2d(3, affine=False)),
    "data parallel": data_parallel,
    "container": lambda t: t.nn.Container(a=t.nn.ReLU()),
    "factory": lambda t: t.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": 1}}),
    "factory none": lambda t: t.nn.factory_kwargs(None),
    "factory unknown": lambda t: t.nn.factory_kwargs({"x": 1}),
    "factory twice": lambda t: t.nn.factory_kwargs({"dtype": 1, "factory_kwargs": {"dtype": 1}}),
    "cutoffs none": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, []),
    "cutoffs": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 3]),
    "target": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(t.ones(2, 8), t.tensor([1, 10])),
    "target rank": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(t.ones(2, 8), t.tensor([[1], [2]])),
    "input rank": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(t.ones(2, 8, 1), t.tensor([1, 2])),
    "input alone": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(t.ones(1, 8), t.tensor(1)),
    "batches": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(t.ones(3, 8), t.tensor([1, 2])),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others(same, name):
    same(lambda t: OTHERS[name](t), rtol=2e-5, atol=2e-6)

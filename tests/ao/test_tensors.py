"""Quantized tensors against torch: integers, scales, the ops that take them, files, errors."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ao.helpers import LIBRARIES, same, same_quantized

X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
# Values on the edge between two integers: what is rounded when, and whether 1 / scale is rounded, decides. Their number is one
# that torch's vectorized kernel leaves no rest of: the rest is rounded in another way.
EDGES = ((np.arange(-128, 128)[:, None] + 0.5) * np.linspace(0.01, 0.1, 50)).astype(np.float32)


def per_tensor(m: Any, x: Any = X, dtype: str = "quint8") -> Any:
    return m.quantize_per_tensor(m.tensor(x), 0.05, 10, getattr(m, dtype))


def per_channel(m: Any, zero: Any = (3, 0, -2)) -> Any:
    return m.quantize_per_channel(m.tensor(X), m.tensor([0.1, 0.2, 0.3]), m.tensor(zero), 0, m.qint8)


@pytest.mark.parametrize("dtype", ["quint8", "qint8", "qint32"])
@pytest.mark.parametrize("scale, zero_point", [(0.05, 10), (0.0123, -3), (1e-3, 0)])
def test_per_tensor(dtype: str, scale: float, zero_point: int) -> None:
    zero_point = max(zero_point, 0) if dtype == "quint8" else zero_point
    expected, found = (m.quantize_per_tensor(m.tensor(EDGES), scale, zero_point, getattr(m, dtype)) for m in LIBRARIES)
    same_quantized(expected, found)
    same(expected.dequantize(), found.dequantize())


def test_on_the_edges_each_column_with_its_own_scale() -> None:
    scales = np.linspace(0.01, 0.1, 50)
    for i, scale in enumerate(scales):
        same_quantized(*[m.quantize_per_tensor(m.tensor(EDGES[:, i]), float(scale), 3, m.qint8) for m in LIBRARIES])
    expected, found = (
        m.quantize_per_channel(m.tensor(EDGES), m.tensor(scales), m.tensor(np.arange(50) % 7 - 3), 1, m.qint8)
        for m in LIBRARIES
    )
    same_quantized(expected, found)
    same(expected.dequantize(), found.dequantize())


@pytest.mark.parametrize("dtype", ["quint8", "qint8"])
@pytest.mark.parametrize("reduce_range", [False, True])
def test_dynamic_scale(dtype: str, reduce_range: bool) -> None:
    for x in (X, X + 5, X - 5, X * 1e-6, X * 0, np.abs(X)):
        same_quantized(
            *[m.quantize_per_tensor_dynamic(m.tensor(x.astype(np.float32)), getattr(m, dtype), reduce_range) for m in LIBRARIES]
        )


OPS: dict[str, Callable[[Any, Any], Any]] = {
    "relu": lambda m, q: q.relu(),
    "F.relu": lambda m, q: m.nn.functional.relu(q),
    "sigmoid": lambda m, q: q.sigmoid(),
    "tanh": lambda m, q: q.tanh(),
    "clamp": lambda m, q: q.clamp(0, 1),
    "hardtanh": lambda m, q: m.nn.functional.hardtanh(q),
    "leaky_relu": lambda m, q: m.nn.functional.leaky_relu(q),
    "mean": lambda m, q: q.mean(),
    "mean of a dimension": lambda m, q: m.mean(q, 1),
    "max": lambda m, q: q.max(),
    "max of a dimension": lambda m, q: q.max(1)[0],
    "sort": lambda m, q: q.sort()[0],
    "topk": lambda m, q: q.topk(2)[0],
    "cat": lambda m, q: m.cat([q, q], 1),
    "stack": lambda m, q: m.stack([q, q]),
    "index": lambda m, q: q[1:, ::2],
    "select": lambda m, q: q[0],
    "reshape": lambda m, q: q.reshape(4, 3),
    "view": lambda m, q: q.view(-1),
    "flatten": lambda m, q: m.flatten(q, 0),
    "of a permuted one": lambda m, q: q.permute(1, 0).flatten(),
    "transpose": lambda m, q: q.transpose(0, 1),
    "unsqueeze": lambda m, q: q.unsqueeze(0),
    "expand": lambda m, q: q.expand(2, 3, 4),
    "chunk": lambda m, q: q.chunk(2)[1],
    "max_pool1d": lambda m, q: m.nn.functional.max_pool1d(q[None], 2),
    "max_pool2d": lambda m, q: m.nn.functional.max_pool2d(q[None], 2, 1),
    "avg_pool2d": lambda m, q: m.nn.functional.avg_pool2d(q[None], 2),
    "adaptive_avg_pool2d": lambda m, q: m.nn.functional.adaptive_avg_pool2d(q[None], 1),
    "interpolate": lambda m, q: m.nn.functional.interpolate(q[None, None], scale_factor=2),
    "pad": lambda m, q: m.nn.functional.pad(q, (1, 1)),
    "eq": lambda m, q: q == q,
    "gt": lambda m, q: q > q.mean(),
    "clone": lambda m, q: q.clone(),
    "detach": lambda m, q: q.detach(),
    "contiguous": lambda m, q: q.t().contiguous(),
    "to": lambda m, q: q.to("cpu"),
    "dequantize": lambda m, q: m.dequantize(q),
    "int_repr": lambda m, q: q.int_repr(),
    "copy_": lambda m, q: q.clone().copy_(m.ones(3, 4)),
}  # fmt: skip


@pytest.mark.parametrize("case", OPS)
def test_ops(case: str) -> None:
    expected, found = (OPS[case](m, per_tensor(m)) for m in LIBRARIES)
    same(expected, found)


@pytest.mark.parametrize("make", [per_tensor, per_channel, lambda m: per_tensor(m, X[0])])
def test_printing_files_and_copies(make: Callable[[Any], Any]) -> None:
    expected, found = (make(m) for m in LIBRARIES)
    assert repr(found) == repr(expected)
    for here, there in ((torch, torchlike), (torchlike, torch)):
        file = io.BytesIO()
        here.save({"q": expected if here is torch else found, "dtype": here.qint8, "scheme": here.per_tensor_affine}, file)
        file.seek(0)
        loaded = there.load(file)
        assert repr(loaded["q"]) == repr(expected)
        assert loaded["dtype"] is there.qint8
        assert loaded["scheme"] is there.per_tensor_affine
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert copied.equal(found)


ERRORS: dict[str, Callable[[Any], Any]] = {
    "add": lambda m: per_tensor(m) + per_tensor(m),
    "sum": lambda m: per_tensor(m).sum(),
    "argmax": lambda m: per_tensor(m).argmax(),
    "numpy": lambda m: per_tensor(m).numpy(),
    "tolist": lambda m: per_tensor(m).tolist(),
    "cast": lambda m: per_tensor(m).to(m.float32),
    "gradient": lambda m: per_tensor(m).requires_grad_(),
    "scale of channels": lambda m: per_channel(m).q_scale(),
    "channels of one scale": lambda m: per_tensor(m).q_per_channel_scales(),
    "transposed channels": lambda m: per_channel(m).transpose(0, 1),
    "relu of channels": lambda m: m.relu(per_channel(m)),
    "of integers": lambda m: m.quantize_per_tensor(m.ones(2, dtype=m.int64), 0.1, 0, m.quint8),
    "to a plain dtype": lambda m: m.quantize_per_tensor(m.ones(2), 0.1, 0, m.int8),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whichever torch raises
        ERRORS[case](torch)
    with pytest.raises(expected.type):
        ERRORS[case](torchlike)


@pytest.mark.parametrize("channels", [False, True])
def test_fake_quantize(channels: bool) -> None:
    results = []
    for m in LIBRARIES:
        x = m.tensor(EDGES).requires_grad_()
        if channels:
            scale = m.tensor(np.linspace(0.01, 0.1, 50).astype(np.float32))
            out = m.fake_quantize_per_channel_affine(x, scale, m.zeros(50, dtype=m.int32), 1, -100, 100)
        else:
            out = m.fake_quantize_per_tensor_affine(x, 0.0321, 5, -100, 100)
        (out * m.tensor(EDGES)).sum().backward()
        results.append((out.detach(), x.grad))
    for expected, found in zip(*results, strict=True):
        same(expected, found)

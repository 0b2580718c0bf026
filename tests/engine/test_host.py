"""Programs run by numpy (forked processes, data-loader workers) give what XLA gives."""

from __future__ import annotations

import os
import pickle
import warnings

import numpy as np
import pytest

import torchlike
from tests.ops.samples import Draw
from tests.ops.samples_arrays import SAMPLES
from tests.ops.test_ops_core import convert
from torchlike.engine import host

F = torchlike.nn.functional


@pytest.fixture
def numpy_runs():
    host.enable()
    yield
    host.disable()


def arrays(result):
    if isinstance(result, torchlike.Tensor):
        return [result.detach().numpy()]
    if isinstance(result, (list, tuple)):
        return [array for item in result for array in arrays(item)]
    return [np.asarray(result)] if isinstance(result, (int, float, bool, complex)) else []


def call(name, sample, dtype):
    torchlike.manual_seed(0)
    args = [convert(a, torchlike, dtype) for a in sample.build(Draw())]
    if sample.call:
        return arrays(sample.call(torchlike, *args, **sample.keywords))
    spaces = (torchlike, torchlike.special, torchlike.linalg)
    fn = next(getattr(space, name) for space in spaces if hasattr(space, name))
    return arrays(fn(*args, **sample.keywords))


def agree(found, expected, tolerance):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a.astype(complex), b.astype(complex), rtol=tolerance, atol=tolerance)


@pytest.mark.full  # XLA compiles each
@pytest.mark.parametrize("dtype, tolerance", [
    ("float32", 1e-4), ("int64", 1e-4), ("bool", 1e-4), ("complex64", 1e-4),
    ("float16", 2e-2), ("bfloat16", 5e-2),  # XLA rounds between fused operations, or does not
])  # fmt: skip
@pytest.mark.timeout(600)
def test_rows(dtype, tolerance):
    failed, count = [], 0
    for name, samples in SAMPLES.items():
        for place, sample in enumerate(samples):
            try:
                expected = call(name, sample, dtype)
            except (RuntimeError, TypeError, NotImplementedError, ValueError):
                continue  # not of this dtype
            host.enable()
            try:
                agree(call(name, sample, dtype), expected, tolerance)
                count += 1
            except Exception as error:
                failed.append((name, place, f"{type(error).__name__}: {error}"))
            finally:
                host.disable()
    assert not failed
    assert count > 300


NEURAL = {
    "conv2d": lambda x: F.conv2d(x, x[:, :, :3, :3].flip(0), stride=2, padding=1, dilation=(1, 2)),
    "conv-groups": lambda x: F.conv2d(x, x[:4, :2, :3, :3], groups=2),
    "conv-transpose": lambda x: F.conv_transpose2d(x, x[:, :, :3, :3], stride=2),
    "conv1d": lambda x: F.conv1d(x[:, :, 0], x[:, :, 0, :3], padding="same"),
    "max-pool": lambda x: F.max_pool2d(x, 3, stride=2, padding=1),
    "max-pool-indices": lambda x: F.max_pool2d(x, 2, return_indices=True),
    "avg-pool": lambda x: F.avg_pool2d(x, 2, padding=1),
    "adaptive": lambda x: F.adaptive_avg_pool2d(x, 3),
    "bilinear": lambda x: F.interpolate(x, size=(5, 13), mode="bilinear"),
    "bilinear-antialias": lambda x: F.interpolate(x, size=(4, 5), mode="bilinear", antialias=True),
    "bicubic": lambda x: F.interpolate(x, scale_factor=2.0, mode="bicubic"),
    "nearest": lambda x: F.interpolate(x, size=(5, 13), mode="nearest"),
    "grid-sample": lambda x: F.grid_sample(x, F.affine_grid(x[:, 0, :2, :3], x.shape, False), align_corners=False),
    "pad": lambda x: (F.pad(x, (1, 2, 3, 0), mode="reflect"), F.pad(x, (1, -2), value=3.0)),
    "softmax": lambda x: (x.softmax(-1), F.log_softmax(x, 1)),
    "layer-norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "embedding": lambda x: F.embedding(torchlike.tensor([2, 0]), x[0, 0]),
    "one-hot": lambda x: F.one_hot(torchlike.tensor([2, 0]), 4),
    "cross-entropy": lambda x: F.cross_entropy(x[0, 0], torchlike.arange(9) % 9),
    "unfold": lambda x: F.unfold(x, 3),
    "stft": lambda x: torchlike.stft(x[0, 0].flatten(), 16, return_complex=True, window=torchlike.hann_window(16)).abs(),
    "fft": lambda x: (torchlike.fft.fft2(x).real, torchlike.fft.irfft(torchlike.fft.rfft(x))),
    "random": lambda x: (torchlike.rand(3), torchlike.randperm(9), x * torchlike.bernoulli(x.abs().clamp(max=1))),
    "dropout": lambda x: F.dropout(x, 0.3, True),
    "in-place": lambda x: x.clone().mul_(2).sub_(x[0]).clamp_(-1, 1).index_fill_(0, torchlike.tensor([1]), 5.0),
    "masks": lambda x: (x[x > 0], torchlike.where(x > 0, x, 0), x.masked_fill(x > 1, -1.0), torchlike.nonzero(x > 1)),
    "writes": lambda x: _writes(x.clone()),
    "cumulative": lambda x: (x.cumsum(1), x.logcumsumexp(-1), x.sort(-1), x.unique()),
    "linear-algebra": lambda x: (torchlike.einsum("nchw,nchv->nwv", x, x), torchlike.linalg.norm(x), x @ x.mT),
}  # fmt: skip


def _writes(x):
    x[0, :, 2:4] = 1.0
    x[:, 1] += x[:, 0]
    x[torchlike.tensor([0, 1]), :, 0] = 3.0
    return x


@pytest.mark.parametrize("name", NEURAL)
def test_neural(name):
    def run():
        torchlike.manual_seed(2)
        x = torchlike.from_numpy(np.random.default_rng(0).normal(size=(4, 4, 9, 9)).astype(np.float32))
        return arrays(NEURAL[name](x))

    expected = run()
    host.enable()
    try:
        agree(run(), expected, 2e-4)
    finally:
        host.disable()


@pytest.mark.parametrize(
    "fn, shapes",
    [
        (lambda x, y: x.tanh() @ y, [(2, 3), (3, 2)]),
        (lambda x, y: F.conv2d(x, y, padding=1, groups=2), [(3, 4, 5, 5), (6, 2, 3, 3)]),
        (lambda x, y: F.conv2d(x, y, stride=2, groups=4), [(2, 4, 5, 5), (4, 1, 3, 3)]),
        (lambda x, y: F.conv_transpose2d(x, y, groups=2), [(2, 4, 3, 3), (4, 3, 2, 2)]),
    ],
    ids=["matmul", "conv-groups", "conv-depthwise", "conv-transpose-groups"],
)
def test_gradients(fn, shapes, numpy_runs):
    def run():
        args = [torchlike.linspace(-2, 1, np.prod(shape).item()).reshape(shape).requires_grad_() for shape in shapes]
        fn(*args).square().sum().backward()
        return [arg.grad.numpy() for arg in args]

    found = run()
    host.disable()
    for gradient, expected in zip(found, run(), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


def test_what_numpy_does_not_know_is_left_to_xla_in_fresh_processes(numpy_runs):
    matrix = torchlike.tensor([[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(torchlike.linalg.eigvalsh(matrix).numpy(), [1.381966, 3.618034], rtol=1e-5)


def test_a_forked_process_computes_without_xla():
    """A fork of a process whose XLA has threads and has compiled: computing with it there would abort or hang."""
    table = torchlike.arange(12.0).reshape(3, 4) @ torchlike.ones(4, 2)  # pending at the fork
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            said = (table * 2).tolist(), torchlike.rand(2).tolist()
            try:
                torchlike.linalg.eigvalsh(torchlike.eye(2)).tolist()
            except NotImplementedError as error:
                said += (str(error),)
        except BaseException as error:
            said = repr(error)
        os.write(write, pickle.dumps(said))
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        doubled, drawn, refused = pickle.loads(pipe.read())
    assert os.waitpid(child, 0)[1] == 0
    assert doubled == [[12.0] * 2, [44.0] * 2, [76.0] * 2]
    assert drawn == torchlike.rand(2).tolist()
    assert "no eig" in refused.replace("linalg_", "") and "'spawn'" in refused

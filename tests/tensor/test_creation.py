"""What torch's op database does not see of making tensors: same numbers, dtypes, strides and errors as torch, line by line."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.agree import describe, elements


class World:
    """Tensors that the lines below use, made anew for each."""

    def __init__(self, t: Any):
        self.f = t.arange(4.0)
        self.i = t.zeros(4, dtype=t.int64)
        self.m = t.arange(6.0).reshape(2, 3)


NUMBERS = """
t.full((2,), 0.1, dtype=t.float64)
t.zeros(2, dtype=t.float64).fill_(0.1)
t.full((2,), 0.1j, dtype=t.complex128)
t.arange(0, 1, 0.1, dtype=t.float64)
t.full((2,), -2, dtype=t.uint64)
t.arange(0.5, 4.6, dtype=t.int64)
t.arange(-3.7, 3, 1.5, dtype=t.int32)
t.arange(0, 4, out=t.ones(2, 2))
t.range(0, 3, 0.5)
t.linspace(-4.3, 3.7, 50, dtype=t.float16)
t.linspace(-4.3, 3.7, 50, dtype=t.bfloat16)
t.linspace(-1.7, 4.1, 64)
t.linspace(-5, 5, 4, dtype=t.int64)
t.zeros(2, 3, out=t.ones(3))
t.zeros(2, 3, out=t.ones(3, 2)[:2])
t.zeros_like(w.m.t())
t.empty(2, 2, 2, 2, memory_format=t.channels_last).zero_()
t.empty_permuted((2, 3, 5), (1, 0, 2)).zero_()
t.tensor(-1, dtype=t.uint8)
t.tensor([np.float64(1.5)])
t.tensor([t.tensor(1), t.tensor(2.0)])
t.frombuffer(bytearray(b"abcd"), dtype=t.int16, offset=2)
t.from_dlpack(np.ones(2))
t.hann_window(5)
t.hamming_window(4, True, 0.5, 0.3)
t.kaiser_window(4, False, 10.0)
t.bartlett_window(5, periodic=False)
t.blackman_window(5, dtype=t.float64)
t.fft.fftfreq(5, 0.5)
t.fft.rfftfreq(4, dtype=t.float64)
t.fft.fftn(w.m, dim=())
t.fft.irfft(w.f, n=1)
t.FloatTensor([1, 2])
t.FloatTensor(t.Size((2, 3))).zero_()
t.LongTensor([1.5, 2])
t.Tensor([[1], [2]])
t.Tensor((1.5, 2))
t.Tensor()
w.i.new([1, 2])
w.f.new(2, 3).zero_()
w.f.type(t.LongTensor)
w.f.type("torch.DoubleTensor")
t.fill(w.i, 2.5)
t.resolve_conj((w.f + 0j).conj())
"""
# Two seeds would draw the same: the state after the call is compared as well.
DRAWS = """
t.normal(1.6, 0.3, (20, 3))
t.normal(t.ones(20), t.arange(20.0))
t.normal(t.ones(20).bfloat16(), t.arange(20.0).bfloat16())
t.normal(t.zeros(3, dtype=t.complex64), 1.0)
t.randn_like(t.ones(4, 5).t())
t.randint_like(t.ones(4, 5).t(), 7)
t.ones(4, 5).t().normal_()
t.ones(8, 5)[:, 1:4].normal_()
t.ones(8, 5)[:, 1:4].t().uniform_()
t.ones(4, 5).t().bernoulli_(0.4)
t.ones(4, 5).t().bernoulli_(t.ones(5, 4) * 0.3)
t.ones(4, 5).t().random_()
t.empty(2, 3, 4, 5, memory_format=t.channels_last).normal_()
t.bernoulli(t.ones(3, 4), 0.3)
t.poisson(t.linspace(0, 60, 200))
t.poisson(t.linspace(0, 60, 200, dtype=t.float64).reshape(20, 10).t())
t.binomial(t.arange(200.0), t.linspace(0, 1, 200))
t.binomial(t.full((2, 1), 90.0), t.full((3,), 0.3))
t.randperm(10, dtype=t.int32)
"""
REFUSED = """
t.zeros(2, out=w.i, dtype=t.float32)
t.zeros(2, requires_grad=True, dtype=t.int64)
t.zeros(2.5)
t.zeros()
t.zeros(-1)
t.zeros_like([1])
t.full((2,), 300, dtype=t.uint8)
t.full((2,), -0.5, dtype=t.uint8)
t.full((2,), 1e300)
t.full((2,), float("nan"), dtype=t.int64)
t.full(2, 1.0)
t.full((2,), 1 + 2j, dtype=t.float32)
t.empty_strided((2, 3), (1, 2, 3))
t.arange(0, 5, 0)
t.arange(1, 5, 0.5, dtype=t.int64)
t.arange(3, dtype=t.bool)
t.arange("a")
t.linspace(0, 1, -1)
t.linspace(0, 1j, 3, dtype=t.float32)
t.linspace(0, 1, 3, dtype=t.bool)
t.eye(2.5)
t.tril_indices(3, 2, dtype=t.float32)
t.tensor(2**63)
t.tensor([None])
t.tensor(["a"])
t.tensor([1 + 1j], dtype=t.float32)
t.tensor([1, 300], dtype=t.uint8)
t.frombuffer(bytearray(b"abc"), dtype=t.int16)
t.asarray(w.f, dtype=t.float64, copy=False)
t.LongTensor(w.f)
t.FloatTensor(2.5)
t.finfo(t.int64)
t.iinfo(t.float32)
t.hann_window(5, dtype=t.int64)
t.signal.windows.exponential(3, center=1)
t.fft.rfft(w.f + 0j)
t.fft.fftn(w.m, dim=(0, 0))
t.fft.irfftn(w.m, dim=())
t.stft(w.f, 4)
t.stft(w.f, 4, win_length=5, return_complex=True)
t.istft(t.ones(3, 5) + 0j, 4, window=t.zeros(4))
t.rand(2, dtype=t.int64)
t.randint(5, 5, (2,))
t.randint(0, 300, (2,), dtype=t.uint8)
t.randperm(3, dtype=t.bool)
t.bernoulli(w.i)
t.multinomial(w.i, 2)
t.poisson(-t.ones(2))
t.binomial(w.i, w.f)
t.normal(w.f, -w.f - 1)
w.f.uniform_(2, 1)
w.f.exponential_(0)
w.f.geometric_()
w.i.fill_(1j)
w.f.fill_(w.f)
t.isclose(w.f, w.f.double())
t.isclose(w.f, w.f, rtol=-1)
t.complex(w.f, w.f.double())
t.set_default_tensor_type(t.LongTensor)
t.set_num_threads(0)
"""
ANSWERS = """
t.result_type(w.i, 1.5)
t.result_type(w.i, 1j)
t.result_type(w.f[0], w.i)
t.finfo(t.bfloat16)
t.finfo(t.complex64).eps
t.iinfo(t.uint64)
t.typename(w.f)
t.typename(t.nn.Linear)
isinstance(w.f, t.FloatTensor)
isinstance(w.i, t.FloatTensor)
isinstance(w.f, t.Tensor)
issubclass(t.FloatTensor, t.Tensor)
t.FloatTensor.dtype
w.f.type()
isinstance(w.f.layout, t.layout)
w.f.layout == t.sparse_coo
t.get_device(w.f)
t.get_float32_matmul_precision()
t.get_deterministic_debug_mode()
"""


def run(line: str, t: Any, seed: int = 7) -> Any:
    t.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(line, {"t": t, "w": World(t), "np": np})  # lines of this file


def assert_same(line: str) -> None:
    want, found = run(line, torch), run(line, torchlike)
    assert describe(found) == describe(want)
    np.testing.assert_array_equal(elements(found, torchlike).astype(elements(want, torch).dtype), elements(want, torch))


@pytest.mark.parametrize("line", NUMBERS.strip().splitlines())
def test_numbers(line):
    want, found = run(line, torch), run(line, torchlike)
    assert describe(found) == describe(want)
    a, b = elements(want, torch), elements(found, torchlike)
    if "window" in line or "fft" in line:  # from float64 here, in float32 there
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(b.astype(a.dtype), a)


@pytest.mark.parametrize("line", DRAWS.strip().splitlines())
def test_draws(line):
    assert_same(line)
    assert torch.rand(1).item() == torchlike.rand(1).item()


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_refused(line):
    with pytest.raises(Exception) as want:  # noqa: PT011  # whatever torch raises
        run(line, torch)
    with pytest.raises(want.type) as found:
        run(line, torchlike)
    assert isinstance(found.value, NotImplementedError) == (want.type is NotImplementedError)


@pytest.mark.parametrize("line", ANSWERS.strip().splitlines())
def test_answers(line):
    assert repr(run(line, torchlike)) == repr(run(line, torch))


def test_parameters_of_draws_get_zero_gradients():
    for t in (torch, torchlike):
        mean = t.ones(3, requires_grad=True)
        t.normal(mean, 1.0).sum().backward()
        assert mean.grad.tolist() == [0, 0, 0]
        chance = t.full((3,), 0.5, requires_grad=True)
        t.bernoulli(chance).sum().backward()
        assert chance.grad.tolist() == [0, 0, 0]


def test_fill_sends_its_gradient_to_the_number():
    for t in (torch, torchlike):
        x, value = t.ones(3, requires_grad=True), t.tensor(2.0, requires_grad=True)
        t.fill(x, value).sum().backward()
        assert (x.grad.tolist(), value.grad.item()) == ([0, 0, 0], 3)


def test_old_constructor_of_a_subclass():
    class Mine(torchlike.Tensor):
        pass

    made = Mine([1, 2])
    assert type(made) is Mine
    assert made.tolist() == [1, 2]


def test_chalf_is_refused():
    with pytest.raises(NotImplementedError, match="complex32"):
        torchlike.ones(2).chalf()


def test_fork_rng_puts_the_state_back():
    torchlike.manual_seed(0)
    before = torchlike.random.initial_seed()
    with torchlike.random.fork_rng():
        torchlike.rand(3)
    state = torchlike.get_rng_state().tolist()
    torchlike.manual_seed(before)
    assert torchlike.get_rng_state().tolist() == state


def test_default_tensor_type():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torchlike.set_default_tensor_type(torchlike.DoubleTensor)
        try:
            assert torchlike.zeros(1).dtype is torchlike.float64
        finally:
            torchlike.set_default_tensor_type("torch.FloatTensor")
    assert torchlike.zeros(1).dtype is torchlike.float32

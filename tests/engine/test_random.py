"""The CPU generator against real torch: the same numbers, bit for bit, and the same place in the stream afterwards."""

from __future__ import annotations

import copy
import pickle
import re
import threading

import ml_dtypes
import numpy as np
import pytest
import torch

from torchlike.engine import random
from torchlike.engine.random import Generator

SIZES = (0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000)
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")


def np_dtype(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def fill(method: str, *args):
    """A pair (here, torch) that fills n numbers of a dtype by the in-place method of that name."""

    def here(g, n, dtype):
        return getattr(g, method)(n, *args, np_dtype=np_dtype(dtype))

    def there(g, n, dtype):
        name = method if method.endswith("_") else method + "_"
        return getattr(torch.empty(n, dtype=getattr(torch, dtype)), name)(*args, generator=g)

    return here, there


REAL = {
    "uniform": fill("uniform"),
    "uniform bounds": fill("uniform", -1 / 3, 0.7),
    "uniform narrow": fill("uniform", 1.0, 1.0078125),
    "normal": fill("normal"),
    "normal bounds": fill("normal", 0.1, 0.3),
    "exponential": fill("exponential", 1.7),
    "geometric": fill("geometric", 0.2),
    "geometric half": fill("geometric", 0.5),
    "log_normal": fill("log_normal", 0.2, 0.3),
    "cauchy": fill("cauchy", 0.2, 1.3),
    "random_": fill("random_"),
    "random_ 10": fill("random_", 0, 10),
}


def pair(seed: int = 5) -> tuple:
    return Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def as_numpy(t) -> np.ndarray:
    return t.view(torch.int16).numpy().view(ml_dtypes.bfloat16) if t.dtype == torch.bfloat16 else t.numpy()


def assert_same(here: np.ndarray, there) -> None:
    expected = as_numpy(there)
    assert here.dtype == expected.dtype
    assert here.shape == expected.shape
    np.testing.assert_array_equal(here, expected)


def assert_in_step(g: Generator, t) -> None:
    np.testing.assert_array_equal(g.get_state(), t.get_state().numpy())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("case", REAL)
def test_floats(case: str, dtype: str) -> None:
    here, there = REAL[case]
    g, t = pair()
    for n in SIZES:
        assert_same(here(g, n, dtype), there(t, n, dtype))
        assert_in_step(g, t)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_normals(dtype: str) -> None:
    g, t = pair()
    assert_same(g.normal(40000, np_dtype=dtype), torch.randn(40000, dtype=getattr(torch, dtype), generator=t))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n", [0, 1, 5, 20])
def test_complex(n: int, dtype: str) -> None:
    g, t = pair()
    assert_same(g.uniform(n, np_dtype=dtype), torch.rand(n, dtype=getattr(torch, dtype), generator=t))
    assert_same(g.normal(n, np_dtype=dtype), torch.randn(n, dtype=getattr(torch, dtype), generator=t))
    assert_in_step(g, t)


def test_not_contiguous() -> None:
    g, t = pair()
    target = torch.empty(5, 7).T
    assert_same(g.normal((5, 7), 1.0, 2.0, contiguous=False).T, target.normal_(1.0, 2.0, generator=t))
    assert_in_step(g, t)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_bernoulli(p: float) -> None:
    g, t = pair()
    for n in SIZES:
        assert_same(g.bernoulli(n, p), torch.empty(n, dtype=torch.bool).bernoulli_(p, generator=t))
        assert_same(g.bernoulli((n,), p), torch.bernoulli(torch.empty(n), p, generator=t).bool())
    assert_in_step(g, t)


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_tensor(dtype: str) -> None:
    g, t = pair()
    p = torch.rand(7, 40).to(getattr(torch, dtype))
    assert_same(g.bernoulli_tensor(as_numpy(p)), torch.bernoulli(p, generator=t).bool())
    assert_in_step(g, t)


RANGES = (
    (0, 1), (0, 2), (0, 10), (-5, 7), (0, 127), (3, 2**28 + 3), (0, 2**28), (0, 2**28 - 1), (0, 2**31 - 1), (0, 2**32),
    (0, 2**63 - 1), (-(2**63), 2**63 - 1), (-(2**62), 2**62),
)  # fmt: skip


@pytest.mark.parametrize("bounds", RANGES)
def test_randint(bounds: tuple) -> None:
    g, t = pair()
    assert_same(g.randint((10, 3), *bounds), torch.randint(*bounds, (10, 3), generator=t))
    assert_in_step(g, t)


@pytest.mark.filterwarnings("ignore:.*is out of bounds")
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
@pytest.mark.parametrize("bounds", [*RANGES, (), (100, None), (-(2**62), None), (2**24 + 1, 2**24 + 9)], ids=str)
def test_random_in_place(bounds: tuple, dtype: str) -> None:
    g, t = pair()
    if dtype == "uint64" and bounds[1:] == (None,):
        return  # torch takes the largest uint64 for -1 and refuses
    tensor = torch.empty(50, dtype=getattr(torch, dtype))
    message = ""
    try:
        expected = tensor.random_(*bounds, generator=t)
    except NotImplementedError:
        return  # wider here: torch has no kernel
    except RuntimeError as error:
        message = str(error)
    if message:
        with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
            g.random_(50, *bounds, np_dtype=np_dtype(dtype))
    else:
        assert_same(g.random_(50, *bounds, np_dtype=np_dtype(dtype)), expected)
        assert_in_step(g, t)


@pytest.mark.parametrize("n", [*SIZES, 5000])
def test_randperm(n: int) -> None:
    g, t = pair()
    assert_same(g.randperm(n), torch.randperm(n, generator=t))
    assert_same(g.randperm(n, np.int32), torch.randperm(n, dtype=torch.int32, generator=t))
    assert_in_step(g, t)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("count", [1, 2, 10])
@pytest.mark.parametrize("shape", [(50,), (7, 50)])
def test_multinomial(shape: tuple, count: int, replacement: bool, dtype: str) -> None:
    if dtype == "bfloat16" and count == 10:
        shape = shape[-1:]  # in 7 x 50 weights some scores tie, and torch's topk orders those as it pleases
    g, t = pair()
    weights = torch.rand(shape, generator=torch.Generator().manual_seed(1)).to(getattr(torch, dtype))
    here = g.multinomial(as_numpy(weights), count, replacement)
    assert_same(here, torch.multinomial(weights, count, replacement, generator=t))
    assert_in_step(g, t)


def test_multinomial_refuses() -> None:
    g, t = pair()
    for weights, count, replacement in (
        (np.ones((2, 2, 2), np.float32), 1, False), (np.ones(3, np.float32), 0, False), (np.ones(3, np.float32), 4, False),
        (np.array([1, -1], np.float32), 1, False), (np.array([1, np.nan], np.float32), 2, True),
        (np.zeros(3, np.float32), 1, False), (np.array([1, -1], np.float32), 2, True), (np.zeros((2, 3), np.float32), 2, True),
    ):  # fmt: skip
        with pytest.raises(RuntimeError) as expected:
            torch.multinomial(torch.from_numpy(weights), count, replacement, generator=t)
        with pytest.raises(RuntimeError) as caught:
            g.multinomial(weights, count, replacement)
        assert str(caught.value) == str(expected.value)


MIXED = (
    lambda g: g.normal(3), lambda t: torch.randn(3, generator=t),
    lambda g: g.uniform((4, 5)), lambda t: torch.rand(4, 5, generator=t),
    lambda g: g.normal(5, np_dtype=np.float64), lambda t: torch.randn(5, dtype=torch.float64, generator=t),
    lambda g: g.randperm(700), lambda t: torch.randperm(700, generator=t),
    lambda g: g.log_normal(1), lambda t: torch.empty(1).log_normal_(generator=t),
    lambda g: g.bernoulli((9,), 0.3), lambda t: torch.empty(9, dtype=torch.bool).bernoulli_(0.3, generator=t),
    lambda g: g.normal((5, 7)), lambda t: torch.randn(5, 7, generator=t),
    lambda g: g.randint(3, 0, 2**40), lambda t: torch.randint(2**40, (3,), generator=t),
)  # fmt: skip


def test_mixed_calls_and_states() -> None:
    g, t = pair(123456789012345)
    assert_in_step(g, t)
    for _ in range(3):
        for here, there in zip(MIXED[::2], MIXED[1::2], strict=True):
            assert_same(here(g), there(t))
            assert_in_step(g, t)
            # through each other's state and back, at every place in the stream
            g2, t2 = Generator(), torch.Generator()
            g2.set_state(t.get_state().numpy())
            t2.set_state(torch.from_numpy(g.get_state()))
            assert_in_step(g2, t2)
            assert_same(g2.normal(1), torch.randn(1, generator=t2))
            assert_in_step(g2, t2)


@pytest.mark.parametrize("used", [0, 1, 623, 624, 625, 1248])
def test_state_at_block_edges(used: int) -> None:
    g, t = pair()
    g.uniform(used)
    torch.rand(used, generator=t)
    assert_in_step(g, t)
    again = Generator().set_state(g.get_state())
    assert_in_step(again, t)
    assert_same(again.uniform(3), torch.rand(3, generator=t))


@pytest.mark.parametrize("seed", [0, 1, -1, 2**32, 2**32 + 7, 2**63, 2**64 - 1, -(2**63)])
def test_seeds(seed: int) -> None:
    g, t = pair(seed)
    assert g.initial_seed() == t.initial_seed()
    assert_same(g.uniform(3), torch.rand(3, generator=t))
    assert_in_step(g, t)


def test_device() -> None:
    assert str(Generator().device) == str(torch.Generator().device) == "cpu"


def test_wrong_seeds_and_states() -> None:
    for seed, error in ((1.5, RuntimeError), ("a", RuntimeError), (2**64, ValueError), (-(2**63) - 1, ValueError)):
        with pytest.raises(error):
            torch.Generator().manual_seed(seed)
        with pytest.raises(error):
            Generator().manual_seed(seed)
    with pytest.raises(RuntimeError, match="size"):
        Generator().set_state(np.zeros(10, np.uint8))
    with pytest.raises(RuntimeError, match="mt19937"):
        Generator().set_state(np.zeros(5056, np.uint8))
    with pytest.raises(TypeError):
        Generator().set_state(np.zeros(5056, np.float32))


def test_module_functions() -> None:
    fresh = Generator()
    assert fresh.initial_seed() == torch.Generator().initial_seed()
    kept = random.get_rng_state()
    assert random.manual_seed(3) is random.default_generator
    assert random.initial_seed() == 3
    state = random.get_rng_state()
    first = random.default_generator.uniform(4)
    random.set_rng_state(state)
    np.testing.assert_array_equal(random.default_generator.uniform(4), first)
    assert random.seed() == random.initial_seed() < 2**53
    random.set_rng_state(kept)


def test_copies() -> None:
    g = Generator().manual_seed(1)
    g.normal(3)
    for other in (copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()):
        np.testing.assert_array_equal(other.get_state(), g.get_state())


def test_counter() -> None:
    g = Generator().manual_seed(2**32 + 7)
    key, counter = g.key_and_counter()
    assert key.tolist() == [1, 7]
    assert counter == 0
    assert g.key_and_counter()[1] == 1
    assert Generator().set_state(g.get_state()).key_and_counter()[1] == 2
    assert g.manual_seed(7).key_and_counter()[1] == 0


def test_threads_share_one_stream() -> None:
    g = Generator().manual_seed(0)
    parts: list = []
    threads = [threading.Thread(target=lambda: parts.append(g.uniform(1000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = Generator().manual_seed(0).uniform((4, 1000))
    assert sorted(p.tobytes() for p in parts) == sorted(row.tobytes() for row in expected)

"""Reading and writing by index: ints, slices, ..., None, masks, index tensors, lists and mixtures of them."""

from __future__ import annotations

import numpy as np
import pytest

import torchlike
from tests.agree import agree, raised
from tests.tensor.test_views_inplace import grid

RECORDED, EAGER = (False,), (True,)  # one of them is enough where there are many cases
READS = [
    "1", "-1", "1, 2", "0, :, -1", ":, 1:", "::2", "1:1", "..., 0", "0, ...", "None", ":, None, 1", "..., None",
    "-1:, ..., ::2", "5:", "-9:9", "[0, 1, 0]", "[1]", "torch.tensor([1, 0])", "torch.tensor([[0, 1], [1, 1]])",
    ":, [2, 0]", "..., [3, 0, 3]", "[0, 1], [1, 2]", "[0, 1], :, [1, 3]", "1, [0, 2]", "[0, 1], 2", "0, :, [1, 2]",
    "None, [0, 1]", ":, [0, 1], None", "torch.tensor([True, False])",
    "torch.tensor([[True, False, True], [False, True, True]])", ":, torch.tensor([True, False, True])", "x > 0",
    "x[..., 0] > 0", "torch.tensor(1)", "torch.tensor([-1, -2])", "(0, 1)", "torch.tensor([], dtype=torch.int64)",
    "[[0, 1], [1, 0]], [[0], [2]]", "[True, False]", "torch.tensor([0, 1], dtype=torch.int32)", "slice(0, 2)", "0, 0, 0",
    "[1, 0], 1:, ::2", "torch.tensor([False, False])", "True", "False", "np.int64(1)", "np.array([1, 0])",
]  # fmt: skip
WRITES = [
    "1", "0, :, -1", ":, 1:", "::2", "1:1", "..., 0", "None", "[0, 1]", "[1]", "torch.tensor([1, 0])", ":, [2, 0]",
    "[0, 1], [1, 2]", "[0, 1], :, [1, 3]", "1, [0, 2]", "None, [0, 1]", "torch.tensor([True, False])", "x > 0",
    "x[..., 0] > 0", "torch.tensor(1)", ":, torch.tensor([True, False, True])",
    "..., torch.tensor([True, False, True, False])", "0, 0, 0", "[1, 0], 1:, ::2", "...",
    "torch.tensor([[True, False, True], [False, True, True]])", "1, torch.tensor([True, True, False])",
    "torch.tensor([False, False])",
]  # fmt: skip


def _get(torch, index):
    return lambda x: eval(f"x[{index}]", {"x": x, "torch": torch, "np": np})


def _set(torch, index, x, value, operator="="):
    exec(f"x[{index}] {operator} value", {"x": x, "torch": torch, "np": np, "value": value})


@pytest.mark.parametrize("index", READS)
def test_read(index):
    def program(torch):
        return [_get(torch, index)(grid(torch, 2, 3, 4)), _get(torch, index)(grid(torch, 3, 4, 2).permute(2, 0, 1))]

    agree(program, modes=EAGER)


@pytest.mark.parametrize("index", READS)
def test_gradient_of_read(index):
    def program(torch):
        x = grid(torch, 2, 3, 4, requires_grad=True)
        y = _get(torch, index)(x)
        (y * y).sum().backward()
        return x

    agree(program, modes=RECORDED)


@pytest.mark.parametrize("index", WRITES)
def test_write(index):
    def program(torch):
        found = []
        for value in (7, 2.5, torch.tensor(3.0), torch.tensor([[4.0]])):
            x = grid(torch, 2, 3, 4)
            row = x[0]
            _set(torch, index, x, value)
            found += [x, row]
        x = grid(torch, 4, 3, 2).permute(2, 1, 0)
        part = _get(torch, index)(x)
        _set(torch, index, x, torch.arange(part.numel()).reshape(part.shape).to(x.dtype))
        found.append(x)
        x = grid(torch, 2, 3, 4)
        _set(torch, index, x, 2.0, "*=")
        return [*found, x]

    agree(program, modes=EAGER)


@pytest.mark.parametrize("index", WRITES)
def test_gradient_of_write(index):
    def program(torch):
        x = grid(torch, 2, 3, 4, requires_grad=True)
        y = x * 2
        value = torch.ones_like(_get(torch, index)(x)).detach().requires_grad_()
        _set(torch, index, y, value * 3)
        (y * y).sum().backward()
        return x, value, y

    agree(program, modes=RECORDED)


def test_refusals():
    def program(torch):
        x, i = grid(torch, 2, 3), torch.tensor([0, 1])
        return [
            raised(lambda: x[2]),
            raised(lambda: x[:, -4]),
            raised(lambda: x[0, 0, 0]),
            raised(lambda: x[torch.tensor([0.5])]),
            raised(lambda: x[torch.tensor([True, False, True])]),
            raised(lambda: x[[0, 1], [0, 1, 2]]),
            raised(lambda: x[[0, 5]]),
            raised(lambda: x["a"]),
            raised(lambda: x[0][0][0]),
            raised(lambda: x.__setitem__(0, torch.zeros(4))),
            raised(lambda: x.__setitem__([0, 1], torch.zeros(4))),
            raised(lambda: x.__setitem__([0, 1], torch.zeros(3, dtype=torch.float64))),
            raised(lambda: x.__setitem__(x > 0, torch.zeros(7))),
            raised(lambda: i.__setitem__(i, 1)),
            raised(lambda: i.__setitem__(torch.tensor([0, 1]), i)),
        ]

    agree(program)


def test_put_and_accumulate():
    def program(torch):
        x, v = grid(torch, 3, 2), torch.tensor([1.0, 2.0])
        i = torch.tensor([0, 0, 2])
        x.index_put_((i,), v, accumulate=True)
        y = grid(torch, 3, 2).t()
        return x, y.index_put((torch.tensor([1]),), torch.tensor(5.0)), y.index_put((i[:2], i[1:]), v, accumulate=True)

    agree(program)


def test_iteration_and_selection():
    def program(torch):
        x = grid(torch, 3, 2)
        rows = list(x)
        rows[1].zero_()
        return [x, *rows, x.select(1, -1), x.narrow(0, 1, 2), x.narrow(1, -1, 1), x.take(torch.tensor([0, 5])), x.T[0]]

    agree(program)


@pytest.mark.parametrize(
    "index",
    [
        "::-1",
        "3::-1",
        "-2:0:-2",
        "::-3",
        ":, ::-1",
        "::-1, ::-2",
        "1, ::-1",
        "..., ::-1",
        "0:3:-1",
        "::-1, None, 1",
        "::-1, [0, 2]",
    ],
)
def test_negative_steps(index):
    """torch refuses them; here they walk downwards as in numpy, and are views like all slices."""
    array = np.arange(20.0, dtype=np.float32).reshape(5, 4)
    x = torchlike.tensor(array)
    np.testing.assert_array_equal(_get(torchlike, index)(x).numpy(), _get(torchlike, index)(array))
    _set(torchlike, index, x, -1)
    _set(torchlike, index, array, -1)
    np.testing.assert_array_equal(x.numpy(), array)


def test_negative_step_is_a_view_with_gradient():
    x = torchlike.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = x * 1
    back = y[::-1]
    y.mul_(torchlike.tensor([1.0, 10.0, 100.0, 1000.0]))
    back[0] = 0
    (back * torchlike.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert back.tolist() == [0.0, 300.0, 20.0, 1.0]
    assert y.tolist() == [1.0, 20.0, 300.0, 0.0]
    assert x.grad.tolist() == [4.0, 30.0, 200.0, 0.0]


def test_loop_over_an_index_compiles_once():
    from torchlike import engine

    buffer = torchlike.zeros(8, 3)
    for i in range(8):
        buffer[i] = buffer[i - 1] + 1
        engine.flush()
        if i == 3:
            before = engine.stats.compiled
    assert engine.stats.compiled == before
    assert buffer[:, 0].tolist() == [float(i + 1) for i in range(8)]

"""Storages, and tensors that change in place what they show of theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch as real

import torchlike
from tests.agree import agree, raised

CASES: list[Callable] = []


def case(fn: Callable) -> Callable:
    CASES.append(fn)
    return fn


# ---- tensors that turn into views of themselves ---------------------------------------------------------------


@case
def turned_in_place(torch):
    x = torch.arange(6.0).reshape(2, 3).clone()
    same = x.t_().unsqueeze_(0).transpose_(0, 2).squeeze_(-1).swapaxes_(0, 1).swapdims_(0, 1)
    return same, same is x, x.stride()


@case
def write_to_what_was_turned_shows_in_alias(torch):
    x = torch.zeros(2, 3)
    alias = x.detach()
    x.t_()
    x[0, 1] = 5
    return x, alias


@case
def gradient_through_what_was_turned(torch):
    w = torch.ones(2, 3, requires_grad=True)
    y = w * 2
    y.transpose_(0, 1)
    y.mul_(torch.arange(6.0).reshape(3, 2))
    y.sum().backward()
    return w.grad, y.is_leaf


@case
def window_in_place(torch):
    return torch.arange(6.0).as_strided_((2, 2), (1, 2), 1)


@case
def window_on_a_leaf_that_is_a_view(torch):
    x = torch.arange(6.0).reshape(2, 3).t().detach().requires_grad_()
    (x.as_strided((2, 2), (1, 1), 1) * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    return x.grad


@case
def window_on_a_storage_in_another_order(torch):
    x = torch.arange(6.0).reshape(2, 3).t().clone()
    return x.as_strided((6,), (1,)), x[1].as_strided((2,), (2,), 0)


@case
def resized(torch):
    x = torch.arange(6.0)
    shapes = [tuple(x.resize_(2, 2).shape), tuple(x.resize_(3, 2).shape)]
    return x, shapes, torch.zeros(2, 3, 4, 5).resize_(1, 2, 3, 4, memory_format=torch.channels_last).stride()


@case
def set_to_another_storage(torch):
    source = torch.arange(6.0)
    x = torch.zeros(0).set_(source, 1, (2, 2), (2, 1))
    y = torch.zeros(3).set_(source.untyped_storage())
    x.fill_(7)
    return x, y, source, torch.zeros(3).set_()


# ---- storages -------------------------------------------------------------------------------------------------


@case
def storage_is_shared(torch):
    x = torch.arange(6.0).reshape(2, 3)
    part = x[1].storage()
    part[1] = 50
    x.t().untyped_storage()[3] = 64
    return x, part.tolist(), part.size(), part.nbytes(), x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


@case
def storage_in_the_order_of_memory(torch):
    x = torch.arange(6.0).reshape(2, 3).t().clone()
    part = x.untyped_storage()[4:12]
    part[4] = 1
    return x, x.storage().tolist(), part.tolist(), part[2:4].nbytes(), part[-1]


@case
def storage_of_each_kind(torch):
    kinds = (torch.uint8, torch.bool, torch.int64, torch.float16, torch.bfloat16, torch.complex64)
    made = [torch.ones(2, dtype=kind) for kind in kinds]
    for x in made:
        x.untyped_storage()[0] = 1
    made[-1] = torch.view_as_real(made[-1])
    sizes = [x.untyped_storage().nbytes() for x in made]
    return *made, sizes, " ".join(x.storage_type().__name__ for x in made), made[2].untyped_storage().tolist()


@case
def storages_of_their_own(torch):
    x = torch.zeros(0).set_(torch.FloatStorage([1, 2, 3]))
    storage = torch.UntypedStorage(8).fill_(0)
    y = torch.zeros(0).set_(storage)
    y.fill_(1)
    storage.resize_(12)
    copied = torch.TypedStorage([4, 5, 6]).copy_(x.storage())
    return x, y, storage.nbytes(), copied.tolist(), copied.dtype == torch.float32, isinstance(copied, torch.FloatStorage)


# ---- what a tensor is -----------------------------------------------------------------------------------------


@case
def element_by_element(torch):
    x = torch.arange(4.0).apply_(lambda v: v + 1).map_(torch.ones(4), lambda a, b: a * 10 + b)
    return x.map2_(x, torch.ones(4), lambda a, b, c: a - b + c), torch.zeros(5, 2).fill_diagonal_(3, wrap=True)


@case
def answers(torch):
    x, c = torch.zeros(2, 3, 4).permute(2, 0, 1), torch.zeros(2, 2, dtype=torch.complex64)
    return x.dim_order(), c.H.is_conj(), c.conj().conj().is_conj(), x[0]._is_view(), x.is_same_size(x.clone()), x.output_nr


@case
def conjugate_is_a_view(torch):
    x = torch.tensor([1 + 2j, 3 - 1j])
    x.conj()[0] = 5 + 5j
    return torch.view_as_real(x)


@case
def view_of_what_was_turned(torch):
    b = torch.zeros(2, 3)
    v = b[0]
    b.t_()
    b[0, 0] = 9
    v.add_(1)
    w = v[1:]
    w.mul_(5)
    return b, v, w


@case
def gradient_of_a_view_of_what_was_turned(torch):
    x = torch.ones(2, 3, requires_grad=True)
    y = x * 2
    v = y[0]
    y.t_()
    y.mul_(3)
    v.mul_(2)
    (y.sum() + v.sum()).backward()
    return x.grad


@case
def view_of_what_looks_elsewhere(torch):
    a = torch.zeros(4)
    v, d = a[:2], a.detach()
    a.set_(torch.ones(4))
    d.add_(5)
    a.add_(1)
    return a, v, d


@pytest.mark.parametrize("fn", CASES, ids=lambda fn: fn.__name__)
def test_as_torch(fn):
    agree(fn)


@pytest.mark.parametrize(
    "fn",
    [
        lambda torch: torch.zeros(2, 3, requires_grad=True).t_(),
        lambda torch: torch.zeros(2, 3, requires_grad=True).resize_(3),
        lambda torch: torch.zeros(3).set_(torch.zeros(2, dtype=torch.int64)),
        lambda torch: torch.zeros(4).as_strided((2,), (9,)),
        lambda torch: torch.zeros(4).as_strided((2,), (-1,)),
        lambda torch: torch.zeros(4).storage()[4],
        lambda torch: torch.zeros(3).fill_diagonal_(1),
        lambda torch: torch.zeros(1, 2, 1).dim_order(ambiguity_check=True),
        lambda torch: torch.zeros(3).reinforce(1),
    ],
)
def test_errors(fn):
    assert raised(lambda: fn(torchlike)) == raised(lambda: fn(real)) != ""


def test_unknown_order_is_an_error():
    row = torchlike.arange(6.0).reshape(2, 3).t().clone()[0].detach()
    with pytest.raises(NotImplementedError, match="contiguous"):
        row.as_strided((2,), (1,), 0)

"""Views and in-place writes are torch's: what is written through one alias shows in all others, gradients included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import torchlike
from tests.agree import agree, raised

CASES: list[Callable] = []


def case(fn: Callable) -> Callable:
    CASES.append(fn)
    return fn


def grid(torch: Any, *shape: int, **options: Any) -> Any:
    count = int(np.prod(shape))
    return torch.tensor((np.arange(count, dtype=np.float32) - count // 3).reshape(shape).tolist(), **options)


# ---- writes seen through aliases ------------------------------------------------------------------------------


@case
def write_to_base_shows_in_view(torch):
    x = grid(torch, 3, 4)
    v = x[1]
    x.add_(10)
    return x, v


@case
def write_to_view_shows_in_base(torch):
    x = grid(torch, 3, 4)
    v = x[1]
    v.mul_(3)
    return x, v


@case
def write_through_transpose(torch):
    x, y = grid(torch, 2, 3), grid(torch, 3, 2)
    x.T.copy_(y)
    return x, x.T


@case
def write_through_view_of_view(torch):
    x = grid(torch, 2, 3, 4)
    v = x.permute(2, 0, 1)[1:3].select(1, 1)
    v.neg_()
    return x, v


@case
def write_through_data(torch):
    x = grid(torch, 2, 3, requires_grad=True)
    x.data.mul_(2)
    (x * x).sum().backward()
    return x, x.grad


@case
def write_through_detach_shares_memory(torch):
    x = grid(torch, 4, requires_grad=True)
    d = x.detach()
    d[1:3] = 7
    return x, d


@case
def write_through_flattened_view(torch):
    x = grid(torch, 2, 3)
    x.view(-1)[::2] = -1
    return x


@case
def reshape_of_a_transposed_tensor_copies(torch):
    x = grid(torch, 2, 3)
    copy = x.t().reshape(-1)
    copy.zero_()
    return x, copy


@case
def contiguous_copies_only_where_it_must(torch):
    x = grid(torch, 2, 3)
    x.contiguous().add_(1)
    x.t().contiguous().add_(100)
    return x


@case
def chunks_of_overlapping_views(torch):
    x = grid(torch, 6)
    a, b = x[:4], x[2:]
    a.mul_(2)
    b.add_(1)
    a.sub_(3)
    return x, a, b


@case
def chunk_split_unbind_write_to_their_base(torch):
    x = grid(torch, 4, 3)
    x.chunk(2)[1].zero_()
    x.split([1, 3])[0].fill_(5)
    x.unbind(1)[2].add_(1)
    x.tensor_split(3)[0][0] += 1
    return x


@case
def diagonal_write(torch):
    x = grid(torch, 3, 3)
    x.diagonal().fill_(9)
    x.diagonal(1).copy_(torch.tensor([1.0, 2.0]))
    return x, x.diagonal(-1)


@case
def unfold_reads_what_was_written(torch):
    x = grid(torch, 6)
    w = x.unfold(0, 3, 2)
    x[2] = 50
    return w, x


@case
def swap_rows(torch):
    x = grid(torch, 3, 2)
    kept = x[0].clone()
    x[0] = x[2]
    x[2] = kept
    return x


@case
def copy_broadcasts_and_casts(torch):
    x = grid(torch, 3, 2)
    x.copy_(torch.tensor([1, 2]))
    y = torch.zeros(3, dtype=torch.int64)
    y.copy_(torch.tensor([1.7, -1.7, 0.2]))
    return x, y


@case
def fill_and_zero_of_an_expanded_tensor(torch):
    x = grid(torch, 3)
    x.expand(2, 3).fill_(4)
    z = grid(torch, 2, 1)
    z.expand(2, 3)[0].zero_()
    return x, z


@case
def write_to_one_row_of_an_expanded_tensor(torch):
    x = grid(torch, 3)
    v = x.expand(2, 3)
    v[1] = torch.tensor([7.0, 8.0, 9.0])
    return x, v


@case
def data_assignment_keeps_identity(torch):
    x = grid(torch, 3, requires_grad=True)
    x.data = torch.tensor([5.0, 6.0, 7.0])
    (x * 2).sum().backward()
    return x, x.grad


@case
def inplace_operators_on_slices(torch):
    x = grid(torch, 3, 4)
    x[1:] += 1
    x[:, 0] *= 10
    x[..., -1] -= x[..., 0]
    x[0, 1] /= 2
    return x


# ---- gradients ------------------------------------------------------------------------------------------------


@case
def gradient_through_view_then_write_to_base(torch):
    x = grid(torch, 2, 3, requires_grad=True)
    y = x * 2
    v = y[0]
    y.mul_(3)
    v.sum().backward()
    return x, y, v


@case
def gradient_through_write_to_view_then_base(torch):
    x = grid(torch, 2, 3, requires_grad=True)
    y = x * 2
    y[0].mul_(5)
    (y * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    return x, y


@case
def gradient_of_a_buffer_filled_in_a_loop(torch):
    w = grid(torch, 3, requires_grad=True)
    h = w
    buffer = torch.zeros(3, 4)
    for i in range(4):
        h = torch.tanh(h * 0.5 + i)
        buffer[:, i] = h
    (buffer * buffer).sum().backward()
    return w, buffer


@case
def gradient_of_what_was_overwritten_is_zero(torch):
    x = grid(torch, 4, requires_grad=True)
    y = x * 1
    y[1:3] = 0
    y.sum().backward()
    return x, y


@case
def gradient_into_a_written_value(torch):
    x, v = grid(torch, 2, 3, requires_grad=True), grid(torch, 3, requires_grad=True)
    y = x + 0
    y[1] = v * v
    y.t()[0].mul_(2)
    y.sum().backward()
    return x, v, y


@case
def constant_base_gets_history_from_its_view(torch):
    v = grid(torch, 2, requires_grad=True)
    base = torch.zeros(3, 2)
    view = base[1]
    other = base[2]
    view.add_(v)
    (base.sum() + other.sum()).backward()
    return v, base, view, other


@case
def no_grad_write_leaves_history_alone(torch):
    x = grid(torch, 3, requires_grad=True)
    y = x * 2
    with torch.no_grad():
        y.add_(100)
        x.sub_(1)
    y.sum().backward()
    return x, y


@case
def gradient_zeroed_between_steps(torch):
    x = grid(torch, 3, requires_grad=True)
    kept = []
    for _ in range(3):
        if x.grad is not None:
            x.grad.zero_()
        (x * x).sum().backward()
        kept.append(x.grad.clone())
        with torch.no_grad():
            x -= 0.1 * x.grad
    return x, *kept


@case
def gradient_accumulates_in_place(torch):
    x = grid(torch, 3, requires_grad=True)
    (x * 2).sum().backward()
    seen = x.grad
    (x * 3).sum().backward()
    return x, seen


@case
def gradient_keeps_the_layout_of_its_leaf(torch):
    x = grid(torch, 2, 3).t().detach().requires_grad_()
    (x * 2).sum().backward()
    return x, x.grad


@case
def double_backward_through_views(torch):
    x = grid(torch, 2, 3, requires_grad=True)
    y = (x.t()[1:] ** 3).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (g[:, 1] * g[:, 2]).sum().backward()
    return x, g.detach().clone(memory_format=torch.contiguous_format)


@case
def detached_view_writes_do_not_reach_the_tape(torch):
    x = grid(torch, 3, requires_grad=True)
    y = x * 2
    y.detach()[0] = 100
    y.sum().backward()
    return x, y


# ---- refusals -------------------------------------------------------------------------------------------------


@case
def refusals(torch):
    leaf, x, e = grid(torch, 2, 3, requires_grad=True), grid(torch, 2, 3), grid(torch, 3).expand(2, 3)
    whole = torch.tensor([1, 2, 3])
    return [
        raised(lambda: leaf.add_(1)),
        raised(lambda: leaf[0].zero_()),
        raised(lambda: leaf.t().mul_(2)),
        raised(lambda: leaf.__setitem__(0, 1.0)),
        raised(lambda: e.add_(1)),
        raised(lambda: e.copy_(x)),
        raised(lambda: x.t().view(-1)),
        raised(lambda: x.add_(torch.zeros(4))),
        raised(lambda: x[0].add_(x)),
        raised(lambda: whole.add_(0.5)),
        raised(lambda: whole.mul_(grid(torch, 3))),
        raised(lambda: x.view(-1)[1:].add_(x.view(-1)[:-1])),
        raised(lambda: x[:, :2].view(4)),
        raised(lambda: x.view(4, 2)),
        raised(lambda: x.copy_(torch.zeros(5))),
        raised(lambda: grid(torch, 3, 3, requires_grad=True).clone().detach_()[0].requires_grad_().add_(1)),
        raised(lambda: x - torch.tensor(True)),
    ]


@case
def second_backward(torch):
    x = grid(torch, 3, requires_grad=True)
    y = (x * x).sum()
    first = raised(lambda: y.backward())
    second = raised(lambda: y.backward())
    z = (x * x).sum()
    z.backward(retain_graph=True)
    third = raised(lambda: z.backward())
    return [first, second, third]


# ---- layouts --------------------------------------------------------------------------------------------------


@case
def strides_of_results(torch):
    x = grid(torch, 2, 3, 4).permute(2, 0, 1)
    y, one = grid(torch, 2, 3), grid(torch, 2, 1, 3).mT
    mask = y.t() > 0
    return [
        x + 1, x * y, y + x, torch.cat([x, x]), torch.stack([x, x], -2), x.sum(0), x.mT @ x, x.flip(0), x.masked_fill(x > 0, 1),
        x.clone(), x.to(torch.float64), x.clone(memory_format=torch.contiguous_format), x.softmax(0), x.cumsum(1), x[[0, 1]],
        x[:, [0, 1]], x[1:, 0, [0, 1]], x[[[0, 1], [1, 0]]], torch.zeros_like(x), torch.where(x > 0, x, 0.0), x.reshape(-1),
        one.to(torch.bool, copy=True), one.clone(), one + 1, y.t()[mask], x[:, :, ::2].clone(), x.expand(2, 4, 2, 3) + 1,
        torch.full_like(grid(torch, 3, 2)[:, 1:], 2.0), x.mean((0, 1), keepdim=True), x.view_as(x),
    ]  # fmt: skip


@case
def memory_formats(torch):
    x = grid(torch, 2, 3, 4, 5)
    y = x.to(memory_format=torch.channels_last)
    plain = [
        y.is_contiguous(),
        y.is_contiguous(memory_format=torch.channels_last),
        x.is_contiguous(memory_format=torch.channels_last),
    ]
    return [y, y.contiguous(), y.clone(), y + 1, x.contiguous(memory_format=torch.channels_last), *map(int, plain)]


@pytest.mark.parametrize("program", CASES, ids=lambda fn: fn.__name__)
def test_agrees_with_torch(program):
    agree(program)


# ---- where torchlike goes further -----------------------------------------------------------------------------


def test_overwritten_value_still_has_its_exact_gradient():
    """torch raises here: the square needs a value that was overwritten. Values are immutable in torchlike."""
    x = torchlike.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    z = (y * y).sum()
    y.zero_()
    z.backward()
    assert x.grad.tolist() == [8.0, 16.0, 24.0]


def test_parts_made_together_may_be_written():
    """torch refuses in-place writes to one of several views that need gradients."""
    x = torchlike.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = x * 1
    first, second = y.split(2)
    first.mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [10.0, 10.0, 1.0, 1.0]
    assert second.tolist() == [3.0, 4.0]

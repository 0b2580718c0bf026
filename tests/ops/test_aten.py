"""`torch.ops.aten`: operators by their own names, and what is an operator only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import torchlike

RANDOM = np.random.default_rng(0)


def both(*shape: int, dtype: str = "float32") -> tuple[Any, Any]:
    x = RANDOM.standard_normal(shape).astype(dtype)
    return torch.from_numpy(x), torchlike.from_numpy(x)


def same(ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), tolerance, tolerance)


# (operator, overload, arguments behind the tensor, keywords)
CALLS: list[tuple[str, str, tuple, dict]] = [
    ("relu", "default", (), {}),
    ("add", "Scalar", (2.0,), {"alpha": 3}),
    ("sum", "dim_IntList", ([1], True), {}),
    ("mean", "default", (), {}),
    ("view", "default", ([6, 2],), {}),
    ("t", "default", (), {}),
    ("mul_", "Scalar", (2.0,), {}),
    ("gelu", "default", (), {"approximate": "tanh"}),
    ("linalg_vector_norm", "default", (2,), {}),
    ("fft_fft", "default", (), {}),
    ("special_erf", "default", (), {}),
    ("_safe_softmax", "default", (1,), {}),
    ("unsqueeze", "default", (0,), {}),
]


@pytest.mark.parametrize("name,overload,args,keywords", CALLS, ids=[c[0] for c in CALLS])
def test_operators_are_the_functions(name: str, overload: str, args: tuple, keywords: dict) -> None:
    theirs, ours = both(3, 4)
    packet = getattr(torchlike.ops.aten, name)
    expected = getattr(getattr(torch.ops.aten, name), overload)(theirs.clone(), *args, **keywords)
    same(getattr(packet, overload)(ours.clone(), *args, **keywords), expected)
    same(packet(ours.clone(), *args, **keywords), expected)
    assert repr(packet) == repr(getattr(torch.ops.aten, name))
    assert getattr(packet, overload).name() == getattr(getattr(torch.ops.aten, name), overload).name()


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"torch\.ops\.aten\.nonsense"):
        torchlike.ops.aten.nonsense  # noqa: B018
    assert not hasattr(torchlike.ops.aten, "nonsense")
    with pytest.raises(NotImplementedError, match="jiterator"):
        torchlike.cuda.jiterator._create_jit_fn("template <typename T> T f(T x) { return x; }")


@pytest.mark.parametrize("stride", [2, 1], ids=["apart", "overlapping"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("batch", [(2, 3), (3,)], ids=str)
def test_max_pool2d_with_indices_backward(batch: tuple[int, ...], dtype: str, stride: int) -> None:
    theirs, _ = both(*batch, 7, 8)
    theirs = theirs.to(getattr(torch, dtype))
    settings = ([3, 2], [stride, stride], [1, 0], [1, 2], False)
    out, indices = torch.ops.aten.max_pool2d_with_indices(theirs, *settings)
    cotangent = torch.from_numpy(RANDOM.standard_normal(tuple(out.shape))).to(theirs.dtype)
    expected = torch.ops.aten.max_pool2d_with_indices_backward(cotangent, theirs, *settings, indices)

    kind = getattr(torchlike, dtype)
    ours, grad = (torchlike.from_numpy(x.float().numpy()).to(kind) for x in (theirs, cotangent))
    places = torchlike.from_numpy(indices.numpy())
    made = torchlike.ops.aten.max_pool2d_with_indices_backward.default(grad, ours, *settings, places)
    assert made.dtype is kind
    same(made.float(), expected.float(), 1e-2 if dtype == "bfloat16" else 1e-6)
    into = torchlike.empty_like(ours)
    backward = torchlike.ops.aten.max_pool2d_with_indices_backward.grad_input
    assert backward(grad, ours, *settings, places, grad_input=into) is into
    assert torchlike.equal(into, made)


def reference(q: Any, k: Any, v: Any, bias: Any = None, scale: float | None = None) -> tuple[Any, Any]:
    """torch's own attention of `(N, L, heads, E)`, and the logarithm of each row's sum."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, bias, scale=scale).transpose(1, 2)
    scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    return out, (scores if bias is None else scores + bias).logsumexp(-1)


def causal(length: int, source: int, last: bool) -> Any:
    hidden = torch.ones(length, source).triu(1 + (source - length if last else 0)).bool()
    return torch.zeros(length, source).masked_fill(hidden, -math.inf)


@pytest.mark.parametrize("scale", [None, 0.5])
@pytest.mark.parametrize("is_causal", [False, True])
def test_flash_attention(is_causal: bool, scale: float | None) -> None:
    given = [both(2, n, 3, 8) for n in (5, 9, 9)]
    out, total = reference(*(g[0] for g in given), causal(5, 9, True) if is_causal else None, scale)
    forward = torchlike.ops.aten._flash_attention_forward
    made = forward(*(g[1] for g in given), None, None, 5, 9, 0.0, is_causal, False, scale=scale)
    assert len(made) == 5
    same(made[0], out)
    same(made[1], total)


def test_flash_attention_of_sequences_one_after_another() -> None:
    given = [both(n, 2, 8) for n in (7, 10, 10)]
    starts_q, starts_k = torchlike.tensor([0, 3, 7], dtype=torchlike.int32), torchlike.tensor([0, 4, 10], dtype=torchlike.int32)
    forward = torchlike.ops.aten._flash_attention_forward
    made = forward(*(g[1] for g in given), starts_q, starts_k, 4, 6, 0.0, True, False, window_size_left=2)
    for a, b, c, d in ((0, 3, 0, 4), (3, 7, 4, 10)):
        q, k, v = given[0][0][None, a:b], given[1][0][None, c:d], given[2][0][None, c:d]
        far = torch.ones(b - a, d - c).tril(d - c - (b - a) - 3).bool()
        out, total = reference(q, k, v, causal(b - a, d - c, True).masked_fill(far, -math.inf))
        same(made[0][a:b], out[0])
        same(made[1][:, a:b], total[0])


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["no mask", "from the first", "to the last"])
def test_efficient_attention(kind: int) -> None:
    given = [both(2, n, 3, 8) for n in (5, 9, 9)]
    bias = both(2, 3, 5, 9)
    mask = bias[0] + (causal(5, 9, kind == 2) if kind else 0)
    out, total = reference(*(g[0] for g in given), mask)
    forward = torchlike.ops.aten._efficient_attention_forward.default
    made = forward(*(g[1] for g in given), bias[1], None, None, None, None, 0.0, kind, True)
    assert len(made) == 6 and made[4:] == (5, 9)
    same(made[0], out)
    assert tuple(made[1].shape) == (2, 3, 32)
    same(made[1][..., :5], total)
    assert forward(*(g[1] for g in given), bias[1], None, None, None, None, 0.0, kind)[1].shape == (2, 3, 0)


def test_efficient_attention_has_gradients() -> None:
    given = [both(1, n, 2, 4) for n in (3, 5, 5)]
    theirs, ours = ([g[i].requires_grad_() for g in given] for i in (0, 1))
    reference(*theirs)[0].square().sum().backward()
    made = torchlike.ops.aten._efficient_attention_forward(*ours, None, None, None, None, None, 0.0, 0)
    made[0].square().sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        same(a.grad, b.grad)

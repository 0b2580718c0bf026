"""The functions on which every transform agrees with torch: `(name, function of (torch or torchlike, *tensors), shapes)`.

Functions are smooth where they are sampled; what a batch must not do (write into something shared) is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    name: str
    fn: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...] = ((4,),)


def _in_place(t, x):
    y = x.clone()
    y.mul_(x).add_(1)
    y[1:] = x[:-1].sin()
    return y


def _filled(t, x):
    y = t.zeros_like(x)
    y[0] = x[1] * 2
    y[1:3] += x[:2].exp()
    return y


def _through_a_view(t, x):
    y = x * 1
    y.t()[0].mul_(3)
    return y


def _loop(t, x):
    h = x[0] * 0
    for i in range(3):
        h = t.tanh(h + x[i])
    return h


def _attention(t, q, k):
    return t.nn.functional.scaled_dot_product_attention(q[None], k[None], q[None])[0]


def _no_history(t, x):
    return x * x.detach() + x.sin()


CASES = [
    Case("sin_cos", lambda t, x: x.sin() * x.cos()),
    Case("exp", lambda t, x: t.exp(x * 0.5)),
    Case("log1p", lambda t, x: t.log1p(x * x)),
    Case("tanh_sigmoid", lambda t, x: x.tanh() * x.sigmoid()),
    Case("division", lambda t, x, y: x / (y * y + 1), ((4,), (4,))),
    Case("pow", lambda t, x: x**3 + 2.0 * x),
    Case("broadcast", lambda t, x, y: x * y + y, ((3, 1), (4,))),
    Case("sum", lambda t, x: x.sum()),
    Case("mean_of_rows", lambda t, x: x.mean(1), ((3, 4),)),
    Case("var", lambda t, x: x.var(0), ((3, 4),)),
    Case("prod", lambda t, x: x.prod()),
    Case("logsumexp", lambda t, x: x.logsumexp(0), ((3, 4),)),
    Case("amax", lambda t, x: x.amax(1), ((3, 4),)),
    Case("norm", lambda t, x: t.linalg.vector_norm(x), ((3, 2),)),
    Case("cumsum", lambda t, x: x.cumsum(0) * x),
    Case("sort", lambda t, x: t.sort(x)[0] * t.arange(4)),
    Case("topk", lambda t, x: t.topk(x, 2)[0].exp()),
    Case("softmax", lambda t, x: x.softmax(-1), ((3, 4),)),
    Case("log_softmax", lambda t, x: t.log_softmax(x, -1)),
    Case("cross_entropy", lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 2, 1])), ((3, 4),)),
    Case("mse", lambda t, x, y: t.nn.functional.mse_loss(x, y), ((4,), (4,))),
    Case("matmul", lambda t, x, y: x @ y, ((2, 3), (3, 2))),
    Case("matvec", lambda t, x, y: t.mv(x, y), ((2, 3), (3,))),
    Case("einsum", lambda t, x, y: t.einsum("ij,kj->ik", x, y), ((2, 3), (2, 3))),
    Case("linear_gelu", lambda t, x, w: t.nn.functional.gelu(t.nn.functional.linear(x, w)), ((2, 3), (2, 3))),
    Case("conv1d", lambda t, x, w: t.nn.functional.conv1d(x, w, padding=1), ((1, 2, 4), (2, 2, 3))),
    Case("conv2d", lambda t, x, w: t.nn.functional.conv2d(x, w), ((1, 1, 3, 3), (2, 1, 2, 2))),
    Case("avg_pool", lambda t, x: t.nn.functional.avg_pool1d(x, 2), ((1, 2, 4),)),
    Case("layer_norm", lambda t, x: t.nn.functional.layer_norm(x, (4,)), ((2, 4),)),
    Case("group_norm", lambda t, x: t.nn.functional.group_norm(x, 2), ((1, 4, 2),)),
    Case("indexing", lambda t, x: x[[0, 2]] * x[1:3, ::2].sum() + x[..., 0, None][1], ((3, 4),)),
    Case("gather", lambda t, x: x.gather(1, t.tensor([[0, 1], [2, 3], [1, 1]])).sin(), ((3, 4),)),
    Case("index_add", lambda t, x: t.zeros_like(x).index_add(0, t.tensor([0, 1, 1, 3]), x) * x),
    Case("embedding", lambda t, w: t.nn.functional.embedding(t.tensor([0, 2, 2]), w).tanh(), ((3, 2),)),
    Case("in_place", _in_place),
    Case("filled", _filled),
    Case("through_a_view", _through_a_view, ((2, 3),)),
    Case("where", lambda t, x: t.where(x > 0, x.sin(), x * x)),
    Case("clamp", lambda t, x: x.clamp(-0.5, 0.7) * x),
    Case("relu", lambda t, x: x.relu() * x),
    Case("cat_stack", lambda t, x, y: t.stack([t.cat([x, y]), t.cat([y, x])]).exp(), ((2,), (2,))),
    Case("reshapes", lambda t, x: x.reshape(2, 6).t().flip(0).unsqueeze(1).squeeze().roll(1, 0).sin(), ((3, 4),)),
    Case("tril_diagonal", lambda t, x: x.tril().sum(1) * x.diagonal(), ((3, 3),)),
    Case("solve", lambda t, a, b: t.linalg.solve(a + 4 * t.eye(3, dtype=t.float64), b), ((3, 3), (3,))),
    Case("slogdet", lambda t, a: t.linalg.slogdet(a @ a.mT + t.eye(3, dtype=t.float64))[1], ((3, 3),)),
    Case("cholesky", lambda t, a: t.linalg.cholesky(a @ a.mT + t.eye(3, dtype=t.float64)), ((3, 3),)),
    Case("inverse", lambda t, a: t.linalg.inv(a + 4 * t.eye(3, dtype=t.float64)), ((3, 3),)),
    Case("attention", _attention, ((3, 2), (3, 2))),
    Case("loop", _loop),
    Case("no_history", _no_history),
    Case("two_results", lambda t, x: (x.sin(), {"b": x.exp().sum()})),
]

"""The root namespace's neural-network functions, and the products of float8 and of groups, against real torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.tolerances import assert_close

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 5)).astype(np.float32)
TABLE = RNG.standard_normal((10, 3)).astype(np.float32)
ARRAYS: dict[str, np.ndarray] = {
    "x": X,
    "y": np.exp(X),
    "sign": np.sign(X),
    "table": TABLE,
    "index": np.array([1, 2, 4, 5, 4, 3, 2, 9]),
    "offsets": np.array([0, 3, 3]),
    "targets": np.array([1, -1, 1, 1, -1, 1]),
    "log_probs": np.log(RNG.dirichlet([1] * 4, (5, 2))).astype(np.float32),
    "labels": RNG.integers(1, 4, (2, 3)),
}

CASES: dict[str, Callable[..., Any]] = {
    "dropout": lambda t, x: t.dropout(x, 0.3, True),
    "dropout, all": lambda t, x: t.dropout(x, 1.0, True),
    "dropout_": lambda t, x: t.dropout_(x.clone(), 0.3, True),
    "feature_dropout": lambda t, x: t.feature_dropout(x, 0.5, True),
    "feature_dropout_": lambda t, x: t.feature_dropout_(x.clone(), 0.5, True),
    "alpha_dropout": lambda t, x: t.alpha_dropout(x, 0.3, True),
    "alpha_dropout_": lambda t, x: t.alpha_dropout_(x.clone(), 0.3, True),
    "feature_alpha_dropout": lambda t, x: t.feature_alpha_dropout(x, 0.3, True),
    "feature_alpha_dropout_": lambda t, x: t.feature_alpha_dropout_(x.clone(), 0.3, True),
    "native_dropout": lambda t, x: t.native_dropout(x, 0.3, None),
    "native_dropout, not training": lambda t, x: t.native_dropout(x, 0.3, False),
    "rrelu": lambda t, x: t.rrelu(x, 0.1, 0.3, True),
    "rrelu_": lambda t, x: t.rrelu_(x.clone(), 0.1, 0.3, True),
    "rrelu, float64": lambda t, x: t.rrelu(x.double(), 0.1, 0.3, True),
    "rrelu, not training": lambda t, x: t.rrelu(x),
    "celu_": lambda t, x: t.celu_(x.clone(), 0.5),
    "selu_": lambda t, x: t.selu_(x.clone()),
    "threshold_": lambda t, x: t.threshold_(x.clone(), 0.1, 20),
    "norm_except_dim": lambda t, x: t.norm_except_dim(x, 1, 1),
    "norm_except_dim, none": lambda t, x: t.norm_except_dim(x, 2, -1),
    "embedding": lambda t, table, index: t.embedding(table, index, 3),
    "embedding_renorm_": lambda t, table, index: t.embedding_renorm_(table.clone(), index, 0.5, 2.0),
    "bag, mean": lambda t, table, index, offsets: t.embedding_bag(table, index, offsets, False, 1),
    "bag, max": lambda t, table, index, offsets: t.embedding_bag(table, index, offsets, False, 2),
    "bag, max, last offset, padding": lambda t, table, index, offsets: t.embedding_bag(
        table, index, offsets, False, 2, False, None, True, 4
    ),
    "bce": lambda t, x, sign: t.binary_cross_entropy_with_logits(x, (sign + 1) / 2, None, None, 2),
    "cosine": lambda t, x, y, targets: t.cosine_embedding_loss(x, y, targets),
    "hinge": lambda t, x, sign: t.hinge_embedding_loss(x, sign, 1.0, 1),
    "ranking": lambda t, x, y, sign: t.margin_ranking_loss(x, y, sign, 0.5),
    "triplet": lambda t, x, y, sign: t.triplet_margin_loss(x, y, sign, reduction=2),
    "kl_div": lambda t, x, y: t.kl_div(x, y, 1),
    "poisson": lambda t, x, y: t.poisson_nll_loss(x, y, True, False, 1e-8, 1),
    "ctc": lambda t, log_probs, labels: t.ctc_loss(log_probs, labels, [5, 5], [3, 2], 0, 2, True),
}


def run(library: Any, case: Callable[..., Any]) -> list[np.ndarray]:
    library.manual_seed(0)
    names = case.__code__.co_varnames[1 : case.__code__.co_argcount]
    made = case(library, *(library.from_numpy(ARRAYS[name].copy()) for name in names))
    return [part.numpy() for part in (made if isinstance(made, tuple) else (made,))]


@pytest.mark.parametrize("name", CASES)
def test_as_torch(name: str) -> None:
    for ours, theirs in zip(run(torchlike, CASES[name]), run(torch, CASES[name]), strict=True):
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs, str(ours.dtype), name)


def test_errors() -> None:
    for t in (torch, torchlike):
        x = t.ones(3)
        with pytest.raises(RuntimeError, match="probability has to be between 0 and 1"):
            t.dropout(x, 1.5, True)
        with pytest.raises(RuntimeError, match="at least 2 dimensions"):
            t.feature_dropout(x, 0.5, True)
        with pytest.raises(RuntimeError, match="can't be cast"):
            t.dropout(x.long(), 0.5, True)
        with pytest.raises(TypeError, match="must be int"):
            t.kl_div(x, x, "mean")
        with pytest.raises(RuntimeError, match="Lower bound"):
            t.rrelu(x, 0.4, 0.1)


def test_maximum_of_a_bag_gives_its_gradient_to_the_first() -> None:
    grads = []
    for t in (torch, torchlike):
        table = t.ones(4, 2, requires_grad=True)
        t.nn.functional.embedding_bag(t.tensor([2, 1, 2]), table, t.tensor([0]), mode="max").sum().backward()
        grads.append(table.grad.numpy())
    assert_close(grads[1], grads[0], "float32")


@pytest.mark.parametrize("out_dtype", ["float32", "bfloat16", None])
@pytest.mark.parametrize("by_row", [False, True])
def test_scaled_mm(out_dtype: str | None, by_row: bool) -> None:
    a, b = RNG.standard_normal((4, 16)).astype(np.float32), RNG.standard_normal((8, 16)).astype(np.float32)
    scale_a, scale_b = RNG.random((4, 1) if by_row else (1,)), RNG.random((1, 8) if by_row else (1,))
    made = []
    for t in (torch, torchlike):
        kind = t.nn.functional.ScalingType.RowWise if by_row else t.nn.functional.ScalingType.TensorWise
        left, right = t.tensor(a).to(t.float8_e4m3fn), t.tensor(b).to(t.float8_e4m3fn).t()
        scales = [t.tensor(s.astype(np.float32)) for s in (scale_a, scale_b)]
        dtype = out_dtype and getattr(t, out_dtype)
        made.append(t._scaled_mm(left, right, *scales, out_dtype=dtype).float().numpy())
        made.append(
            t.nn.functional.scaled_mm(left, right, scales[0], kind, scales[1], kind, output_dtype=dtype).float().numpy()
        )
    assert_close(made[2], made[0], "float32")
    assert_close(made[3], made[1], "float32")


@pytest.mark.parametrize(
    "shapes", [((8, 8), (2, 8, 4)), ((2, 4, 8), (8, 8)), ((8, 8), (8, 4)), ((2, 8, 4), (2, 4, 8))], ids=str
)
def test_grouped_mm(shapes: tuple) -> None:
    a, b = (RNG.standard_normal(shape).astype(np.float32) for shape in shapes)
    made = []
    for t in (torch, torchlike):
        offs = None if a.ndim == b.ndim == 3 else t.tensor([4, 8], dtype=t.int32)
        made.append(t.nn.functional.grouped_mm(t.tensor(a), t.tensor(b), offs=offs).numpy())
    assert_close(made[1], made[0], "float32")


def test_linear_cross_entropy_by_rows_is_the_same() -> None:
    class Options:
        batch_chunk_size = 3

    F = torchlike.nn.functional
    results = []
    for options in (None, Options):
        x, w = (torchlike.tensor(a, requires_grad=True) for a in (X, np.sin(np.arange(50.0, dtype=np.float32)).reshape(10, 5)))
        loss = F.linear_cross_entropy(x, w, torchlike.tensor([0, 3, 9, 1, -100, 2]), options=options)
        loss.backward()
        results.append((loss.detach().numpy(), x.grad.numpy(), w.grad.numpy()))
    for plain, chunked in zip(*results, strict=True):
        assert_close(chunked, plain, "float32")


def test_torch_function_protocol() -> None:
    F = torchlike.nn.functional

    class Mine:
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func.__name__, types, args, kwargs

    mine = Mine()
    assert F.has_torch_function((1, mine)) and not F.has_torch_function((torchlike.ones(1),))
    assert F.handle_torch_function(F.relu, (mine,), mine, inplace=True) == ("relu", (Mine,), (mine,), {"inplace": True})

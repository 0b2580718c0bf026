"""Sparse tensors against torch: parts, conversions, products, gradients, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike

# torch says that compressed layouts are in beta.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse")

LIBRARIES = (torch, torchlike)
PLACES, NUMBERS = [[0, 1, 1, 0], [2, 0, 2, 2]], [3.0, 4.0, 5.0, 1.0]


def coo(m: Any, requires_grad: bool = False, dtype: str = "float32") -> Any:
    return m.sparse_coo_tensor(
        m.tensor(PLACES), m.tensor(NUMBERS, dtype=getattr(m, dtype)), (2, 3), requires_grad=requires_grad
    )


def array(x: Any) -> np.ndarray:
    x = x.detach()
    return np.asarray((x if str(x.layout) == "torch.strided" else x.to_dense()).tolist())


CASES: dict[str, Callable[[Any], Any]] = {
    "to_dense": lambda m: coo(m).to_dense(),
    "to_dense of bool": lambda m: m.tensor([[True, False], [True, True]]).to_sparse().to_dense(),
    "values": lambda m: coo(m).coalesce().values(),
    "indices": lambda m: coo(m).coalesce().indices(),
    "transpose": lambda m: coo(m).t(),
    "add": lambda m: coo(m) + coo(m) * 2,
    "sub": lambda m: coo(m) - coo(m),
    "add to dense": lambda m: m.ones(2, 3) + coo(m),
    "mul number": lambda m: 3 * coo(m),
    "mul dense": lambda m: coo(m).coalesce() * m.arange(6.0).reshape(2, 3),
    "div": lambda m: coo(m) / 2,
    "neg, sqrt": lambda m: (-coo(m)).neg().sqrt(),
    "mm": lambda m: m.mm(coo(m), m.arange(6.0).reshape(3, 2)),
    "matmul": lambda m: coo(m) @ m.arange(6.0).reshape(3, 2),
    "mv": lambda m: m.mv(coo(m), m.arange(3.0)),
    "sparse.mm": lambda m: m.sparse.mm(coo(m), m.arange(6.0).reshape(3, 2)),
    "addmm": lambda m: m.sparse.addmm(m.ones(2, 2), coo(m), m.arange(6.0).reshape(3, 2), beta=0.5, alpha=2),
    "sum": lambda m: m.sparse.sum(coo(m)),
    "sum over rows": lambda m: m.sparse.sum(coo(m), 0),
    "softmax": lambda m: m.sparse.softmax(coo(m), 1),
    "csr": lambda m: coo(m).to_sparse_csr(),
    "csr @": lambda m: coo(m).to_sparse_csr() @ m.arange(6.0).reshape(3, 2),
    "csr and back": lambda m: coo(m).to_sparse_csr().to_sparse(),
    "to_sparse": lambda m: m.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse(),
    "to_sparse(1)": lambda m: m.tensor([[0.0, 0.0], [2.0, 0.0]]).to_sparse(1)._values(),
    "mask": lambda m: m.arange(6.0).reshape(2, 3).sparse_mask(coo(m).coalesce()),
    "dtype": lambda m: coo(m).to(m.float64),
    "empty": lambda m: m.sparse_coo_tensor(m.zeros(2, 0, dtype=m.int64), m.zeros(0), (2, 3)).to_dense(),
    "size by itself": lambda m: m.sparse_coo_tensor(PLACES, NUMBERS),
    "dense dimension": lambda m: m.sparse_coo_tensor([[0, 2]], [[1.0, 2.0], [3.0, 4.0]], (3, 2)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_as_torch(case: str) -> None:
    theirs, ours = (CASES[case](m) for m in LIBRARIES)
    assert str(ours.layout) == str(theirs.layout)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1]
    np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-6)


def test_queries() -> None:
    def asked(m: Any) -> tuple:
        x = coo(m)
        y = x.coalesce()
        facts = (x.is_sparse, x.is_coalesced(), y.is_coalesced(), x._nnz(), y._nnz(), x.sparse_dim(), x.dense_dim(), x.ndim)
        return (*facts, x.numel(), x.size(1), isinstance(x, m.Tensor), y.to_sparse_csr().crow_indices().tolist())

    assert asked(torchlike) == asked(torch)


def test_gradients_reach_values_and_dense_operands() -> None:
    def run(m: Any) -> list[np.ndarray]:
        values = m.tensor(NUMBERS, requires_grad=True)
        dense = m.arange(6.0).reshape(3, 2).requires_grad_()
        made = m.sparse.mm(m.sparse_coo_tensor(m.tensor(PLACES), values, (2, 3)), dense)
        (made**2).sum().backward()
        return [array(values.grad), array(dense.grad)]

    for ours, theirs in zip(run(torchlike), run(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_sparse_leaf_has_a_sparse_gradient() -> None:
    x = coo(torchlike, requires_grad=True)
    torchlike.sparse.mm(x, torchlike.ones(3, 2)).sum().backward()
    assert x.grad.layout is torchlike.sparse_coo
    assert x.grad._values().tolist() == [2.0] * 4


WRONG: dict[str, Callable[[Any], Any]] = {
    "uncoalesced": lambda m: coo(m).values(),
    "parts of a dense tensor": lambda m: m.ones(2).indices(),
    "too few indices": lambda m: m.sparse_coo_tensor([[0], [1]], [1.0, 2.0], (2, 2)),
    "outside": lambda m: m.sparse_coo_tensor([[5], [0]], [1.0], (2, 2), check_invariants=True),
    "negative": lambda m: m.sparse_coo_tensor([[-1], [0]], [1.0], (2, 2), check_invariants=True),
    "shapes": lambda m: coo(m) @ m.ones(2, 2),
    "numpy": lambda m: coo(m).numpy(),
    "no such operation": lambda m: m.cumsum(coo(m), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors_as_torch(case: str) -> None:
    with pytest.raises((RuntimeError, TypeError)) as theirs:
        WRONG[case](torch)
    with pytest.raises(theirs.type):
        WRONG[case](torchlike)


def test_layouts_that_are_not_there_say_so() -> None:
    with pytest.raises(NotImplementedError, match="sparse_csc"):
        torchlike.ones(2, 2).to_sparse(layout=torchlike.sparse_csc)

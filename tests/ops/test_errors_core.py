"""Errors of the core ops: raised at the call, with torch's class and words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

import torchlike


def _tensors(t: Any) -> tuple:
    return t.ones(2, 3), t.ones(4, 5), t.zeros(2, 3).long(), t.ones(2, 3) > 0


# Each takes (library, a (2, 3), b (4, 5), whole (2, 3), mask (2, 3)).
ERRORS: dict[str, Callable] = {
    "add sizes": lambda t, a, b, i, m: a + t.ones(2),
    "add sizes, inner": lambda t, a, b, i, m: t.ones(4, 2, 3) + t.ones(4, 5, 1),
    "neg bool": lambda t, a, b, i, m: -m,
    "sub bool": lambda t, a, b, i, m: t.sub(m, m),
    "and float": lambda t, a, b, i, m: t.bitwise_and(i, a),
    "clamp nothing": lambda t, a, b, i, m: t.clamp(a),
    "where float": lambda t, a, b, i, m: t.where(a, a, a),
    "whole pow": lambda t, a, b, i, m: t.pow(i, -1),
    "div mode": lambda t, a, b, i, m: t.div(a, 2, rounding_mode="x"),
    "mean whole": lambda t, a, b, i, m: i.mean(),
    "max empty": lambda t, a, b, i, m: t.zeros(0).max(),
    "min empty": lambda t, a, b, i, m: t.zeros(0).min(),
    "max empty dim": lambda t, a, b, i, m: t.zeros(2, 0).max(1),
    "argmax empty": lambda t, a, b, i, m: t.zeros(0).argmax(),
    "argmin empty dim": lambda t, a, b, i, m: t.zeros(2, 0).argmin(1),
    "amax empty": lambda t, a, b, i, m: t.zeros(0).amax(),
    "amax empty dim": lambda t, a, b, i, m: t.zeros(2, 0).amax(1),
    "median empty dim": lambda t, a, b, i, m: t.zeros(2, 0).median(1),
    "aminmax empty": lambda t, a, b, i, m: t.zeros(0).aminmax(),
    "max dim": lambda t, a, b, i, m: a.max(2),
    "sum dim": lambda t, a, b, i, m: a.sum(-3),
    "sum twice": lambda t, a, b, i, m: a.sum((0, 0)),
    "var whole": lambda t, a, b, i, m: i.var(),
    "norm whole": lambda t, a, b, i, m: i.norm(),
    "quantile range": lambda t, a, b, i, m: t.quantile(a, 2.0),
    "quantile whole": lambda t, a, b, i, m: t.quantile(i, 0.5),
    "topk": lambda t, a, b, i, m: a.topk(5),
    "kthvalue": lambda t, a, b, i, m: a.kthvalue(5),
    "mm": lambda t, a, b, i, m: t.mm(a, b),
    "mm vector": lambda t, a, b, i, m: t.mm(a, t.ones(3)),
    "matmul": lambda t, a, b, i, m: a @ b,
    "matmul matrix vector": lambda t, a, b, i, m: a @ t.ones(4),
    "matmul vector matrix": lambda t, a, b, i, m: t.ones(4) @ b.T,
    "matmul vectors": lambda t, a, b, i, m: t.ones(3) @ t.ones(4),
    "matmul batches": lambda t, a, b, i, m: t.ones(2, 3, 4) @ t.ones(3, 4, 5),
    "matmul folded": lambda t, a, b, i, m: t.ones(2, 3, 4) @ t.ones(5, 5),
    "matmul inner": lambda t, a, b, i, m: t.ones(2, 2, 3, 4) @ t.ones(2, 2, 5, 5),
    "matmul folded vector": lambda t, a, b, i, m: t.ones(2, 3, 4) @ t.ones(5),
    "matmul vector batch": lambda t, a, b, i, m: t.ones(4) @ t.ones(2, 3, 4),
    "matmul number": lambda t, a, b, i, m: t.tensor(1.0) @ a,
    "matmul dtype": lambda t, a, b, i, m: a @ t.ones(3, 2).double(),
    "matmul batch dtype": lambda t, a, b, i, m: t.ones(2, 3, 4) @ t.ones(2, 4, 5).double(),
    "bmm dims": lambda t, a, b, i, m: t.bmm(a, b),
    "bmm sizes": lambda t, a, b, i, m: t.bmm(t.ones(2, 3, 4), t.ones(2, 5, 5)),
    "dot dims": lambda t, a, b, i, m: t.dot(a, b),
    "dot dtype": lambda t, a, b, i, m: t.dot(t.ones(3), t.ones(3).double()),
    "mv": lambda t, a, b, i, m: t.mv(a, t.ones(4)),
    "mv dims": lambda t, a, b, i, m: t.mv(t.ones(3), a),
    "addmm expand": lambda t, a, b, i, m: t.addmm(t.ones(7), a, t.ones(3, 4)),
    "addmm": lambda t, a, b, i, m: t.addmm(t.ones(4), a, b),
    "addmm dtype": lambda t, a, b, i, m: t.addmm(t.ones(4).double(), a, t.ones(3, 4)),
    "addmm vector": lambda t, a, b, i, m: t.addmm(t.ones(4), a, t.ones(3)),
    "baddbmm expand": lambda t, a, b, i, m: t.baddbmm(t.ones(7), t.ones(2, 3, 4), t.ones(2, 4, 5)),
    "addmv": lambda t, a, b, i, m: t.addmv(t.ones(7), a, t.ones(3)),
    "outer": lambda t, a, b, i, m: t.outer(a, a),
    "inner": lambda t, a, b, i, m: t.inner(a, b),
    "einsum sizes": lambda t, a, b, i, m: t.einsum("ij,jk->ik", a, b),
    "einsum operands": lambda t, a, b, i, m: t.einsum("ij,jk->ik", a),
    "einsum rank": lambda t, a, b, i, m: t.einsum("ijk->i", a),
    "tensordot": lambda t, a, b, i, m: t.tensordot(a, b, 1),
    "cat sizes": lambda t, a, b, i, m: t.cat([a, b]),
    "cat dims": lambda t, a, b, i, m: t.cat([a, t.ones(2, 2, 2)]),
    "cat number": lambda t, a, b, i, m: t.cat([t.tensor(1.0)]),
    "stack": lambda t, a, b, i, m: t.stack([a, b]),
    "repeat": lambda t, a, b, i, m: a.repeat(2),
    "roll": lambda t, a, b, i, m: t.roll(a, (1, 2), (0,)),
    "rot90": lambda t, a, b, i, m: t.rot90(a, 1, [0, 0]),
    "diag": lambda t, a, b, i, m: t.diag(t.ones(1, 1, 1)),
    "tril": lambda t, a, b, i, m: t.tril(t.ones(3)),
    "trace": lambda t, a, b, i, m: t.trace(t.ones(3)),
    "gather dtype": lambda t, a, b, i, m: t.gather(a, 0, a),
    "gather sizes": lambda t, a, b, i, m: t.gather(a, 1, t.zeros(5, 1).long()),
    "gather dims": lambda t, a, b, i, m: t.gather(a, 1, t.zeros(5).long()),
    "gather dim": lambda t, a, b, i, m: t.gather(a, 3, i),
    "scatter sizes": lambda t, a, b, i, m: a.scatter(1, t.zeros(2, 5).long(), t.ones(2, 3)),
    "scatter dtype": lambda t, a, b, i, m: a.scatter(1, i, a.double()),
    "scatter index dtype": lambda t, a, b, i, m: a.scatter(1, a, 1.0),
    "index_select dims": lambda t, a, b, i, m: a.index_select(0, i),
    "index_select dtype": lambda t, a, b, i, m: a.index_select(0, t.zeros(1)),
    "index_add count": lambda t, a, b, i, m: a.index_add(0, t.tensor([0]), a),
    "masked_fill mask": lambda t, a, b, i, m: a.masked_fill(a, 1),
    "masked_fill sizes": lambda t, a, b, i, m: a.masked_fill(t.ones(2, 2) > 0, 1),
    "masked_fill value": lambda t, a, b, i, m: a.masked_fill(m, t.ones(2)),
    "masked_fill half": lambda t, a, b, i, m: a.half().masked_fill(m, -1e9),
    "masked_fill whole": lambda t, a, b, i, m: i.masked_fill(m, float("inf")),
    "bincount": lambda t, a, b, i, m: t.bincount(t.tensor([-1])),
    "repeats": lambda t, a, b, i, m: t.repeat_interleave(a, -1),
    "repeats size": lambda t, a, b, i, m: t.repeat_interleave(a, t.tensor([1, 2, 3]), dim=0),
    "allclose dtype": lambda t, a, b, i, m: t.allclose(a, a.double()),
    "in place size": lambda t, a, b, i, m: t.ones(3).add_(a),
    "in place dtype": lambda t, a, b, i, m: i.div_(2),
}


def error(library: Any, call: Callable) -> BaseException:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((RuntimeError, IndexError, TypeError, ValueError, NotImplementedError)) as caught:
            call(library, *_tensors(library))
    return caught.value


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    theirs, ours = error(torch, ERRORS[name]), error(torchlike, ERRORS[name])
    assert (type(ours), str(ours)) == (type(theirs), str(theirs))

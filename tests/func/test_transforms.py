"""Every transform against torch's own, on one table of functions, and in each other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.func.functions import CASES, Case

BATCH = 3


def _arrays(case: Case, rng: np.random.Generator, batch: int | None = None) -> list[np.ndarray]:
    lead = () if batch is None else (batch,)
    return [rng.standard_normal((*lead, *shape)) for shape in case.shapes]


def _numbers(tree: Any) -> list[np.ndarray]:
    if isinstance(tree, dict):
        return [n for v in tree.values() for n in _numbers(v)]
    if isinstance(tree, (tuple, list)):
        return [n for v in tree for n in _numbers(v)]
    return [np.asarray(tree.detach().numpy())]


def _same(found: Any, expected: Any) -> None:
    mine, theirs = _numbers(found), _numbers(expected)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


def _scalar(t: Any, case: Case) -> Any:
    """The case as a function with a scalar result."""

    def fn(*args: Any) -> Any:
        out = case.fn(t, *args)
        leaves = [out] if not isinstance(out, tuple) else [out[0], out[1]["b"]]
        return sum((leaf.sin() * leaf).sum() for leaf in leaves)

    return fn


def _cotangents(t: Any, out: Any) -> Any:
    def like(o: Any) -> Any:
        return t.arange(1.0, 1.0 + o.numel(), dtype=t.float64).reshape(o.shape)

    return like(out) if not isinstance(out, tuple) else (like(out[0]), {"b": like(out[1]["b"])})


def _run_vjp(t: Any, case: Case, args: list) -> Any:
    out, pull = t.func.vjp(lambda *a: case.fn(t, *a), *args)
    return out, pull(_cotangents(t, out))


def _tangents(args: list) -> tuple:
    return tuple(a.cos() for a in args)


def _run_linearize(t: Any, case: Case, args: list) -> Any:
    out, push = t.func.linearize(lambda *a: case.fn(t, *a), *args)
    return out, push(*_tangents(args))


def _all(case: Case) -> tuple[int, ...]:
    return tuple(range(len(case.shapes)))


TRANSFORMS = {
    "grad_and_value": lambda t, case, args: t.func.grad_and_value(_scalar(t, case), argnums=_all(case))(*args),
    "vjp": _run_vjp,
    "jvp": lambda t, case, args: t.func.jvp(lambda *a: case.fn(t, *a), tuple(args), _tangents(args)),
    "linearize": _run_linearize,
    "jacrev": lambda t, case, args: t.func.jacrev(lambda *a: case.fn(t, *a), argnums=_all(case))(*args),
    "jacfwd": lambda t, case, args: t.func.jacfwd(lambda *a: case.fn(t, *a), argnums=_all(case))(*args),
    "hessian": lambda t, case, args: t.func.hessian(_scalar(t, case))(*args),
}
BATCHED = {
    "vmap": lambda t, case, args: t.vmap(lambda *a: case.fn(t, *a))(*args),
    "vmap_grad": lambda t, case, args: t.vmap(t.func.grad(_scalar(t, case)))(*args),
    "grad_vmap": lambda t, case, args: t.func.grad(lambda *a: t.vmap(_scalar(t, case))(*a).sin().sum())(*args),
    "jvp_vmap": lambda t, case, args: t.func.jvp(t.vmap(_scalar(t, case)), tuple(args), _tangents(args)),
}


def _expected(run: Any, case: Case, arrays: list[np.ndarray]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's transforms warn of torch's own deprecated parts
        return run(torch, case, [torch.tensor(a) for a in arrays])


def _check(transform: str, cases: list[Case], rng: np.random.Generator) -> None:
    run, batch = (TRANSFORMS[transform], None) if transform in TRANSFORMS else (BATCHED[transform], BATCH)
    arrays = [_arrays(case, rng, batch) for case in cases]
    # All are recorded before the first is looked at: one program, and one compilation, for the whole table.
    found = [run(torchlike, case, [torchlike.tensor(a) for a in given]) for case, given in zip(cases, arrays, strict=True)]
    for case, mine, given in zip(cases, found, arrays, strict=True):
        try:
            _same(mine, _expected(run, case, given))
        except AssertionError as error:
            raise AssertionError(f"{transform} of {case.name}: {error}") from error


@pytest.mark.parametrize("transform", [*TRANSFORMS, *BATCHED])
def test_transform_agrees_with_torch(transform: str, rng: np.random.Generator):
    start = [*TRANSFORMS, *BATCHED].index(transform)
    _check(transform, CASES[start::17], rng)  # another part of the table for each; `-m full` takes all of it


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("transform", [*TRANSFORMS, *BATCHED])
def test_transform_agrees_with_torch_on_every_function(transform: str, rng: np.random.Generator):
    _check(transform, CASES, rng)

"""Samples of the core ops that join, multiply, order, read and write arrays; see `samples.py`."""

from __future__ import annotations

import numpy as np

from tests.ops.samples import SAMPLES, Draw, add

__all__ = ["SAMPLES"]

# --- products ----------------------------------------------------------------------------------------------------------

for _a, _b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)),
               ((3,), (5, 3, 4)), ((5, 2, 3), (3,)), ((5, 1, 2, 3), (4, 3, 2)), ((2, 0), (0, 3))):  # fmt: skip
    add("matmul", lambda r, a=_a, b=_b: (r.f(*a), r.f(*b)), sweep=_a == (2, 3))
add("matmul", lambda r: (r.c(2, 3), r.c(3, 4)))
add("matmul", lambda r: (r.i(2, 3), r.i(3, 4)))
add("mm", lambda r: (r.f(2, 3), r.f(3, 4)))
add("bmm", lambda r: (r.f(5, 2, 3), r.f(5, 3, 4)))
add("mv", lambda r: (r.f(2, 3), r.f(3)))
add("dot", lambda r: (r.f(3), r.f(3)))
add("vdot", lambda r: (r.c(3), r.c(3)))
add("outer", lambda r: (r.f(3), r.f(4)))
add("inner", lambda r: (r.f(2, 3), r.f(4, 3)))
add("inner", lambda r: (r.f(), r.f(4, 3)))
add("kron", lambda r: (r.f(2, 3), r.f(4, 2)))
_SHAPES = {
    "addmm": ((4,), (2, 3), (3, 4)), "addmv": ((2,), (2, 3), (3,)), "addr": ((2, 3), (2,), (3,)),
    "baddbmm": ((2, 4), (5, 2, 3), (5, 3, 4)), "addbmm": ((2, 4), (5, 2, 3), (5, 3, 4)),
}  # fmt: skip
for _name, _three in _SHAPES.items():
    add(_name, lambda r, s=_three: tuple(r.f(*shape) for shape in s))
    add(_name, lambda r, s=_three: tuple(r.f(*shape) for shape in s), beta=0.5, alpha=2.0, sweep=False)
    add(_name, lambda r, s=_three: tuple(r.f(*shape) for shape in s), beta=0, sweep=False)
for _equation, *_shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)), ("bij,bjk", (5, 2, 3), (5, 3, 4)), ("ii->i", (3, 3)), ("ij->ji", (2, 3)), ("ii", (3, 3)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)), ("i,j->ij", (2,), (3,)), ("ij,kj,lk->il", (2, 3), (4, 3), (5, 4)),
    ("b h n d, b h m d -> b h n m", (2, 3, 4, 5), (2, 3, 6, 5)), ("aB,Bc", (2, 3), (3, 4)), ("ij,ij->", (2, 3), (2, 3)),
    ("ij,j->ij", (2, 3), (1,)),
):  # fmt: skip
    add("einsum", lambda r, e=_equation, s=_shapes: (e, *(r.f(*shape) for shape in s)), sweep=_equation == "ij,jk->ik")
for _p in (2.0, 1.0, 3.0, float("inf")):
    add("cdist", lambda r: (r.f(5, 3), r.f(4, 3)), p=_p)
add("cdist", lambda r: (r.f(2, 30, 3), r.f(1, 4, 3)), sweep=False)
add("tensordot", lambda r: (r.f(2, 3, 4), r.f(3, 4, 5)))
add("tensordot", lambda r: (r.f(2, 3, 4), r.f(4, 5)), dims=1)
add("tensordot", lambda r: (r.f(2, 3), r.f(4, 5)), dims=0)
add("tensordot", lambda r: (r.f(2, 3, 4), r.f(4, 2, 5)), dims=([0, 2], [1, 0]))

# --- shapes ------------------------------------------------------------------------------------------------------------

add("cat", lambda r: ([r.f(2, 3), r.f(4, 3)],))
add("cat", lambda r: ([r.f(2, 3), r.f(2, 1), r.f(2, 0)], -1))
add("cat", lambda r: ([r.f(2, 3), r.i(2, 3)],), dim=1)
add("cat", lambda r: ([r.f(2, 3), r.f(0)],))
add("stack", lambda r: ([r.f(2, 3), r.f(2, 3)],))
add("stack", lambda r: ([r.f(2, 3), r.f(2, 3)],), dim=-1)
add("stack", lambda r: ([r.f(), r.f()],))
for _name in ("hstack", "vstack", "dstack", "column_stack"):
    add(_name, lambda r: ([r.f(3), r.f(3)],))
    add(_name, lambda r: ([r.f(3, 2), r.f(3, 2)],))
    add(_name, lambda r: ([r.f(), r.f()],))
add("block_diag", lambda r: (r.f(2, 3), r.f(2), r.f(1, 1)))
add("repeat", lambda r: (r.f(2, 3),), lambda t, x: x.repeat(2, 1, 3))
add("repeat", lambda r: (r.f(2, 3),), lambda t, x: x.repeat([2, 3]))
add("repeat", lambda r: (r.f(2, 3),), lambda t, x: x.repeat(0, 3))
add("tile", lambda r: (r.f(2, 3), (2,)))
add("tile", lambda r: (r.f(2, 3), (2, 1, 2)))
add("repeat_interleave", lambda r: (r.f(2, 3), 2))
add("repeat_interleave", lambda r: (r.f(2, 3), 2), dim=-2)
add("repeat_interleave", lambda r: (r.f(2, 3), r.i(3)), dim=1)
add("flip", lambda r: (r.f(2, 3), (0, -1)))
add("flip", lambda r: (r.f(2, 3),), lambda t, x: x.flip(1))
add("fliplr", lambda r: (r.f(2, 3),))
add("flipud", lambda r: (r.f(2, 3),))
add("roll", lambda r: (r.f(2, 3), 1))
add("roll", lambda r: (r.f(2, 3), (1, -2), (0, 1)))
add("roll", lambda r: (r.f(2, 3), 4), dims=-1)
for _name in ("tril", "triu"):
    add(_name, lambda r: (r.f(3, 4),))
    add(_name, lambda r: (r.f(2, 3, 4),), diagonal=-1)
for _offset in (0, 1, -2):
    add("diag", lambda r, o=_offset: (r.f(3), o))
    add("diag", lambda r, o=_offset: (r.f(3, 4), o))
    add("diagflat", lambda r, o=_offset: (r.f(2, 2), o))
    add("diag_embed", lambda r, o=_offset: (r.f(2, 3), o))
add("diag_embed", lambda r: (r.f(2, 3), 1, 0, 2))
add("diff", lambda r: (r.f(2, 5),))
add("diff", lambda r: (r.f(2, 5), 2, 0))
add("diff", lambda r: (r.f(2, 5),), lambda t, x: t.diff(x, prepend=x[:, :1], append=x))
add("trapezoid", lambda r: (r.f(2, 5),))
add("trapezoid", lambda r: (r.f(2, 5), r.f(5)))
add("trapezoid", lambda r: (r.f(2, 5),), dx=0.5, dim=0, sweep=False)
add("cumulative_trapezoid", lambda r: (r.f(2, 5),))

# --- order -------------------------------------------------------------------------------------------------------------

for _keywords in ({}, {"dim": 0}, {"descending": True}):
    add("sort", lambda r: (r.distinct(3, 4),), **_keywords)
    add("argsort", lambda r: (r.distinct(3, 4),), **_keywords)
add("sort", lambda r: (r.i(3, 20),), lambda t, x: t.sort(x, stable=True))
add("sort", lambda r: (r.i(3, 20),), lambda t, x: t.sort(x, stable=True, descending=True))
add("sort", lambda r: (r.values(1, np.nan, -np.inf, np.inf, np.nan),), grad=False, sweep=False)
add("sort", lambda r: (r.values(1, np.nan, -np.inf, np.inf, np.nan),), descending=True, stable=True, grad=False, sweep=False)
add("sort", lambda r: (r.f(),))
add("msort", lambda r: (r.f(3, 4),))
add("topk", lambda r: (r.distinct(3, 7), 3))
add("topk", lambda r: (r.distinct(3, 7), 2), dim=0, largest=False)
add("topk", lambda r: (r.values(1, np.nan, -np.inf, np.inf, 3), 3), grad=False, sweep=False)
add("topk", lambda r: (r.values(1, np.nan, -np.inf, np.inf, 3), 4), largest=False, grad=False, sweep=False)
add("topk", lambda r: (r.f(), 1))
add("kthvalue", lambda r: (r.distinct(3, 7), 3))
add("kthvalue", lambda r: (r.distinct(3, 7), 2), dim=0, keepdim=True)
for _name in ("median", "nanmedian"):
    add(f"{_name}_all", lambda r: (r.distinct(3, 4),), lambda t, x, name=_name: getattr(t, name)(x))
    add(f"{_name}_all", lambda r: (r.values(1, 2, 2, 3),), lambda t, x, name=_name: getattr(t, name)(x))
    _whole, _along = (lambda t, x, name=_name: getattr(t, name)(x)), (lambda t, x, name=_name: getattr(t, name)(x, 0))
    add(f"{_name}_all", lambda r: (r.values(1, np.nan, 2, 3),), _whole, grad=False, sweep=False)
    add(f"{_name}_dim", lambda r: (r.distinct(3, 4),), lambda t, x, name=_name: getattr(t, name)(x, 1))
    add(f"{_name}_dim", lambda r: (r.distinct(3, 4),), lambda t, x, name=_name: getattr(t, name)(x, 0, keepdim=True))
    add(f"{_name}_dim", lambda r: (r.values(1, np.nan, 2, 3),), _along, grad=False, sweep=False)
add("mode", lambda r: (r.i(3, 20),), lambda t, x: t.mode(x, 1)[0])
add("mode", lambda r: (r.distinct(3, 7),), dim=0)
for _name in ("quantile", "nanquantile"):
    add(_name, lambda r: (r.f(3, 5), 0.3))
    add(_name, lambda r: (r.f(3, 5), r.f(4, low=0, high=1)), lambda t, x, q, name=_name: getattr(t, name)(x, q.detach(), 1))
    for _how in ("linear", "lower", "higher", "midpoint", "nearest"):
        add(_name, lambda r: (r.f(3, 6), 0.7), dim=0, keepdim=True, interpolation=_how)
    add(_name, lambda r: (r.values(3, np.nan, 1, 2), 0.4), grad=False)
for _right in (False, True):
    add("searchsorted", lambda r: (np.sort(r.i(6)), r.i(3, 4)), right=_right)
    add("searchsorted", lambda r: (np.sort(r.i(3, 6)), r.i(3, 4)), right=_right, out_int32=True)
    add("bucketize", lambda r: (r.i(3, 4), np.sort(r.i(6))), right=_right)
add("searchsorted", lambda r: (np.arange(6.0), 2.5), side="right")
add("searchsorted", lambda r: (np.array([3, 1, 2]), r.i(4)), lambda t, s, x: t.searchsorted(s, x, sorter=t.argsort(s)))

# --- indices and masks -------------------------------------------------------------------------------------------------

add("gather", lambda r: (r.f(3, 4), 1, r.i(3, 6, high=4)))
add("gather", lambda r: (r.f(3, 4), 0, r.i(5, 2, high=3)))
add("gather", lambda r: (r.f(3, 4, 2), -1, r.i(2, 3, 5, high=2)))
add("gather", lambda r: (r.f(), 0, r.i(2, high=1)))
add("gather", lambda r: (r.f(3, 4), 1, r.i(3, 0)))
add("take_along_dim", lambda r: (r.f(3, 4), r.i(1, 6, high=4)), dim=1)
add("take_along_dim", lambda r: (r.f(3, 4), r.i(6, high=12)))
add("index_select", lambda r: (r.f(3, 4), 1, r.i(6, high=4)))
add("index_select", lambda r: (r.f(3, 4), -2, r.i(2, high=3).astype(np.int32)))
add("take", lambda r: (r.f(3, 4), r.i(2, 5, low=-12, high=12)))


def _places(r: Draw) -> np.ndarray:
    """No place twice in a row, so that the last writer is not in doubt."""
    return np.stack([r.rng.permutation(5)[:4] for _ in range(3)])


add("scatter", lambda r: (r.f(3, 5), 1, _places(r), r.f(3, 4)))
add("scatter", lambda r: (r.f(4, 5), 1, _places(r), r.f(6, 7)))
for _reduce in ("add", "multiply"):
    add("scatter", lambda r: (r.f(3, 5), 1, _places(r), r.f(3, 4)), reduce=_reduce, grad=False)
add("scatter_value", lambda r: (r.f(3, 5), 1, _places(r), 2.5), lambda t, *a: t.scatter(*a))
add("scatter_value", lambda r: (r.i(3, 5), 1, _places(r), 2.5), lambda t, *a: t.scatter(*a))
add("scatter_value", lambda r: (r.f(3, 5), 1, _places(r)), lambda t, *a: t.scatter(*a, value=2, reduce="multiply"), grad=False)
add("scatter_add", lambda r: (r.f(3, 5), 1, r.i(3, 7), r.f(3, 7)))
add("scatter_add", lambda r: (r.f(3, 5), 0, r.i(6, 2, high=3), r.f(6, 4)))
for _reduce in ("sum", "mean", "prod", "amax", "amin"):
    for _include in (True, False):
        add("scatter_reduce", lambda r, m=_reduce: (r.f(3, 5), 1, r.i(3, 7), r.f(3, 7), m), include_self=_include)
        if _reduce != "sum":
            add("index_reduce", lambda r, m=_reduce: (r.f(5, 3), 0, r.i(7), r.f(7, 3), m), include_self=_include, sweep=False)
add("scatter_reduce", lambda r: (r.values(0, 2, 3), 0, np.array([0, 1, 1, 2]), r.values(4, 0, 5, 6), "prod"), sweep=False)
add("index_add", lambda r: (r.f(3, 5), 1, r.i(7), r.f(3, 7)))
add("index_add", lambda r: (r.f(3, 5), 0, r.i(2, high=3), r.f(2, 5)), alpha=0.5, sweep=False)
add("index_copy", lambda r: (r.f(5, 3), 0, np.array([4, 0]), r.f(2, 3)))
add("index_fill", lambda r: (r.f(5, 3), 0, np.array([4, -5]), 2.5))
add("index_fill", lambda r: (r.f(5, 3), 1, np.array([1]), 2))
add("masked_fill", lambda r: (r.f(3, 4), r.b(4), 2.5))
add("masked_fill", lambda r: (r.f(3, 4), r.b(3, 1), -np.inf), sweep=False)
add("masked_fill", lambda r: (r.f(3, 4), r.b(3, 4), r.f()))
add("masked_fill", lambda r: (r.f(4), r.b(3, 4), 1))
add("masked_scatter", lambda r: (r.f(3, 4), r.b(3, 4), r.f(12)))
add("masked_scatter", lambda r: (r.f(3, 4), r.b(4), r.f(3, 4)))
add("put", lambda r: (r.f(3, 4), np.array([0, -1, 5]), r.f(3)))
add("put", lambda r: (r.f(3, 4), np.array([0, 0, 5]), r.f(3)), accumulate=True)
add("bincount", lambda r: (r.i(9),))
add("bincount", lambda r: (r.i(9), r.f(9)), minlength=8, grad=False, sweep=False)
add("histc", lambda r: (r.f(30),), bins=4, grad=False)
add("histc", lambda r: (r.f(30),), bins=5, min=-1, max=1, grad=False)
add("histogram_edges", lambda r: (r.f(30),), call=lambda m, x: m.histogram(x, 4).bin_edges, grad=False)
add("histogram_counts", lambda r: (r.f(30),), call=lambda m, x: m.histogram(x, 4, density=True).hist, grad=False)
add(
    "histogram_counts",
    lambda r: (r.f(10, 2), r.f(10)),
    call=lambda m, x, w: m.histogramdd(x, [2, 3], weight=w).hist,
    grad=False,
)

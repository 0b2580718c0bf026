"""Every row of the core families against real torch: values, shapes, dtypes, gradients, in-place forms, special numbers."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ops.samples import BINARY, NO_GRAD, UNARY, Draw, Floats, Sample
from tests.ops.samples_arrays import SAMPLES
from tests.tolerances import assert_close
from torchlike.ops.registry import OPS

_FAMILIES = ("elementwise", "arithmetic", "special", "compare", "reduce", "moments", "extremes",
             "histogram", "matmul", "shape", "sort", "scatter", "mask")  # fmt: skip
FAMILIES = {f"torchlike.ops.{family}" for family in _FAMILIES}
ROWS = sorted(row.name for row in OPS if row.fn.__module__ in FAMILIES)
SWEEP = ("bfloat16", "float16", "int64", "uint8", "bool", "complex64")

# Where the two differ on purpose: (row, dtype) -> why.
DIFFERENT: dict[tuple[str, str], str] = {
    ("add", "bool"): "a number for alpha takes part in promotion here",
    ("complex", "float16"): "there is no complex32",
    ("polar", "float16"): "there is no complex32",
    ("trapezoid", "uint8"): "torch adds in uint8, which wraps; we promote first",
    ("cumulative_trapezoid", "uint8"): "as trapezoid",
}


def convert(value: Any, library: Any, dtype: str, grad: bool = False) -> Any:
    """Arrays to tensors of `library`; those whose dtype may vary to `dtype` ("float64 of bfloat16": rounded, then widened)."""
    if isinstance(value, list):
        return [convert(v, library, dtype, grad) for v in value]
    if not isinstance(value, np.ndarray):
        return value
    plain = np.asarray(value)
    if isinstance(value, Floats):
        plain = plain.view(np.ndarray)
        if dtype in ("int64", "int32", "uint8"):
            plain = np.round((plain - plain.min(initial=0) if dtype == "uint8" else plain) * 3)
        if dtype == "bool":
            plain = plain > 0
        if dtype.startswith("complex"):
            plain = plain + 0.5j * plain[..., ::-1] if plain.ndim else plain + 0.5j
        made = library.tensor(plain.tolist(), dtype=getattr(library, dtype.split(" of ")[-1])).reshape(plain.shape)
        made = made.double() if " of " in dtype else made
        return made.detach().requires_grad_() if grad else made
    if plain.dtype.kind == "c":
        plain = plain.astype(np.complex128 if dtype == "float64" else np.complex64)
        made = library.from_numpy(plain)
        return made.requires_grad_() if grad else made
    return library.from_numpy(np.array(plain))


def run(name: str, sample: Sample, library: Any, dtype: str, grad: bool = False, suffix: str = "") -> tuple[list, list]:
    """Call the sample in one library; returns its tensors and its results."""
    args = [convert(a, library, dtype, grad) for a in sample.build(Draw())]
    leaves = [x for a in args for x in (a if isinstance(a, list) else [a]) if isinstance(x, library.Tensor) and x.requires_grad]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if suffix:
            out = getattr(args[0], name + suffix)(*args[1:], **sample.keywords)
        elif sample.call:
            out = sample.call(library, *args, **sample.keywords)
        else:
            out = getattr(library, name)(*args, **sample.keywords)
    return leaves, list(out) if isinstance(out, (tuple, list)) else [out]


def array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    tensor = tensor.float() if kind(tensor) in ("bfloat16", "float16") else tensor
    # torch has lazy conjugates and zeros that it must be forced to compute.
    return tensor.numpy(force=True) if isinstance(tensor, torch.Tensor) else tensor.numpy()


def kind(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def compare(ours: list, theirs: list, dtype: str, what: str, exact: list | None = None) -> None:
    assert len(ours) == len(theirs), what
    for a, b, c in zip(ours, theirs, exact or [None] * len(ours), strict=True):
        assert kind(a) == kind(b), f"{what}: dtype {kind(a)}, torch has {kind(b)}"
        assert tuple(a.shape) == tuple(b.shape), f"{what}: shape {tuple(a.shape)}, torch has {tuple(b.shape)}"
        inner = dtype if kind(b) in ("float64", "complex128") and dtype in ("float16", "bfloat16") else kind(b)
        assert_close(array(a), array(b), inner, what, None if c is None else array(c))


def describe(name: str, at: int, dtype: str) -> str:
    return f"{name}, sample {at} {SAMPLES[name][at].keywords or ''} {dtype}"


def test_every_row_has_samples() -> None:
    assert not set(ROWS) - set(SAMPLES), "rows without a sample"
    assert not set(SAMPLES) - set(ROWS), "samples without a row"


@pytest.mark.parametrize("name", ROWS)
def test_forward(name: str) -> None:
    # float64 is compared along with its gradient.
    cases = [(at, s, d) for at, s in enumerate(SAMPLES[name]) for d in ("float32", "float64") if d == "float32" or not s.grad]
    ours = [run(name, s, torchlike, d)[1] for _, s, d in cases]  # all recorded before the first is read
    for (at, sample, dtype), out in zip(cases, ours, strict=True):
        compare(out, run(name, sample, torch, dtype)[1], dtype, describe(name, at, dtype))


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", ROWS)
def test_gradient(name: str) -> None:
    pairs = []
    for at, sample in enumerate(SAMPLES[name]):
        if not sample.grad:
            continue
        leaves, outs = run(name, sample, torch, "float64", grad=True)
        if any(x.requires_grad for x in outs):
            try:
                theirs = pull(torch, leaves, outs)
            except RuntimeError:  # torch fails on its own result
                continue
            our_leaves, our_outs = run(name, sample, torchlike, "float64", grad=True)
            pairs.append((at, theirs, pull(torchlike, our_leaves, our_outs), outs, our_outs))
    for at, theirs, ours, outs, our_outs in pairs:
        compare(our_outs, outs, "float64", describe(name, at, "float64"))
        for a, b in zip(ours, theirs, strict=True):
            assert_close(array(a), array(b), "float64", f"gradient of {describe(name, at, 'float64')}")


def pull(library: Any, leaves: list, outs: list) -> list:
    """Gradients of the leaves under fixed cotangents; zeros where there is none."""
    rng = np.random.default_rng(3)
    smooth = [x for x in outs if x.requires_grad]
    cotangents = []
    for x in smooth:
        weights = rng.normal(size=tuple(x.shape)) + (1j * rng.normal(size=tuple(x.shape)) if "complex" in kind(x) else 0)
        cotangents.append(library.from_numpy(np.asarray(weights)).to(x.dtype))
    found = library.autograd.grad(smooth, leaves, cotangents, allow_unused=True)
    return [library.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, found, strict=True)]


@pytest.mark.sampled(0.3)
@pytest.mark.parametrize("name", ROWS)
def test_dtypes(name: str) -> None:
    """What torch computes in another dtype, we compute too, with the same result type."""
    cases = []
    for at, sample in enumerate(SAMPLES[name]):
        if not sample.sweep or not any(isinstance(x, Floats) for x in flat(sample.build(Draw()))):
            continue
        for dtype in SWEEP:
            if (name, dtype) in DIFFERENT:
                continue
            try:
                theirs = run(name, sample, torch, dtype)[1]
            except (RuntimeError, TypeError, NotImplementedError, IndexError):
                continue
            exact = run(name, sample, torch, f"float64 of {dtype}")[1] if dtype.endswith("float16") else None
            cases.append((at, dtype, theirs, run(name, sample, torchlike, dtype)[1], exact))
    for at, dtype, theirs, ours, exact in cases:
        compare(ours, theirs, dtype, describe(name, at, dtype), exact)


def flat(values: Any) -> list:
    return [x for v in values for x in (v if isinstance(v, list) else [v])]


@pytest.mark.parametrize("name", [n for n in ROWS if OPS[n].inplace and hasattr(torch.Tensor, f"{n}_")])
def test_inplace(name: str) -> None:
    cases = []
    for at, sample in enumerate(SAMPLES[name]):
        if not isinstance(sample.build(Draw())[0], np.ndarray) or sample.call:
            continue
        try:
            theirs = run(name, sample, torch, "float32", suffix="_")[1]
        except RuntimeError:
            continue
        cases.append((at, theirs, run(name, sample, torchlike, "float32", suffix="_")[1]))
    for at, theirs, ours in cases:
        compare(ours, theirs, "float32", f"in place: {describe(name, at, 'float32')}")


# --- special numbers ---------------------------------------------------------------------------------------------------

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -3.5, 1e-30, 1e30, float("inf"), float("-inf"), float("nan")]
# Gradients that torch leaves to chance or computes as nan where the limit is plain.
EDGE_GRADIENTS_DIFFER: dict[str, str] = {
    "rsqrt": "the sign of the infinity at -0",
    "logit": "the sign of the infinity at -0: torch's vector and scalar kernels differ, so the length of the tensor decides",
    "digamma": "at the pole 0, where torch gives inf, ours is nan",
    "lgamma": "at the pole 0, where torch gives -inf or inf, ours is nan",
    "remainder": "of an infinite number: torch gives nan, ours is infinite",
    "copysign": "of an infinite number torch gives nan, ours is 1 or -1",
    **dict.fromkeys(NO_GRAD, "torch has none"),
}
PAIRS = np.array(list(itertools.product(EDGES, EDGES)))


def edges(library: Any, name: str, *columns: Any) -> tuple:
    leaves = [library.tensor(np.asarray(c).tolist(), dtype=library.float64, requires_grad=True) for c in columns]
    out = getattr(library, name)(*leaves)
    grads: Any = ()
    if out.requires_grad and name not in EDGE_GRADIENTS_DIFFER:
        grads = library.autograd.grad(out, leaves, library.ones_like(out), allow_unused=True)
    return out, grads


def compare_edges(name: str, *columns: Any) -> None:
    theirs, their_grads = edges(torch, name, *columns)
    ours, our_grads = edges(torchlike, name, *columns)
    assert_close(array(ours), array(theirs), "float64", f"{name} of {columns[0] if len(columns) == 1 else 'PAIRS'}")
    for a, b in zip(our_grads, their_grads, strict=False):
        if b is not None:
            assert_close(array(a), array(b), "float64", f"gradient of {name}")


@pytest.mark.parametrize("name", UNARY)
def test_edges_of_one(name: str) -> None:
    compare_edges(name, EDGES)


@pytest.mark.parametrize("name", [*(n for n in BINARY if n not in ("sub", "rsub", "isclose")), "pow", "xlogy"])
def test_edges_of_two(name: str) -> None:
    compare_edges(name, PAIRS[:, 0], PAIRS[:, 1])

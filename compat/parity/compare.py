"""Whether two results agree: structure, shapes, dtypes, values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import torchlike

from .translate import array

# (relative, absolute): what torch.testing.assert_close takes by default. Whole numbers and bools must be equal.
TOLERANCES = {
    "float64": (1e-7, 1e-7),
    "complex128": (1e-7, 1e-7),
    "float32": (1.3e-6, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
}


class Mismatch(Exception):
    """What differs, in words."""


def kind(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def compare(
    ours: Any, theirs: Any, reference: Callable[[], Any] | None = None, values: bool = True, where: str = "result",
    by_largest: bool = False,
) -> None:  # fmt: skip
    """Raise Mismatch unless the results agree.

    Args:
        by_largest: errors of float32 and complex64 are judged against the largest element, not each against its own: what
            is a sum over many elements (gradients, transforms, decompositions) has rounding errors of that size.
        reference: gives the same result computed in float64. Where the values differ, being as close to it as torch passes.
        values: False where elements are arbitrary (`empty`).
    """
    if isinstance(theirs, torch.Tensor):
        if not isinstance(ours, torchlike.Tensor):
            raise Mismatch(f"{where} is a {type(ours).__name__}, torch's a tensor")
        _tensors(ours, theirs, reference, values, where, by_largest)
    elif isinstance(theirs, (list, tuple)):
        if not isinstance(ours, (list, tuple)) or len(ours) != len(theirs):
            raise Mismatch(f"{where} is {_shown(ours)}, torch's a {type(theirs).__name__} of {len(theirs)}")
        if getattr(theirs, "_fields", None) != getattr(ours, "_fields", None) and hasattr(theirs, "_fields"):
            raise Mismatch(f"{where} has no fields {theirs._fields}")
        parts = _parts(reference, len(theirs))
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            compare(a, b, parts[i], values, f"{where}[{i}]", by_largest)
    elif isinstance(theirs, dict):
        if not isinstance(ours, dict) or set(ours) != set(theirs):
            raise Mismatch(f"{where} is {_shown(ours)}, torch's has the keys {sorted(theirs)}")
        for key in theirs:
            part = None if reference is None else lambda key=key: reference()[key]
            compare(ours[key], theirs[key], part, values, f"{where}[{key!r}]", by_largest)
    elif isinstance(theirs, torch.dtype):
        if str(ours) != str(theirs):
            raise Mismatch(f"{where} is {ours}, torch's {theirs}")
    elif values and isinstance(theirs, (bool, int, float, complex)):
        if type(ours) is not type(theirs) or not np.isclose(ours, theirs, rtol=1e-6, equal_nan=True):
            raise Mismatch(f"{where} is {ours!r}, torch's {theirs!r}")
    elif values and not isinstance(theirs, torch.layout) and ours != theirs:
        raise Mismatch(f"{where} is {ours!r}, torch's {theirs!r}")


def _parts(reference: Callable[[], Any] | None, n: int) -> list[Callable[[], Any] | None]:
    if reference is None:
        return [None] * n
    return [lambda i=i: reference()[i] for i in range(n)]  # type: ignore[misc]  # a default argument binds i


def _shown(value: Any) -> str:
    size = f" of {len(value)}" if isinstance(value, (list, tuple, dict)) else ""
    return f"a {type(value).__name__}{size}"


def _tensors(
    ours: Any, theirs: torch.Tensor, reference: Callable[[], Any] | None, values: bool, where: str, by_largest: bool
) -> None:
    if theirs.layout is not torch.strided:
        if str(ours.layout) != str(theirs.layout):
            raise Mismatch(f"{where} has layout {ours.layout}, torch's {theirs.layout}")
        ours, theirs = ours.detach().to_dense(), theirs.detach().to_dense()
    if kind(ours) != kind(theirs):
        raise Mismatch(f"{where} is {kind(ours)}, torch's {kind(theirs)}")
    if tuple(ours.shape) != tuple(theirs.shape):
        raise Mismatch(f"{where} has shape {tuple(ours.shape)}, torch's {tuple(theirs.shape)}")
    if not values or theirs.device.type == "meta":
        return
    a, b = _wide(array(ours)), _wide(array(theirs))
    rtol, atol = TOLERANCES.get(kind(theirs), (0.0, 0.0))
    if by_largest and kind(theirs) in ("float32", "complex64"):
        atol += rtol * float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    near = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True) if rtol else np.asarray(a == b)
    if near.all():
        return
    if reference is not None and rtol:
        exact = reference()
        if isinstance(exact, torch.Tensor) and exact.shape == theirs.shape and _closer(a, b, _wide(array(exact)), rtol, atol):
            return
    worst = tuple(int(i) for i in np.argwhere(~near)[0])
    mine, torchs = a[worst].item(), b[worst].item()
    raise Mismatch(
        f"{where} differs in {int((~near).sum())} of {near.size} elements, first at {worst}: {mine}, torch's {torchs}"
    )


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype.kind not in "fciub" or (x.dtype.itemsize < 4 and x.dtype.kind == "f") else x


def _closer(ours: np.ndarray, theirs: np.ndarray, exact: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether our worst error, in units of the tolerance, is at most torch's (or within the tolerance itself)."""
    with np.errstate(all="ignore"):
        if not (np.isfinite(ours) == np.isfinite(theirs)).all() or not np.isfinite(exact[np.isfinite(theirs)]).all():
            return False
        there = np.isfinite(theirs)
        if not np.array_equal(ours[~there], theirs[~there], equal_nan=True):
            return False
        scale = atol + rtol * np.abs(exact[there])
        errors = [np.max(np.abs(x[there] - exact[there]) / scale, initial=0.0) for x in (ours, theirs)]
    return bool(errors[0] <= max(errors[1], 1.0))

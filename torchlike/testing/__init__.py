"""`torch.testing.assert_close`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.tensor.from_data import tensor as _tensor

__all__ = ["assert_allclose", "assert_close"]

_TOLERANCES = {  # relative, absolute
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The older `assert_close`: numbers, arrays and tensors of any dtypes; NaNs are equal."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please use "
        "`torch.testing.assert_close()` instead.",
        FutureWarning,
        stacklevel=2,
    )
    if not isinstance(actual, Tensor):
        actual = _tensor(actual)
    if not isinstance(expected, Tensor):
        expected = _tensor(expected, dtype=actual.dtype)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Check that two tensors, numbers, or containers of them agree to `atol + rtol * |expected|`.

    Tolerances are those of the dtype (the looser one of the two) unless both are given.

    Raises:
        AssertionError: if they do not; it says by how much. ValueError: if only one tolerance is given.
    """
    if (rtol is None) != (atol is None):
        raise ValueError(f"Either both `rtol` and `atol` should be specified or none of them, got {rtol=} and {atol=}")
    options = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_device": check_device, "check_dtype": check_dtype,
               "check_stride": check_stride}  # fmt: skip
    found = _difference(actual, expected, "", options)
    if found:
        raise AssertionError(msg(found) if callable(msg) else msg or found)


def _difference(actual: Any, expected: Any, where: str, options: dict) -> str | None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if set(actual) != set(expected):
            return f"The keys of the mappings do not match{where}: {list(actual)} != {list(expected)}"
        parts = [(actual[k], expected[k], f" at {k!r}{where}") for k in actual]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch{where}: {len(actual)} != {len(expected)}"
        parts = [(a, e, f" at {i}{where}") for i, (a, e) in enumerate(zip(actual, expected, strict=True))]
    else:
        return _pair(actual, expected, where, options)
    return next(filter(None, (_difference(*part, options) for part in parts)), None)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _pair(actual: Any, expected: Any, where: str, options: dict) -> str | None:
    if actual is None and expected is None:
        return None
    numbers = not (isinstance(actual, Tensor) or isinstance(expected, Tensor))
    try:
        a, e = (v if isinstance(v, Tensor) else _tensor(v) for v in (actual, expected))
    except (TypeError, ValueError):
        return None if actual == expected else f"{actual!r} != {expected!r}{where}"
    if a.shape != e.shape:
        return f"The values for attribute 'shape' do not match{where}: {a.shape} != {e.shape}."
    for name in ("device", "dtype"):
        if options[f"check_{name}"] and not numbers and getattr(a, name) != getattr(e, name):
            return f"The values for attribute {name!r} do not match{where}: {getattr(a, name)} != {getattr(e, name)}."
    if options["check_stride"] and a.stride() != e.stride():
        return f"The values for attribute 'stride()' do not match{where}: {a.stride()} != {e.stride()}."
    return _values(a, e, where, options)


def _values(a: Tensor, e: Tensor, where: str, options: dict) -> str | None:
    known = [_TOLERANCES.get(t.dtype.name, (0.0, 0.0)) for t in (a, e)]
    rtol = max(k[0] for k in known) if options["rtol"] is None else options["rtol"]
    atol = max(k[1] for k in known) if options["atol"] is None else options["atol"]
    wide = np.complex128 if a.is_complex() or e.is_complex() else np.float64
    exact = not any(t.is_floating_point() or t.is_complex() for t in (a, e)) and not rtol and not atol
    x, y = (t.detach().cpu()._read().numpy() for t in (a, e))
    if not exact:
        x, y = x.astype(wide), y.astype(wide)
    good = x == y if exact else np.isclose(x, y, rtol, atol, options["equal_nan"])
    if good.all():
        return None
    with np.errstate(all="ignore"):
        distance = np.abs(x.astype(wide) - y.astype(wide))
        relative = distance / np.abs(y.astype(wide))
    kind = "Scalars" if a.ndim == 0 else "Tensor-likes"
    return (
        f"{kind} are not close{where}!\n\nMismatched elements: {np.sum(~good)} / {good.size} ({np.mean(~good):.1%})\n"
        f"Greatest absolute difference: {np.max(distance)} (up to {atol} allowed)\n"
        f"Greatest relative difference: {np.max(relative)} (up to {rtol} allowed)"
    )


__getattr__ = absent("torch.testing")

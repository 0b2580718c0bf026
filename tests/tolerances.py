"""How close is close: one place for the tolerances of all tests."""

from __future__ import annotations

from typing import Any

import numpy as np

# (relative, absolute) per dtype name. Results go through different libraries' polynomials and summation orders.
TOLERANCES: dict[str, tuple[float, float]] = {
    "float64": (1e-9, 1e-11),
    "complex128": (1e-9, 1e-11),
    "float32": (2e-5, 2e-6),
    "complex64": (5e-5, 5e-6),
    "float16": (2e-3, 1e-3),
    "bfloat16": (1.6e-2, 1e-2),
}


def tolerance(dtype: str) -> tuple[float, float]:
    """`(rtol, atol)` of a dtype's name; whole numbers and bools must be equal."""
    return TOLERANCES.get(dtype, (0.0, 0.0))


def assert_close(actual: Any, expected: Any, dtype: str, what: str = "", reference: Any = None) -> None:
    """Compare two numpy arrays by the tolerance of `dtype`; nan equals nan.

    Args:
        actual, expected: ours and torch's result, 16-bit floats already widened.
        dtype: the name of the dtype that both were computed in.
        what: says what was compared, for the message.
        reference: the same in float64, if at hand: where both differ, being as close to it as torch is passes.
    """
    assert np.shape(actual) == np.shape(expected), f"{what}: shape {np.shape(actual)}, torch has {np.shape(expected)}"
    rtol, atol = tolerance(dtype)
    if reference is not None:
        with np.errstate(all="ignore"):
            ours, theirs = (np.abs(np.asarray(x, np.complex128) - reference) for x in (actual, expected))
        if np.all(ours <= theirs):
            return
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True, err_msg=what)

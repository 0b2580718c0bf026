"""Run the same code with torchlike and with real torch, and compare what comes out, errors included."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike


def plain(value: Any) -> Any:
    """`value` as something that can be compared between the two libraries."""
    if hasattr(value, "detach"):
        array = value.detach().numpy()
        return ("tensor", str(value.dtype), array.shape, array)
    if hasattr(value, "named_parameters"):
        return ("module", repr(value), [(k, plain(v)) for k, v in value.state_dict().items()])
    if isinstance(value, dict):
        return [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, BaseException):
        return (type(value).__name__, str(value).replace("torchlike.", "torch."))
    if isinstance(value, str | int | float | bool | None):
        return value
    return repr(value).replace("torchlike.", "torch.")


def assert_same(ours: Any, theirs: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    if isinstance(theirs, tuple) and theirs and theirs[0] == "tensor":
        assert ours[:3] == theirs[:3]
        np.testing.assert_allclose(ours[3].astype(np.float64), theirs[3].astype(np.float64), rtol=rtol, atol=atol)
    elif isinstance(theirs, list | tuple):
        assert isinstance(ours, list | tuple)
        assert "raised" not in (*ours[:1], *theirs[:1]) or ours == theirs, f"{str(ours)[:400]} is not {str(theirs)[:400]}"
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, rtol, atol)
    else:
        assert ours == theirs


def outcome(code: Callable[[Any], Any], library: Any) -> Any:
    """What `code(library)` gives or raises, and the text of its warnings."""
    library.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(code(library))
        except Exception as error:
            result = ("raised", plain(error))
    return result, [(w.category.__name__, str(w.message)) for w in caught]


@pytest.fixture
def same() -> Callable[..., None]:
    """`same(code)`: `code(torchlike)` and `code(torch)` agree in values, types, errors and warnings."""

    def check(code: Callable[[Any], Any], rtol: float = 1e-5, atol: float = 1e-6) -> None:
        ours, our_warnings = outcome(code, torchlike)
        theirs, their_warnings = outcome(code, torch)
        assert_same(ours, theirs, rtol, atol)
        assert our_warnings == their_warnings

    return check

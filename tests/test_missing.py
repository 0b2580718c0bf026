"""What an error about a missing API says: its name in torch, what to do instead, and the user's line."""

from __future__ import annotations

import pytest

import torchlike as torch


def test_missing_api() -> None:
    with pytest.raises(NotImplementedError) as caught:
        torch.utils.cpp_extension.load("x")
    first, second = str(caught.value).splitlines()
    assert (
        first
        == "torchlike has no torch.utils.cpp_extension: write the operator in Python, or in JAX with torchlike.func.from_jax"
    )
    assert second.startswith(f"  asked for at {__file__}:")
    assert second.endswith(': torch.utils.cpp_extension.load("x")')
    assert not hasattr(torch, "no_such_name")

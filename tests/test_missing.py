"""What an error about a missing API says: its name in torch, what to do instead, and the user's line."""

from __future__ import annotations

from typing import Any

import pytest
import torch as reference

import torchlike as torch
from torchlike.base.advice import ADVICE

# Modules that exist, and of which the advice speaks about what they lack.
PARTIAL = {"torch.autograd.profiler.", "torch.backends.cudnn.", "torch.cuda.", "torch.utils.cpp_extension."}


def test_missing_api() -> None:
    with pytest.raises(NotImplementedError) as caught:
        torch.cuda.caching_allocator_alloc(16)
    first, second = str(caught.value).splitlines()
    advice = "leave it out, or ask torch.accelerator: XLA manages streams, memory and kernels"
    assert first == f"torchlike has no torch.cuda.caching_allocator_alloc: {advice}"
    assert second.startswith(f"  asked for at {__file__}:")
    assert second.endswith(": torch.cuda.caching_allocator_alloc(16)")
    assert not hasattr(torch, "no_such_name")


def _resolve(root: Any, name: str) -> Any:
    for part in name.split(".")[1:]:
        root = getattr(root, part, None)
    return root


@pytest.mark.parametrize("row", ADVICE)
def test_advice_is_about_what_is_missing(row: str) -> None:
    """No row advises against what exists: neither by name, nor as a whole module."""
    space, _, beginning = row.rstrip(".").rpartition(".") if row.endswith("_") else (row.rstrip("."), "", "")
    ours, theirs = _resolve(torch, space), _resolve(reference, space)
    assert ours is None or row.endswith("_") or row in PARTIAL
    names = [name for name in dir(theirs) if name.startswith(beginning)]
    assert row == "torch.utils.cpp_extension." or any(not hasattr(ours, name) for name in names)

"""What an error about a missing API says: its name in torch, what to do instead, and the user's line."""

from __future__ import annotations

import pytest

import torchlike as torch


def test_missing_api() -> None:
    with pytest.raises(NotImplementedError) as caught:
        torch.cuda.nvtx.range_push("x")
    first, second = str(caught.value).splitlines()
    assert first == "torchlike has no torch.cuda.nvtx: use torch.profiler.record_function"
    assert second.startswith(f"  asked for at {__file__}:")
    assert second.endswith(': torch.cuda.nvtx.range_push("x")')
    assert not hasattr(torch, "no_such_name")

"""What an error about a missing API says: its name in torch, what to do instead, and the user's line."""

from __future__ import annotations

import pytest

import torchlike as torch


def test_missing_api() -> None:
    with pytest.raises(NotImplementedError) as caught:
        torch.utils.mobile_optimizer.optimize_for_mobile("x")
    first, second = str(caught.value).splitlines()
    advice = "there is no mobile runtime; jax.export writes programs that run elsewhere"
    assert first == f"torchlike has no torch.utils.mobile_optimizer: {advice}"
    assert second.startswith(f"  asked for at {__file__}:")
    assert second.endswith(': torch.utils.mobile_optimizer.optimize_for_mobile("x")')
    assert not hasattr(torch, "no_such_name")

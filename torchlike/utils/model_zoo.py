"""`torch.utils.model_zoo`: the older name of `torch.hub`'s download of weights."""

from __future__ import annotations

from typing import Any

from torchlike.base import progress
from torchlike.base.errors import absent
from torchlike.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]


def __getattr__(name: str) -> Any:
    if name == "tqdm":
        return progress.bar()
    return absent("torch.utils.model_zoo")(name)

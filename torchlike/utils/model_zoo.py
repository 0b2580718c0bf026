"""`torch.utils.model_zoo`: the older name of `torch.hub`'s download of weights."""

from __future__ import annotations

from torchlike.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]

"""Layers that are left out at random (Huang et al. 2016)."""

from __future__ import annotations

from torchlike import nn
from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.tensor.creation import empty

__all__ = ["StochasticDepth", "stochastic_depth"]


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """`input` (B, ...) set to 0 with the probability `p`, else divided by 1 - p.

    Args:
        mode: "batch" for the whole batch at once, "row" for each example by itself.

    Raises:
        ValueError: for another mode, and a probability outside [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    kept = 1.0 - p
    size = [input.shape[0] if mode == "row" else 1, *[1] * (input.ndim - 1)]
    noise = empty(size, dtype=input.dtype, device=input.device).bernoulli_(kept)
    return input * (noise.div_(kept) if kept > 0.0 else noise)


class StochasticDepth(nn.Module):
    """`stochastic_depth` as a layer."""

    def __init__(self, p: float, mode: str):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"


__getattr__ = absent("torchvision.ops.stochastic_depth")

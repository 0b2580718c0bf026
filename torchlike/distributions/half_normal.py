"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any

from torchlike.distributions._folded import Folded
from torchlike.distributions._torch import Tensor
from torchlike.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(Folded):
    """Absolute values of normal numbers around 0 with the scale `scale`.

    >>> import torchlike as torch
    >>> torch.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    of = Normal

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(HalfNormal, _instance))

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)

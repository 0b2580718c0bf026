"""Linear maps that train rounded and are quantized dynamically."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.qat.modules import linear

__all__ = ["Linear"]


class Linear(linear.Linear):
    """`qat.Linear` for a qconfig whose activations are observed anew each time."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        made = self.qconfig.activation()
        seen = getattr(made, "activation_post_process", made)
        if getattr(seen, "averaging_constant", None) != 1:
            raise ValueError("Dynamic QAT requires a memoryless observer. This means a MovingAverage observer with averaging "
                             "constant equal to 1")  # fmt: skip

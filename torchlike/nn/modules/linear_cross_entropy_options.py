"""How the cross entropy of a linear layer's logits is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LinearCrossEntropyOptions"]


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How `linear_cross_entropy` computes logits for some rows at a time.

    Attributes:
        batch_chunk_size: rows at a time; chosen by the sizes if None.
        allow_retain_graph, chunking_method, acc_policy, acc_dtype: torch's; without effect here, where the gradient may
            be taken again and again and sums are in float32 at least.

    Raises:
        ValueError: a size that is not positive.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.batch_chunk_size is not None and self.batch_chunk_size <= 0:
            raise ValueError(f"batch_chunk_size must be positive int or None, got {self.batch_chunk_size}")
        if self.acc_policy not in ("accurate", "balanced", "compact", "auto"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")

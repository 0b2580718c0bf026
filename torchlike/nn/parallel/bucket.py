"""Gradients as a communication hook sees them: one flat tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops


class GradBucket:
    """The gradients of some parameters of one dtype (torch.distributed.GradBucket)."""

    def __init__(self, index: int, last: bool, params: Sequence[Tensor]):
        self._index, self._last, self._params = index, last, list(params)
        self._buffer = ops.cat([p.grad.detach().reshape(-1) for p in params])

    def index(self) -> int:
        return self._index

    def is_last(self) -> bool:
        return self._last

    def buffer(self) -> Tensor:
        """All gradients, flat."""
        return self._buffer

    def set_buffer(self, tensor: Tensor) -> None:
        self._buffer = tensor

    def parameters(self) -> list[Tensor]:
        return self._params

    def gradients(self) -> list[Tensor]:
        """The gradients, each in its own shape."""
        return self._split(self._buffer)

    def _split(self, flat: Tensor) -> list[Tensor]:
        parts = flat.split([p.numel() for p in self._params])
        return [part.view(p.shape) for part, p in zip(parts, self._params, strict=True)]

    @classmethod
    def run(cls, params: Sequence[Tensor], state: Any, hook: Callable[[Any, GradBucket], Any]) -> None:
        """Hand the gradients to a hook, a bucket a dtype, and put back what its future holds."""
        kinds = list(dict.fromkeys(p.grad.dtype for p in params))
        for index, kind in enumerate(kinds):
            bucket = cls(index, index == len(kinds) - 1, [p for p in params if p.grad.dtype is kind])
            found = hook(state, bucket)
            found = found.wait() if hasattr(found, "wait") else found
            flat = found[0] if isinstance(found, (list, tuple)) else found
            for p, value in zip(bucket.parameters(), bucket._split(flat), strict=True):
                p.grad._write(value.to(kind))

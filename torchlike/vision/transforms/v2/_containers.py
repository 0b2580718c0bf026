"""Transforms made of transforms, for samples of any structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike import nn
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms.v2._transform import Transform

__all__ = ["Compose", "RandomApply", "RandomChoice", "RandomOrder"]


class _Several(Transform):
    def __init__(self, transforms: Sequence[Callable]):
        super().__init__()
        if not isinstance(transforms, (Sequence, nn.ModuleList)):
            raise TypeError("Argument transforms should be a sequence of callables")
        self.transforms = transforms

    def _through(self, order: Sequence[int], inputs: tuple) -> Any:
        sample: Any = inputs if len(inputs) > 1 else inputs[0]
        for i in order:
            sample = self.transforms[i](*sample) if len(inputs) > 1 else self.transforms[i](sample)
        return sample

    def extra_repr(self) -> str:
        return "\n".join(f"    {transform}" for transform in self.transforms)


class Compose(_Several):
    """Transforms one after another."""

    def __init__(self, transforms: Sequence[Callable]):
        super().__init__(transforms)
        if not transforms:
            raise ValueError("Pass at least one transform")

    def forward(self, *inputs: Any) -> Any:
        return self._through(range(len(self.transforms)), inputs)


class RandomApply(_Several):
    """All transforms with the probability `p`, else none."""

    def __init__(self, transforms: Sequence[Callable] | nn.ModuleList, p: float = 0.5):
        super().__init__(transforms)  # type: ignore[arg-type]  # a list of modules is a sequence
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        if draw.unit() >= self.p:
            return inputs if len(inputs) > 1 else inputs[0]
        return self._through(range(len(self.transforms)), inputs)


class RandomChoice(_Several):
    """One of the transforms, in proportion to `p`."""

    def __init__(self, transforms: Sequence[Callable], p: Sequence[float] | None = None):
        super().__init__(transforms)
        p = [1] * len(transforms) if p is None else p
        if len(p) != len(transforms):
            raise ValueError(f"Length of p doesn't match the number of transforms: {len(p)} != {len(transforms)}")
        self.p = [weight / sum(p) for weight in p]

    def forward(self, *inputs: Any) -> Any:
        return self._through([draw.multinomial(self.p)], inputs)


class RandomOrder(_Several):
    """All transforms in random order."""

    def forward(self, *inputs: Any) -> Any:
        return self._through(draw.permutation(len(self.transforms)), inputs)

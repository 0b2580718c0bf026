"""The base of version 2: a sample of any structure goes in, its images, masks and boxes are changed alike."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base.pytree import flatten, unflatten
from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.vision import tv_tensors
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms.v2 import functional as F

__all__ = ["Transform"]


def is_pure_tensor(x: Any) -> bool:
    """Whether `x` is a tensor that does not say what it is."""
    return isinstance(x, Tensor) and not isinstance(x, tv_tensors.TVTensor)


def an_image(x: Any) -> bool:
    """Whether `x` is an image for sure."""
    return isinstance(x, (tv_tensors.Image, tv_tensors.Video)) or is_image(x)


class Transform(Module):
    """The base of transforms (torchvision.transforms.v2.Transform).

    A subclass has `transform(inpt, params)`, and `make_params(flat_inputs)` where something is drawn once for the sample.
    A plain tensor counts as an image if it is the sample's first and there is no other image.
    """

    _takes: Callable[[Any], bool] = staticmethod(lambda x: isinstance(x, Tensor) or is_image(x))

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Raises for samples that cannot be changed."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What is drawn for a sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The change of one image, mask or set of boxes."""
        raise NotImplementedError

    def forward(self, *inputs: Any) -> Any:
        leaves, spec = flatten(inputs if len(inputs) > 1 else inputs[0])
        self.check_inputs(leaves)
        chosen = self._chosen(leaves)
        params = self.make_params([leaf for leaf, c in zip(leaves, chosen, strict=True) if c])
        done = [self.transform(leaf, params) if c else leaf for leaf, c in zip(leaves, chosen, strict=True)]
        return unflatten(done, spec)

    def _chosen(self, leaves: list[Any]) -> list[bool]:
        take_pure, chosen = not any(map(an_image, leaves)), []
        for leaf in leaves:
            takes = self._takes(leaf)
            if takes and is_pure_tensor(leaf):
                takes, take_pure = take_pure, False
            chosen.append(takes)
        return chosen

    def extra_repr(self) -> str:
        kinds = (bool, int, float, str, tuple, list, enum.Enum)
        shown = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training" and isinstance(v, kinds)}
        return ", ".join(f"{name}={value}" for name, value in shown.items())

    __repr__ = Module.__repr__


class RandomApplied(Transform):
    """A transform made with the probability `p`."""

    p: float

    def forward(self, *inputs: Any) -> Any:
        leaves, _ = flatten(inputs if len(inputs) > 1 else inputs[0])
        self.check_inputs(leaves)
        if draw.unit() >= self.p:
            return inputs if len(inputs) > 1 else inputs[0]
        return super().forward(*inputs)


def size_of(flat_inputs: Sequence[Any]) -> tuple[int, int]:
    """The (height, width) that all images, masks and canvases have.

    Raises:
        TypeError: where there are none. ValueError: where they differ.
    """
    sizes = {tuple(F.get_size(x)) for x in flat_inputs if isinstance(x, Tensor) or is_image(x)}
    if not sizes:
        raise TypeError("No image, video, mask, bounding box or keypoint was found in the sample")
    if len(sizes) > 1:
        raise ValueError(f"Found multiple HxW dimensions in the sample: {sorted(sizes)}")
    height, width = sizes.pop()
    return int(height), int(width)


def first_image(flat_inputs: Sequence[Any]) -> Any:
    """The sample's image. Raises TypeError where there is none."""
    for x in flat_inputs:
        if an_image(x) or is_pure_tensor(x):
            return x
    raise TypeError("No image was found in the sample")


def filling(fill: Any, inpt: Any) -> Any:
    """What `inpt` is filled with: `fill`, or its entry for the type."""
    if isinstance(fill, dict):
        fill = fill.get(type(inpt), fill.get("others", 0))
    if isinstance(inpt, Tensor) and not isinstance(inpt, tv_tensors.BoundingBoxes) and isinstance(fill, (tuple, list)):
        return [float(f) for f in fill]
    return fill


def for_grid(fill: Any, inpt: Any) -> Any:
    """`filling` as maps of places take it."""
    fill = filling(fill, inpt)
    return [float(fill)] if isinstance(inpt, Tensor) and isinstance(fill, (int, float)) else fill

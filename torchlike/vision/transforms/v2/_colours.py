"""Transforms of colours, of the images of a sample."""

from __future__ import annotations

from typing import Any

from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.vision import tv_tensors
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import _policies as policies
from torchlike.vision.transforms import autoaugment as v1a
from torchlike.vision.transforms import transforms as v1
from torchlike.vision.transforms._kernels import bound
from torchlike.vision.transforms.v2 import functional as F
from torchlike.vision.transforms.v2._transform import RandomApplied, Transform, filling, first_image

__all__ = [
    "RGB", "AutoAugment", "ColorJitter", "GaussianBlur", "Grayscale", "RandAugment", "RandomAdjustSharpness",
    "RandomAutocontrast", "RandomEqualize", "RandomGrayscale", "RandomInvert", "RandomPosterize", "RandomSolarize",
    "TrivialAugmentWide",
]  # fmt: skip


class ColorJitter(Transform, v1.ColorJitter):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(self, brightness: Any = None, contrast: Any = None, saturation: Any = None, hue: Any = None):
        super().__init__(*(0 if x is None else x for x in (brightness, contrast, saturation, hue)))

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        return {"order": order, "factors": factors}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in params["order"]:
            if params["factors"][i] is not None:
                inpt = changes[i](inpt, params["factors"][i])
        return inpt


class Grayscale(Transform, v1.Grayscale):
    """Shades of gray, in one or three channels."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.rgb_to_grayscale(inpt, num_output_channels=self.num_output_channels)


class RGB(Transform):
    """Gray images in three channels; others as they are."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if is_image(inpt):
            return inpt.convert("RGB")
        if isinstance(inpt, (tv_tensors.Mask, tv_tensors.BoundingBoxes)) or inpt.shape[-3] == 3:
            return inpt
        return F.rgb_to_grayscale(inpt, num_output_channels=3)


class GaussianBlur(Transform, v1.GaussianBlur):
    """Blur by a bell curve of a random deviation."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"sigma": [self.get_params(self.sigma[0], self.sigma[1])] * 2}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.gaussian_blur(inpt, list(self.kernel_size), params["sigma"])


class _Changed(RandomApplied):
    """A change of version 1 that is made with the probability `p`."""

    change: Any
    argument: str | None

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if isinstance(inpt, (tv_tensors.Mask, tv_tensors.BoundingBoxes)):
            return inpt
        rest = () if self.argument is None else (getattr(self, self.argument),)
        return tv_tensors.wrap(self.change(inpt, *rest), like=inpt)


class RandomGrayscale(_Changed, v1.RandomGrayscale):
    """Shades of gray with the probability `p`."""


class RandomInvert(_Changed, v1.RandomInvert):
    """The negative, with the probability `p`."""


class RandomAutocontrast(_Changed, v1.RandomAutocontrast):
    """The most contrast, with the probability `p`."""


class RandomEqualize(_Changed, v1.RandomEqualize):
    """An even histogram, with the probability `p`."""


class RandomPosterize(_Changed, v1.RandomPosterize):
    """Only the highest bits, with the probability `p`."""


class RandomSolarize(_Changed, v1.RandomSolarize):
    """Values from `threshold` on inverted, with the probability `p`."""


class RandomAdjustSharpness(_Changed, v1.RandomAdjustSharpness):
    """More or less sharp, with the probability `p`."""


# ---- policies ---------------------------------------------------------------------------------------------------


class _Policy(Transform):
    """One image of the sample goes through drawn operations."""

    interpolation: Any
    fill: Any
    __repr__ = Module.__repr__

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.interpolation = F.mode(self.interpolation)

    def _chosen(self, leaves: list[Any]) -> list[bool]:
        image = first_image(leaves)
        return [leaf is image for leaf in leaves]

    def _applied(self, image: Any, op: str, strength: float) -> Any:
        fill = filling(self.fill, image)
        if op == "Solarize":  # a share of the range here, which rounds otherwise than version 1
            strength *= bound(image.dtype.np) if isinstance(image, Tensor) else 255.0
        if isinstance(image, Tensor) and isinstance(fill, (int, float)):
            fill = [float(fill)]
        return policies.apply(F, image, op, strength, interpolation=self.interpolation, fill=fill)

    def _space(self, bins: int, strengths: policies.Space) -> policies.Space:
        return strengths | {"Solarize": (policies.linspace(1.0, 0.0, bins), False)}

    def _signed(self, strength: float, signed: bool) -> float:
        return -strength if signed and draw.unit() <= 0.5 else strength

    def _one_of(self, image: Any, strengths: policies.Space, step: Any) -> Any:
        names = list(strengths)
        op = names[draw.integer(0, len(names))]
        options, signed = strengths[op]
        strength = 0.0 if isinstance(options, float) else self._signed(float(options[step(options)]), signed)
        return self._applied(image, op, strength)


class AutoAugment(_Policy, v1a.AutoAugment):
    """One of 25 learned pairs of operations."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        height, width = F.get_size(inpt)
        pair = self.policies[draw.integer(0, len(self.policies))]
        strengths = self._space(10, self._augmentation_space(10, (height, width)))
        for op, probability, step in pair:
            if draw.unit() <= probability:
                options, signed = strengths[op]
                strength = 0.0 if isinstance(options, float) else self._signed(float(options[step]), signed)
                inpt = self._applied(inpt, op, strength)
        return inpt


class RandAugment(_Policy, v1a.RandAugment):
    """Random operations of one strength."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        height, width = F.get_size(inpt)
        for _ in range(self.num_ops):
            bins = self.num_magnitude_bins
            strengths = self._space(bins, self._augmentation_space(bins, (height, width)))
            inpt = self._one_of(inpt, strengths, lambda options: self.magnitude)
        return inpt


class TrivialAugmentWide(_Policy, v1a.TrivialAugmentWide):
    """One random operation of a random strength."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        strengths = self._space(self.num_magnitude_bins, self._augmentation_space(self.num_magnitude_bins))
        return self._one_of(inpt, strengths, lambda options: draw.integer(0, self.num_magnitude_bins))

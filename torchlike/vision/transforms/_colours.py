"""Transforms of the pixels' colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.nn import Module
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import functional as F

__all__ = [
    "ColorJitter", "GaussianBlur", "Grayscale", "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize",
    "RandomGrayscale", "RandomInvert", "RandomPosterize", "RandomSolarize",
]  # fmt: skip


class ColorJitter(Module):
    """Brightness, contrast, saturation and hue changed at random, in random order.

    Args:
        brightness, contrast, saturation: how far the factor may be from 1, or from and to.
        hue: how far to turn, at most 0.5, or from and to.
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0):
        super().__init__()
        self.brightness = factor_range(brightness, "brightness")
        self.contrast = factor_range(contrast, "contrast")
        self.saturation = factor_range(saturation, "saturation")
        self.hue = factor_range(hue, "hue", center=0, bound=(-0.5, 0.5), clip=False)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, Any, Any, Any, Any]:
        """The order of the four changes, and the factor of each."""
        order = draw.permutation(4)
        b, c, s, h = (None if x is None else draw.uniform(x[0], x[1]) for x in (brightness, contrast, saturation, hue))
        return order, b, c, s, h

    def forward(self, img: Any) -> Any:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order:
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img

    def __repr__(self) -> str:
        given = f"contrast={self.contrast}, saturation={self.saturation}, hue={self.hue}"
        return f"{type(self).__name__}(brightness={self.brightness}, {given})"


def factor_range(
    value: Any, name: str, center: float = 1, bound: tuple[float, float] = (0, float("inf")), clip: bool = True
) -> tuple[float, float] | None:
    """From and to, of one number or two; None where that is no change.

    Raises:
        ValueError: for a negative number, or a range that leaves the bound. TypeError: for anything else.
    """
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        given = [center - float(value), center + float(value)]
        if clip:
            given[0] = max(given[0], 0.0)
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        given = [float(value[0]), float(value[1])]
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not bound[0] <= given[0] <= given[1] <= bound[1]:
        raise ValueError(f"{name} values should be between {bound}, but got {given}.")
    return None if given[0] == given[1] == center else (given[0], given[1])


class Grayscale(Module):
    """Shades of gray, in one or three channels."""

    def __init__(self, num_output_channels: int = 1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, num_output_channels=self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class _WithProbability(Module):
    """A change made with the probability `p`; one argument of it may be given by name."""

    argument: str | None = None
    change: Any = None

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        if draw.unit() < self.p:
            return self.change(img) if self.argument is None else self.change(img, getattr(self, self.argument))
        return img

    def __repr__(self) -> str:
        given = "" if self.argument is None else f"{self.argument}={getattr(self, self.argument)},"
        return f"{type(self).__name__}({given}p={self.p})"


class RandomGrayscale(_WithProbability):
    """Shades of gray with the probability `p`, in as many channels as the image has."""

    def __init__(self, p: float = 0.1):
        super().__init__(p)

    @staticmethod
    def change(img: Any) -> Any:
        return F.rgb_to_grayscale(img, num_output_channels=F.get_dimensions(img)[0])


class RandomInvert(_WithProbability):
    """The negative, with the probability `p`."""

    change = staticmethod(F.invert)


class RandomAutocontrast(_WithProbability):
    """The most contrast, with the probability `p`."""

    change = staticmethod(F.autocontrast)


class RandomEqualize(_WithProbability):
    """An even histogram, with the probability `p`."""

    change = staticmethod(F.equalize)


class RandomPosterize(_WithProbability):
    """Only the `bits` highest bits, with the probability `p`."""

    argument = "bits"
    change = staticmethod(F.posterize)

    def __init__(self, bits: int, p: float = 0.5):
        super().__init__(p)
        self.bits = bits


class RandomSolarize(_WithProbability):
    """Values from `threshold` on inverted, with the probability `p`."""

    argument = "threshold"
    change = staticmethod(F.solarize)

    def __init__(self, threshold: float, p: float = 0.5):
        super().__init__(p)
        self.threshold = threshold


class RandomAdjustSharpness(_WithProbability):
    """More or less sharp, with the probability `p`."""

    argument = "sharpness_factor"
    change = staticmethod(F.adjust_sharpness)

    def __init__(self, sharpness_factor: float, p: float = 0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor


class GaussianBlur(Module):
    """Blur by a bell curve whose standard deviation is drawn between `sigma[0]` and `sigma[1]` pixels.

    Raises:
        ValueError: for even kernel sizes, and deviations that are not positive.
    """

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)):
        super().__init__()
        sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
        if len(sizes) not in (1, 2):
            raise ValueError("Kernel size should be a tuple/list of two integers")
        self.kernel_size = tuple(sizes * (2 // len(sizes)))
        if any(n <= 0 or n % 2 == 0 for n in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif isinstance(sigma, Sequence) and len(sigma) == 2:
            if not 0.0 < sigma[0] <= sigma[1]:
                raise ValueError(f"sigma values should be positive and of the form (min, max). Got {sigma}")
        else:
            raise ValueError(f"sigma should be a single number or a list/tuple with length 2. Got {sigma}")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random deviation."""
        return draw.uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, list(self.kernel_size), [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"

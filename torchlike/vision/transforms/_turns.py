"""Transforms that turn and bend images, and that erase a part."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import functional as F
from torchlike.vision.transforms._arguments import InterpolationMode, angles, checked_sequence, mode_from
from torchlike.vision.transforms._arrays import made

__all__ = ["ElasticTransform", "RandomAffine", "RandomErasing", "RandomPerspective", "RandomRotation"]

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST


class RandomPerspective(Module):
    """The image as seen from elsewhere, with the probability `p`.

    Args:
        distortion_scale: how far each corner may move, as a share of half the edge.
    """

    def __init__(self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = _BILINEAR, fill: Any = 0):
        super().__init__()
        self.p = p
        self.interpolation = mode_from(interpolation)
        self.distortion_scale = distortion_scale
        if fill is not None and not isinstance(fill, (Sequence, numbers.Number)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.fill = 0 if fill is None else fill

    def forward(self, img: Any) -> Any:
        channels, height, width = F.get_dimensions(img)
        fill = _fill_for(self.fill, img, channels)
        if draw.unit() >= self.p:
            return img
        points = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, *points, self.interpolation, fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners [x, y] from the top left clockwise, and where they go."""
        half_w, half_h = width // 2, height // 2
        dx, dy = int(distortion_scale * half_w), int(distortion_scale * half_h)
        right, bottom = (width - dx - 1, width), (height - dy - 1, height)
        ranges = [((0, dx + 1), (0, dy + 1)), (right, (0, dy + 1)), (right, bottom), ((0, dx + 1), bottom)]
        ends = [[draw.integer(*x), draw.integer(*y)] for x, y in ranges]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], ends

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


def _fill_for(fill: Any, img: Any, channels: int) -> Any:
    """What a tensor's channels are filled with; Pillow's images take `fill` as it is."""
    if not isinstance(img, Tensor):
        return fill
    return [float(fill)] * channels if isinstance(fill, (int, float)) else [float(f) for f in fill]


class RandomRotation(Module):
    """A turn by a random angle, in degrees: from `-degrees` to `degrees`, or between two; see `functional.rotate`."""

    def __init__(self, degrees: Any, interpolation: Any = _NEAREST, expand: bool = False, center: Any = None, fill: Any = 0):
        super().__init__()
        self.interpolation = mode_from(interpolation)
        self.degrees = angles(degrees, "degrees")
        if center is not None:
            checked_sequence("center", center, (2,))
        self.center = center
        self.expand = expand
        if fill is not None and not isinstance(fill, (Sequence, numbers.Number)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.fill = 0 if fill is None else fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return draw.uniform(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        fill = _fill_for(self.fill, img, F.get_dimensions(img)[0])
        return F.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}", f"interpolation={self.interpolation.value}", f"expand={self.expand}"]
        parts += [] if self.center is None else [f"center={self.center}"]
        parts += [] if self.fill is None else [f"fill={self.fill}"]
        return f"{type(self).__name__}({', '.join(parts)})"


class RandomAffine(Module):
    """A random turn, shift, scale and shear, which keeps the image's size; see `functional.affine`.

    Args:
        degrees: the turn, from `-degrees` to `degrees` or between two.
        translate: how far to shift at most, as shares of the width and the height. scale: from and to.
        shear: the angle along x, as `degrees`; four numbers are those of x and of y.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = _NEAREST,
        fill: Any = 0,
        center: Any = None,
    ):
        super().__init__()
        self.interpolation = mode_from(interpolation)
        self.degrees = angles(degrees, "degrees")
        if translate is not None:
            checked_sequence("translate", translate, (2,))
            if not all(0.0 <= t <= 1.0 for t in translate):
                raise ValueError("translation values should be between 0 and 1")
        if scale is not None:
            checked_sequence("scale", scale, (2,))
            if any(s <= 0 for s in scale):
                raise ValueError("scale values should be positive")
        if center is not None:
            checked_sequence("center", center, (2,))
        if fill is not None and not isinstance(fill, (Sequence, numbers.Number)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else angles(shear, "shear", (2, 4))
        self.fill = 0 if fill is None else fill
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float], translate: Any, scale_ranges: Any, shears: Any, img_size: Sequence[int]
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """A random angle, shift (x, y), scale and shear (x, y). `img_size` is [width, height]."""
        angle = draw.uniform(degrees[0], degrees[1])
        shift = (0, 0)
        if translate is not None:
            reach = [float(share * size) for share, size in zip(translate, img_size, strict=True)]
            tx = round(draw.uniform(-reach[0], reach[0]))
            shift = (tx, round(draw.uniform(-reach[1], reach[1])))
        scale = 1.0 if scale_ranges is None else draw.uniform(scale_ranges[0], scale_ranges[1])
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = draw.uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = draw.uniform(shears[2], shears[3])
        return angle, shift, scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        channels, height, width = F.get_dimensions(img)
        fill = _fill_for(self.fill, img, channels)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return F.affine(img, *drawn, interpolation=self.interpolation, fill=fill, center=self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        for name, usual in (("translate", None), ("scale", None), ("shear", None)):
            parts += [] if getattr(self, name) is usual else [f"{name}={getattr(self, name)}"]
        parts += [] if self.interpolation is _NEAREST else [f"interpolation={self.interpolation.value}"]
        parts += [] if self.fill == 0 else [f"fill={self.fill}"]
        parts += [] if self.center is None else [f"center={self.center}"]
        return f"{type(self).__name__}({', '.join(parts)})"


class RandomErasing(Module):
    """A random rectangle of a tensor set to `value`, with the probability `p` (Zhong et al. 2017).

    Args:
        scale: the rectangle's share of the area, from and to. ratio: its height by its width, from and to.
        value: a number, one per channel, or "random" for normal noise.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ):
        super().__init__()
        if not isinstance(value, (numbers.Number, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        for name, given in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(given, Sequence):
                raise TypeError(f"{name} should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: Any = None) -> tuple:
        """Top, left, height, width and what to fill with; the image itself where no rectangle fits in ten attempts."""
        channels, height, width = img.shape[-3], img.shape[-2], img.shape[-1]
        for _ in range(10):
            area = height * width * draw.uniform(scale[0], scale[1])
            aspect = draw.ratio_log_uniform(ratio)
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if not (h < height and w < width):
                continue
            if value is None:
                filling = draw.normal((channels, h, w))
            else:
                filling = np.asarray(value, np.float32)[:, None, None]
            top = draw.integer(0, height - h + 1)
            return top, draw.integer(0, width - w + 1), h, w, made(filling)
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        if draw.unit() >= self.p:
            return img
        value: Any = [float(self.value)] if isinstance(self.value, (int, float)) else self.value
        value = None if isinstance(value, str) else list(value)
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {img.shape[-3]} (number of input channels)"
            )
        i, j, h, w, filling = self.get_params(img, self.scale, self.ratio, value)
        return F.erase(img, i, j, h, w, filling, self.inplace)

    def __repr__(self) -> str:
        given = f"scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace}"
        return f"{type(self).__name__}(p={self.p}, {given})"


class ElasticTransform(Module):
    """Pixels moved by smooth noise (Simard et al. 2003).

    Args:
        alpha: how far they move. sigma: how smooth that is, in pixels. One number, or (x, y).
    """

    def __init__(self, alpha: Any = 50.0, sigma: Any = 5.0, interpolation: Any = _BILINEAR, fill: Any = 0):
        super().__init__()
        self.alpha = _two_floats(alpha, "alpha")
        self.sigma = _two_floats(sigma, "sigma")
        self.interpolation = mode_from(interpolation)
        if isinstance(fill, (int, float)):
            fill = [float(fill)]
        elif not isinstance(fill, (list, tuple)):
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")
        else:
            fill = [float(f) for f in fill]
        self.fill = fill

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """How far each pixel moves, float32 (1, H, W, 2), x first, in halves of the image's size."""
        parts = []
        for a, s, extent in zip(alpha, sigma, size[::-1], strict=True):
            noise = made(draw.units(1, 1, *size) * 2 - 1)
            if s > 0.0:
                n = int(8 * s + 1)
                n += 1 - n % 2
                noise = F.gaussian_blur(noise, [n, n], [s, s])
            parts.append(noise._read().numpy() * np.float32(a) / np.float32(extent))
        return made(np.moveaxis(np.concatenate(parts, 1), 1, -1).copy())

    def forward(self, tensor: Any) -> Any:
        _, height, width = F.get_dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        given = f"interpolation={self.interpolation}, fill={self.fill}"
        return f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, {given})"


def _two_floats(x: Any, name: str) -> list[float]:
    if not isinstance(x, (int, float, Sequence)):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(x)}")
    given = [x] if isinstance(x, (int, float)) else list(x)
    if len(given) not in (1, 2):
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(given)}")
    return [float(v) for v in given * (2 // len(given))]

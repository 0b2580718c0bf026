"""What arguments of transforms mean, and the errors for those that mean nothing."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np


class InterpolationMode(enum.Enum):
    """How an image's values between pixels are found."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


_PILLOW_CONSTANTS = ("NEAREST", "LANCZOS", "BILINEAR", "BICUBIC", "BOX", "HAMMING")  # by number


def mode_of(interpolation: Any) -> str:
    """The name of a mode, also from Pillow's number. Raises TypeError for anything else."""
    if isinstance(interpolation, int) and 0 <= interpolation < len(_PILLOW_CONSTANTS):
        interpolation = InterpolationMode[_PILLOW_CONSTANTS[interpolation]]
    if not isinstance(interpolation, InterpolationMode):
        raise TypeError(
            "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, "
            f"got {interpolation!r}"
        )
    return interpolation.value


def mode_from(interpolation: Any) -> Any:
    """A mode; also from Pillow's number."""
    return InterpolationMode[_PILLOW_CONSTANTS[interpolation]] if isinstance(interpolation, int) else interpolation


def wanted_size(size: Any, max_size: int | None) -> list[int] | None:
    if isinstance(size, (list, tuple)):
        if len(size) not in (1, 2):
            raise ValueError(f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list")
        if max_size is not None and len(size) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                "i.e. size should be an int or a sequence of length 1 in torchscript mode."
            )
        return list(size)
    return None if size is None else [size]


def check_affine(angle: Any, translate: Any, scale: float, shear: Any) -> list[float]:
    """The shear as two angles. Raises TypeError and ValueError for arguments of the wrong kind."""
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (int, float, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    given: list[float] = [shear, 0.0] if isinstance(shear, (int, float)) else list(shear)
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    return given


def pair_of(size: Any, message: str = "Please provide only two dimensions (h, w) for size.") -> tuple[int, int]:
    """(height, width) from one number, one in a sequence, or two. Raises ValueError for more."""
    if isinstance(size, (int, np.integer)):
        return int(size), int(size)
    if len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(message)
    return tuple(size)


def checked_sequence(name: str, x: Any, sizes: tuple[int, ...]) -> None:
    """Raises TypeError for what is no sequence, ValueError for another length."""
    if not isinstance(x, Sequence):
        raise TypeError(f"{name} should be a sequence of length {' or '.join(map(str, sizes))}.")
    if len(x) not in sizes:
        raise ValueError(f"{name} should be a sequence of length {' or '.join(map(str, sizes))}.")


def angles(x: Any, name: str, sizes: tuple[int, ...] = (2,)) -> list[float]:
    """A range of angles: one number means from its negative to it."""
    if isinstance(x, (int, float)):
        if x < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        x = [-x, x]
    else:
        checked_sequence(name, x, sizes)
    return [float(d) for d in x]

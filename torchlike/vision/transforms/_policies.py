"""What learned and random policies of augmentation are made of: operations by name, their strengths, the learned pairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

# The pairs that AutoAugment's search found (Cubuk et al. 2018): operation, probability, strength of 0 to 9.
LEARNED = {
    "imagenet": """
        Posterize 0.4 8+Rotate 0.6 9; Solarize 0.6 5+AutoContrast 0.6 -; Equalize 0.8 -+Equalize 0.6 -;
        Posterize 0.6 7+Posterize 0.6 6; Equalize 0.4 -+Solarize 0.2 4; Equalize 0.4 -+Rotate 0.8 8;
        Solarize 0.6 3+Equalize 0.6 -; Posterize 0.8 5+Equalize 1.0 -; Rotate 0.2 3+Solarize 0.6 8;
        Equalize 0.6 -+Posterize 0.4 6; Rotate 0.8 8+Color 0.4 0; Rotate 0.4 9+Equalize 0.6 -;
        Equalize 0.0 -+Equalize 0.8 -; Invert 0.6 -+Equalize 1.0 -; Color 0.6 4+Contrast 1.0 8;
        Rotate 0.8 8+Color 1.0 2; Color 0.8 8+Solarize 0.8 7; Sharpness 0.4 7+Invert 0.6 -;
        ShearX 0.6 5+Equalize 1.0 -; Color 0.4 0+Equalize 0.6 -; Equalize 0.4 -+Solarize 0.2 4;
        Solarize 0.6 5+AutoContrast 0.6 -; Invert 0.6 -+Equalize 1.0 -; Color 0.6 4+Contrast 1.0 8;
        Equalize 0.8 -+Equalize 0.6 -""",
    "cifar10": """
        Invert 0.1 -+Contrast 0.2 6; Rotate 0.7 2+TranslateX 0.3 9; Sharpness 0.8 1+Sharpness 0.9 3;
        ShearY 0.5 8+TranslateY 0.7 9; AutoContrast 0.5 -+Equalize 0.9 -; ShearY 0.2 7+Posterize 0.3 7;
        Color 0.4 3+Brightness 0.6 7; Sharpness 0.3 9+Brightness 0.7 9; Equalize 0.6 -+Equalize 0.5 -;
        Contrast 0.6 7+Sharpness 0.6 5; Color 0.7 7+TranslateX 0.5 8; Equalize 0.3 -+AutoContrast 0.4 -;
        TranslateY 0.4 3+Sharpness 0.2 6; Brightness 0.9 6+Color 0.2 8; Solarize 0.5 2+Invert 0.0 -;
        Equalize 0.2 -+AutoContrast 0.6 -; Equalize 0.2 -+Equalize 0.6 -; Color 0.9 9+Equalize 0.6 -;
        AutoContrast 0.8 -+Solarize 0.2 8; Brightness 0.1 3+Color 0.7 0; Solarize 0.4 5+AutoContrast 0.9 -;
        TranslateY 0.9 9+TranslateY 0.7 9; AutoContrast 0.9 -+Solarize 0.8 3; Equalize 0.8 -+Invert 0.1 -;
        TranslateY 0.7 9+AutoContrast 0.9 -""",
    "svhn": """
        ShearX 0.9 4+Invert 0.2 -; ShearY 0.9 8+Invert 0.7 -; Equalize 0.6 -+Solarize 0.6 6;
        Invert 0.9 -+Equalize 0.6 -; Equalize 0.6 -+Rotate 0.9 3; ShearX 0.9 4+AutoContrast 0.8 -;
        ShearY 0.9 8+Invert 0.4 -; ShearY 0.9 5+Solarize 0.2 6; Invert 0.9 -+AutoContrast 0.8 -;
        Equalize 0.6 -+Rotate 0.9 3; ShearX 0.9 4+Solarize 0.3 3; ShearY 0.8 8+Invert 0.7 -;
        Equalize 0.9 -+TranslateY 0.6 6; Invert 0.9 -+Equalize 0.6 -; Contrast 0.3 3+Rotate 0.8 4;
        Invert 0.8 -+TranslateY 0.0 2; ShearY 0.7 6+Solarize 0.4 8; Invert 0.6 -+Rotate 0.8 4;
        ShearY 0.3 7+TranslateX 0.9 3; ShearX 0.1 6+Invert 0.6 -; Solarize 0.7 2+TranslateY 0.6 7;
        ShearY 0.8 4+Invert 0.8 -; ShearX 0.7 9+TranslateY 0.8 3; ShearY 0.8 5+AutoContrast 0.7 -;
        ShearX 0.7 2+Invert 0.1 -""",
}
Step = tuple[str, float, int | None]


def learned(name: str) -> list[tuple[Step, Step]]:
    """The pairs of a policy: (operation, probability, strength or None) twice."""

    def step(text: str) -> Step:
        op, probability, strength = text.split()
        return op, float(probability), None if strength == "-" else int(strength)

    pairs = [pair.split("+") for pair in LEARNED[name].split(";")]
    return [(step(first), step(second)) for first, second in pairs]


def linspace(start: float, end: float, count: int) -> np.ndarray:
    """`torch.linspace`, float32: counted from the nearer end."""
    first, last = np.float32(start), np.float32(end)
    step = (last - first) / np.float32(count - 1)
    n: np.ndarray = np.arange(count, dtype=np.float32)
    return np.where(np.arange(count) < count // 2, first + step * n, last - step * (count - 1 - n)).astype(np.float32)


def _posterized(top: int, bins: int, drop: int) -> np.ndarray:
    return top - np.round(np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / drop)).astype(np.int32)


# By name: the strengths of `bins` steps for an image of (height, width), and whether the sign is drawn.
Space = dict[str, tuple[Any, bool]]


def space(
    bins: int,
    shear: float,
    shift: tuple[float, float],
    turn: float,
    colour: float | None,
    bits: tuple[int, int],
    identity: bool = False,
    inverted: bool = False,
) -> Space:
    """The operations in their order; `shift` is the largest (x, y), `bits` how many are kept and dropped at most."""
    found: Space = {"Identity": (0.0, False)} if identity else {}
    found |= {"ShearX": (linspace(0.0, shear, bins), True), "ShearY": (linspace(0.0, shear, bins), True)}
    found |= {"TranslateX": (linspace(0.0, shift[0], bins), True), "TranslateY": (linspace(0.0, shift[1], bins), True)}
    found |= {"Rotate": (linspace(0.0, turn, bins), True)}
    if colour is not None:
        found |= {op: (linspace(0.0, colour, bins), True) for op in ("Brightness", "Color", "Contrast", "Sharpness")}
    found |= {"Posterize": (_posterized(bits[0], bins, bits[1]), False), "Solarize": (linspace(255.0, 0.0, bins), False)}
    found |= {"AutoContrast": (0.0, False), "Equalize": (0.0, False)}
    return found | ({"Invert": (0.0, False)} if inverted else {})


def apply(F: Any, img: Any, op: str, strength: float, interpolation: Any, fill: Any) -> Any:
    """One operation of the module `F` of functions."""
    if op in ("ShearX", "ShearY"):
        angle = math.degrees(math.atan(strength))
        shear = [angle, 0.0] if op == "ShearX" else [0.0, angle]
        return F.affine(img, 0.0, [0, 0], 1.0, shear, interpolation=interpolation, fill=fill, center=[0, 0])
    if op in ("TranslateX", "TranslateY"):
        shift = [int(strength), 0] if op == "TranslateX" else [0, int(strength)]
        return F.affine(img, 0.0, shift, 1.0, [0.0, 0.0], interpolation=interpolation, fill=fill)
    if op == "Rotate":
        return F.rotate(img, strength, interpolation=interpolation, fill=fill)
    return _COLOURS[op](F, img, strength)


_COLOURS: dict[str, Callable[[Any, Any, float], Any]] = {
    "Identity": lambda F, img, m: img,
    "Brightness": lambda F, img, m: F.adjust_brightness(img, 1.0 + m),
    "Color": lambda F, img, m: F.adjust_saturation(img, 1.0 + m),
    "Contrast": lambda F, img, m: F.adjust_contrast(img, 1.0 + m),
    "Sharpness": lambda F, img, m: F.adjust_sharpness(img, 1.0 + m),
    "Posterize": lambda F, img, m: F.posterize(img, int(m)),
    "Solarize": lambda F, img, m: F.solarize(img, m),
    "AutoContrast": lambda F, img, m: F.autocontrast(img),
    "Equalize": lambda F, img, m: F.equalize(img),
    "Invert": lambda F, img, m: F.invert(img),
}

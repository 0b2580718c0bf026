"""Learned and random policies of augmentation."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import _policies as policies
from torchlike.vision.transforms import functional as F
from torchlike.vision.transforms._arrays import made
from torchlike.vision.transforms.functional import InterpolationMode

__all__ = ["AugMix", "AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]

_SHIFT = 150.0 / 331.0  # of AutoAugment's images, in pixels


class AutoAugmentPolicy(enum.Enum):
    """What a policy was learned on."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


class _Policy(Module):
    """What the policies have in common."""

    interpolation: Any
    fill: Any
    _shown: tuple[str, ...] = ()

    def _prepared(self, img: Any) -> tuple[int, int, Any]:
        """Height, width and, of tensors, a number to fill each channel with."""
        channels, height, width = F.get_dimensions(img)
        fill = self.fill
        if isinstance(img, Tensor) and fill is not None:
            fill = [float(fill)] * channels if isinstance(fill, (int, float)) else [float(f) for f in fill]
        return height, width, fill

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in self._shown)})"


class AutoAugment(_Policy):
    """One of 25 learned pairs of operations (Cubuk et al. 2018, AutoAugment)."""

    _shown = ("policy", "fill")

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ):
        super().__init__()
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = policies.learned(policy.value)

    def _augmentation_space(self, num_bins: int, image_size: tuple[int, int]) -> policies.Space:
        shift = (_SHIFT * image_size[1], _SHIFT * image_size[0])
        return policies.space(num_bins, 0.3, shift, 30.0, 0.9, (8, 4), inverted=True)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, np.ndarray, list[int]]:
        """Which pair, a number in [0, 1) for each half, and a sign (0 is negative) for each."""
        which = draw.integer(0, transform_num)
        chances = draw.units(2)
        return which, chances, [draw.integer(0, 2), draw.integer(0, 2)]

    def forward(self, img: Any) -> Any:
        height, width, fill = self._prepared(img)
        which, chances, signs = self.get_params(len(self.policies))
        strengths = self._augmentation_space(10, (height, width))
        for i, (op, probability, step) in enumerate(self.policies[which]):
            if chances[i] <= probability:
                options, signed = strengths[op]
                strength = 0.0 if step is None else float(options[step])
                if signed and signs[i] == 0:
                    strength = -strength
                img = policies.apply(F, img, op, strength, self.interpolation, fill)
        return img


class _Random(_Policy):
    """The operations are drawn, all with the same probability."""

    def _drawn(self, img: Any, strengths: policies.Space, step: Any, fill: Any) -> Any:
        names = list(strengths)
        op = names[draw.integer(0, len(names))]
        options, signed = strengths[op]
        strength = float(options[step(options)]) if isinstance(options, np.ndarray) else 0.0
        if signed and draw.integer(0, 2):
            strength = -strength
        return policies.apply(F, img, op, strength, self.interpolation, fill)


class RandAugment(_Random):
    """`num_ops` random operations of the strength `magnitude` (Cubuk et al. 2019, RandAugment)."""

    _shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ):
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int, image_size: tuple[int, int]) -> policies.Space:
        shift = (_SHIFT * image_size[1], _SHIFT * image_size[0])
        return policies.space(num_bins, 0.3, shift, 30.0, 0.9, (8, 4), identity=True)

    def forward(self, img: Any) -> Any:
        height, width, fill = self._prepared(img)
        for _ in range(self.num_ops):
            strengths = self._augmentation_space(self.num_magnitude_bins, (height, width))
            img = self._drawn(img, strengths, lambda options: self.magnitude, fill)
        return img


class TrivialAugmentWide(_Random):
    """One random operation of a random strength (Müller and Hutter 2021, TrivialAugment)."""

    _shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST, fill: Any = None):
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int) -> policies.Space:
        return policies.space(num_bins, 0.99, (32.0, 32.0), 135.0, 0.99, (8, 6), identity=True)

    def forward(self, img: Any) -> Any:
        _, _, fill = self._prepared(img)
        strengths = self._augmentation_space(self.num_magnitude_bins)
        return self._drawn(img, strengths, lambda options: draw.integer(0, len(options)), fill)


class AugMix(_Random):
    """A mixture of random chains of operations with the image itself (Hendrycks et al. 2019, AugMix).

    Args:
        severity: the largest strength, 1 to 10. mixture_width: how many chains. chain_depth: how long; -1 is 1 to 3.
        alpha: of the Dirichlet and Beta distributions of the shares.
        all_ops: whether brightness, contrast, colour and sharpness are among the operations.
    """

    _PARAMETER_MAX = 10
    _shown = ("severity", "mixture_width", "chain_depth", "alpha", "all_ops", "interpolation", "fill")

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = None,
    ):
        super().__init__()
        if not 1 <= severity <= self._PARAMETER_MAX:
            raise ValueError(f"The severity must be between [1, {self._PARAMETER_MAX}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int, image_size: tuple[int, int]) -> policies.Space:
        found = policies.space(num_bins, 0.3, (image_size[1] / 3.0, image_size[0] / 3.0), 30.0, None, (4, 4))
        if self.all_ops:
            strengths = policies.linspace(0.0, 0.9, num_bins)
            found |= dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), (strengths, True))
        return found

    def _sample_dirichlet(self, concentration: Sequence[float]) -> np.ndarray:
        return draw.dirichlet(concentration)

    def forward(self, img: Any) -> Any:
        height, width, fill = self._prepared(img)
        image = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
        array = image._read().numpy()
        batch = array.reshape((1,) * max(4 - array.ndim, 0) + array.shape)
        shape = (len(batch), 1, 1, 1)
        strengths = self._augmentation_space(self._PARAMETER_MAX, (height, width))
        kept = np.stack([self._sample_dirichlet([self.alpha, self.alpha]) for _ in range(len(batch))])
        shares = np.stack([self._sample_dirichlet([self.alpha] * self.mixture_width) for _ in range(len(batch))])
        shares = shares * kept[:, 1:]
        mixed = kept[:, 0].reshape(shape) * batch.astype(np.float32)
        for i in range(self.mixture_width):
            chain = made(np.array(batch))
            for _ in range(self.chain_depth if self.chain_depth > 0 else draw.integer(1, 4)):
                chain = self._drawn(chain, strengths, lambda options: draw.integer(0, self.severity), fill)
            mixed = mixed + shares[:, i].reshape(shape) * chain._read().numpy().astype(np.float32)
        out = made(mixed.reshape(array.shape).astype(array.dtype))
        return out.to(image.device) if isinstance(img, Tensor) else F.to_pil_image(out)

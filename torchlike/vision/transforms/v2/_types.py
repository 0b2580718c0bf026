"""Transforms of what a sample is: tensors, dtypes, scales; and mixtures of the samples of a batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.pytree import flatten, unflatten
from torchlike.nn import functional as nnf
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision import tv_tensors
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms import _draw as draw
from torchlike.vision.transforms import transforms as v1
from torchlike.vision.transforms._arrays import made
from torchlike.vision.transforms.v2 import functional as F
from torchlike.vision.transforms.v2._transform import Transform, is_pure_tensor

__all__ = [
    "ConvertImageDtype", "CutMix", "GaussianNoise", "Identity", "Lambda", "LinearTransformation", "MixUp", "Normalize",
    "PILToTensor", "ToDtype", "ToImage", "ToPILImage", "ToPureTensor", "ToTensor",
]  # fmt: skip


def _image_tensor(x: Any) -> bool:
    return is_pure_tensor(x) or isinstance(x, (tv_tensors.Image, tv_tensors.Video))


class Identity(Transform):
    """The sample as it is."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt


class Lambda(Transform):
    """A function of everything in the sample, or of what is of the types given."""

    def __init__(self, lambd: Callable[[Any], Any], *types: type):
        super().__init__()
        self.lambd = lambd
        self.types = types or (object,)

    def _chosen(self, leaves: list[Any]) -> list[bool]:
        return [isinstance(leaf, self.types) for leaf in leaves]

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self.lambd(inpt)

    def extra_repr(self) -> str:
        name = getattr(self.lambd, "__name__", "")
        types = f"types={[t.__name__ for t in self.types]}"
        return f"{name}, {types}" if name else types


class ToImage(Transform):
    """PIL images, arrays (H, W, C) and plain tensors as `tv_tensors.Image`, their numbers as they are."""

    _takes = staticmethod(lambda x: is_pure_tensor(x) or is_image(x) or isinstance(x, np.ndarray))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_image(inpt)


class ToPureTensor(Transform):
    """Images, masks and boxes as plain tensors."""

    _takes = staticmethod(lambda x: isinstance(x, tv_tensors.TVTensor))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt.view_as(inpt) if inpt.requires_grad else inpt.detach()


class PILToTensor(Transform):
    """PIL images as tensors of the same numbers."""

    _takes = staticmethod(is_image)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pil_to_tensor(inpt)


class ToTensor(Transform):
    """PIL images and arrays (H, W, C) as tensors of 0 to 1."""

    _takes = staticmethod(lambda x: is_image(x) or isinstance(x, np.ndarray))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_tensor(inpt)


class ToPILImage(Transform):
    """Image tensors and arrays as PIL images of `mode`."""

    _takes = staticmethod(lambda x: _image_tensor(x) or isinstance(x, np.ndarray))

    def __init__(self, mode: str | None = None):
        super().__init__()
        self.mode = mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_pil_image(inpt, self.mode)


class ToDtype(Transform):
    """Tensors in another dtype; with `scale`, the range of images is scaled with it.

    Args:
        dtype: for images (and plain tensors); or a dictionary of dtypes by type, "others" for the rest. None keeps it.
    """

    _takes = staticmethod(lambda x: isinstance(x, Tensor))

    def __init__(self, dtype: Any, scale: bool = False):
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if isinstance(self.dtype, dict):
            kind = self.dtype.get(type(inpt), self.dtype.get("others"))
        else:
            kind = self.dtype if _image_tensor(inpt) else None
        return inpt if kind is None else F.to_dtype(inpt, kind, self.scale)


class ConvertImageDtype(Transform):
    """Images in another dtype, their range scaled with it."""

    _takes = staticmethod(_image_tensor)

    def __init__(self, dtype: Any = dtypes.float32):
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_dtype(inpt, self.dtype, scale=True)


class Normalize(Transform):
    """`(x - mean) / std` per channel, of float images."""

    _takes = staticmethod(_image_tensor)

    def __init__(self, mean: Any, std: Any, inplace: bool = False):
        super().__init__()
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if any(map(is_image, flat_inputs)):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.normalize(inpt, self.mean, self.std, self.inplace)


class LinearTransformation(Transform):
    """Each image as one vector x: `(x - mean_vector) @ transformation_matrix`."""

    _takes = staticmethod(_image_tensor)

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor):
        super().__init__()
        self._whiten = v1.LinearTransformation(transformation_matrix, mean_vector)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return tv_tensors.wrap(self._whiten(inpt), like=inpt)


class GaussianNoise(Transform):
    """Normal noise added to float images, kept in 0..1 with `clip`."""

    _takes = staticmethod(_image_tensor)

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
        super().__init__()
        self.mean = mean
        self.sigma = sigma
        self.clip = clip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not inpt.dtype.is_floating_point:
            raise ValueError(f"Input tensor is expected to be in float dtype, got dtype={inpt.dtype}")
        noise = made(draw.normal(inpt.shape, inpt.dtype.np)).to(inpt.device)
        out = inpt + self.mean + noise * self.sigma
        return tv_tensors.wrap(out.clamp(0, 1) if self.clip else out, like=inpt)


# ---- mixtures ---------------------------------------------------------------------------------------------------


class _Mix(Transform):
    """Each image of a batch mixed with the one before it, and their labels with them."""

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None, labels_getter: Any = "default"):
        super().__init__()
        self.alpha = float(alpha)
        self.num_classes = num_classes
        self._labels_getter = _find_labels if labels_getter == "default" else labels_getter

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        leaves, spec = flatten(sample)
        if any(is_image(x) or isinstance(x, (tv_tensors.BoundingBoxes, tv_tensors.Mask)) for x in leaves):
            raise ValueError(f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints and masks.")
        labels = self._labels_getter(sample)
        self._check(labels)
        images = [x for x in leaves if x is not labels and _image_tensor(x) and x.ndim == 4]
        if not images:
            raise ValueError("Expected a batched image (B, C, H, W) in the sample")
        if len(images[0]) != len(labels):
            raise ValueError(
                f"The batch size of the image or video does not match the batch size of the labels: {len(images[0])} "
                f"!= {len(labels)}."
            )
        size = (images[0].shape[-2], images[0].shape[-1])
        params = self.mixture(size, float(draw.dirichlet([self.alpha, self.alpha])[0]))
        done = []
        for leaf in leaves:
            if leaf is labels:
                done.append(self._mixed_labels(leaf, params["lam_label"]))
            elif any(leaf is image for image in images):
                done.append(tv_tensors.wrap(self.mix(leaf, params), like=leaf))
            else:
                done.append(leaf)
        return unflatten(done, spec)

    def _check(self, labels: Any) -> None:
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with shape "
                f"(batch_size, num_classes), but got a tensor of shape {tuple(labels.shape)} instead."
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (batch_size,)")
        if labels.ndim == 2 and self.num_classes is not None and labels.shape[-1] != self.num_classes:
            raise ValueError(
                f"When passing 2D labels, the number of elements in last dimension must match num_classes: "
                f"{labels.shape[-1]} != {self.num_classes}. You can Leave num_classes to None."
            )

    def _mixed_labels(self, labels: Tensor, share: float) -> Tensor:
        if labels.ndim == 1:
            labels = nnf.one_hot(labels, num_classes=self.num_classes)
        labels = labels if labels.dtype.is_floating_point else labels.float()
        return ops.roll(labels, (1,), (0,)) * (1.0 - share) + labels * share

    def mixture(self, size: tuple[int, int], lam: float) -> dict[str, Any]:
        """What is drawn for a batch of images of this size."""
        raise NotImplementedError

    def mix(self, images: Tensor, params: dict[str, Any]) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        raise NotImplementedError


def _find_labels(sample: Any) -> Any:
    """The labels of a sample: what stands under a key that says so, or the second of two."""
    if isinstance(sample, (tuple, list)):
        sample = sample[1]
    if isinstance(sample, Tensor):
        return sample
    keys = sorted((key for key in sample if "label" in str(key).lower()), key=lambda key: str(key).lower() != "labels")
    if not keys:
        raise ValueError("Could not infer where the labels are in the sample. Try passing a callable as the labels_getter")
    return sample[keys[0]]


class MixUp(_Mix):
    """Weighted sums of images and of labels (Zhang et al. 2017); the weight is of Beta(alpha, alpha).

    Args:
        num_classes: needed for labels (B,), which become probabilities (B, num_classes).
    """

    def mixture(self, size: tuple[int, int], lam: float) -> dict[str, Any]:
        return {"lam_label": lam}

    def mix(self, images: Tensor, params: dict[str, Any]) -> Tensor:
        share = params["lam_label"]
        return ops.roll(images, (1,), (0,)) * (1.0 - share) + images * share


class CutMix(_Mix):
    """A rectangle of each image from another, labels in proportion (Yun et al. 2019); see MixUp."""

    def mixture(self, size: tuple[int, int], lam: float) -> dict[str, Any]:
        h, w = size
        x, y = draw.integer(0, w), draw.integer(0, h)
        r = 0.5 * math.sqrt(1.0 - lam)
        half_w, half_h = int(r * w), int(r * h)
        x1, y1, x2, y2 = max(x - half_w, 0), max(y - half_h, 0), min(x + half_w, w), min(y + half_h, h)
        return {"box": (y1, x1, y2 - y1, x2 - x1), "lam_label": 1.0 - (x2 - x1) * (y2 - y1) / (w * h)}

    def mix(self, images: Tensor, params: dict[str, Any]) -> Tensor:
        i, j, h, w = params["box"]
        inside = np.zeros(tuple(images.shape[-2:]), bool)
        inside[i : i + h, j : j + w] = True
        return ops.where(made(inside).to(images.device), ops.roll(images, (1,), (0,)), images)

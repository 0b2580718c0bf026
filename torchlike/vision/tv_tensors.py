"""`torchvision.tv_tensors`: tensors that say what they are, so that transforms treat each as it should be."""

from __future__ import annotations

import enum
from typing import Any

from torchlike.base.errors import absent
from torchlike.tensor import Tensor
from torchlike.tensor.creation import as_tensor
from torchlike.vision._pillow import is_image
from torchlike.vision.transforms._conversion import pil_to_tensor

__all__ = ["BoundingBoxFormat", "BoundingBoxes", "Image", "Mask", "TVTensor", "Video", "wrap"]


class BoundingBoxFormat(enum.Enum):
    """How boxes are written."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"


class TVTensor(Tensor):
    """A tensor with a meaning. What operations make of it is a plain tensor; `wrap` gives the meaning back."""

    def __new__(
        cls, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool | None = None, **kwargs: Any
    ) -> Any:
        plain = pil_to_tensor(data) if is_image(data) else as_tensor(data, dtype=dtype, device=device)
        if dtype is not None:
            plain = plain.to(dtype)
        made = cls._of(plain)
        if requires_grad is not None:
            made.requires_grad_(requires_grad)
        return made

    @classmethod
    def _of(cls, plain: Tensor) -> Any:
        made = Tensor.__new__(cls)
        made._become(plain)
        made._rg, made._node, made._nr = plain._rg, plain._node, plain._nr
        if plain._strides is not None:
            made._strides = plain._strides
        return made

    def __init__(self, *args: Any, **kwargs: Any):
        pass

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuilt, (type(self), self.detach(), {k: v for k, v in vars(self).items() if k in _META})


_META = ("format", "canvas_size")


def _rebuilt(cls: type, plain: Tensor, meta: dict[str, Any]) -> Any:
    made = cls._of(plain)  # type: ignore[attr-defined]  # one of the classes here
    for name, value in meta.items():
        setattr(made, name, value)
    return made


class Image(TVTensor):
    """An image (..., C, H, W), also from PIL's; (H, W) becomes (1, H, W)."""

    def __new__(cls, data: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls, data, **kwargs)
        if made.ndim < 2:
            raise ValueError(f"an image has two dimensions at least, got {made.ndim}")
        return cls._of(made.unsqueeze(0)) if made.ndim == 2 else made


class Video(TVTensor):
    """A video (..., T, C, H, W)."""


class Mask(TVTensor):
    """Classes or instances of the pixels, (..., H, W)."""


class BoundingBoxes(TVTensor):
    """Boxes (N, 4) on a canvas of (height, width).

    Args:
        format: a BoundingBoxFormat, or its name.
    """

    format: BoundingBoxFormat
    canvas_size: tuple[int, int]

    def __new__(cls, data: Any, *, format: Any, canvas_size: tuple[int, int], **kwargs: Any) -> Any:
        made = super().__new__(cls, data, **kwargs)
        if made.ndim == 1:
            made = cls._of(made.unsqueeze(0))
        made.format = BoundingBoxFormat[format.upper()] if isinstance(format, str) else format
        made.canvas_size = tuple(canvas_size)
        return made


def wrap(wrappee: Tensor, *, like: Any, **kwargs: Any) -> Any:
    """`wrappee` as what `like` is; of boxes the format and the canvas, too, unless others are given."""
    made: Any = type(like)._of(wrappee) if isinstance(like, TVTensor) else wrappee
    if isinstance(like, BoundingBoxes):
        made.format = kwargs.get("format", like.format)
        made.canvas_size = tuple(kwargs.get("canvas_size", like.canvas_size))
    return made


__getattr__ = absent("torchvision.tv_tensors")

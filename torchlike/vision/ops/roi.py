"""Features of regions: each box of an image made a grid of the same size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.func.jax_bridge import from_jax
from torchlike.nn import Module
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import full

__all__ = ["RoIAlign", "RoIPool", "roi_align", "roi_pool"]


def _with_image(boxes: Any) -> Tensor:
    """Boxes (K, 5), the image's number first, also from a list of boxes (L, 4) for each image.

    Raises:
        ValueError, TypeError: for other shapes.
    """
    if isinstance(boxes, (list, tuple)):
        if any(b.ndim != 2 or b.shape[1] != 4 for b in boxes):
            raise ValueError("The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]")
        return ops.cat([ops.cat([full((len(b), 1), i, dtype=b.dtype, device=b.device), b], 1) for i, b in enumerate(boxes)], 0)
    if isinstance(boxes, Tensor):
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise ValueError("The boxes tensor shape is not correct as Tensor[K, 5]")
        return boxes
    raise TypeError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[-1]))


def _linear(features: Any, y: Any, x: Any) -> Any:
    """(C, H, W) at places (A,) x (B,) -> (C, A, B); beyond a pixel outside it is 0, within one it is the edge."""

    def taps(at: Any, size: int) -> tuple[Any, Any]:
        inside = (at >= -1.0) & (at <= size)
        at = jnp.clip(at, 0, size - 1)
        low = jnp.floor(at).astype(jnp.int32)
        share = at - low
        where = jnp.stack([low, jnp.minimum(low + 1, size - 1)])
        return where, jnp.stack([1 - share, share]) * inside

    def matrix(at: Any, size: int) -> Any:
        where, weights = taps(at, size)
        return sum(jax.nn.one_hot(where[i], size, dtype=features.dtype) * weights[i][:, None] for i in range(2))

    return jnp.einsum(
        "ah,chw,bw->cab", matrix(y, features.shape[1]), features, matrix(x, features.shape[2]), precision="highest"
    )


def _align(features: Any, boxes: Any, *, size: tuple[int, int], scale: float, counts: tuple[int, int], aligned: bool) -> Any:
    def one(box: Any) -> Any:
        image = box[0].astype(jnp.int32)
        x1, y1, x2, y2 = box[1:] * scale - (0.5 if aligned else 0.0)
        w, h = x2 - x1, y2 - y1
        if not aligned:
            w, h = jnp.maximum(w, 1.0), jnp.maximum(h, 1.0)
        places = []
        for start, extent, bins, n in ((y1, h, size[0], counts[0]), (x1, w, size[1], counts[1])):
            steps = (jnp.arange(bins)[:, None] + (jnp.arange(n) + 0.5)[None, :] / n).reshape(-1)
            places.append(start + steps * (extent / bins))
        sampled = _linear(features[image], *places)
        return sampled.reshape(-1, size[0], counts[0], size[1], counts[1]).mean((2, 4))

    return jax.vmap(one)(boxes.astype(features.dtype))


def roi_align(
    input: Tensor,
    boxes: Any,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """Means of places inside each part of each box (He et al. 2017, Mask R-CNN): (B, C, H, W) -> (K, C, *output_size).

    Args:
        boxes: (K, 5), the image's number and x1, y1, x2, y2; or a list of (L, 4), one for each image.
        spatial_scale: the size of `input` by that of the image that boxes are measured in.
        sampling_ratio: how many places along each side of a part; where it is not positive, as many as there are pixels
            between, which depends on the box, so that the boxes' values are looked at.
        aligned: a pixel's centre is at half a pixel.
    """
    rois = _with_image(boxes)
    size = _pair(output_size)
    if sampling_ratio > 0 or len(rois) == 0:
        counts = (max(int(sampling_ratio), 1),) * 2
        return _run(_align, input, rois, size=size, scale=float(spatial_scale), counts=counts, aligned=aligned)
    sides = (rois[:, 3:] - rois[:, 1:3]).detach()._read().numpy() * np.float32(spatial_scale)  # width, height
    sides = sides if aligned else np.maximum(sides, 1.0)
    wanted = np.maximum(np.ceil(sides[:, ::-1] / np.asarray(size, np.float32)), 0 if aligned else 1).astype(int)
    out: list[Any] = [None] * len(rois)
    for counts in sorted({(int(h), int(w)) for h, w in wanted}):
        chosen = [i for i, have in enumerate(wanted) if tuple(have) == counts]
        n = (max(counts[0], 1), max(counts[1], 1))
        part = _run(_align, input, rois[chosen], size=size, scale=float(spatial_scale), counts=n, aligned=aligned)
        for row, i in enumerate(chosen):
            out[i] = part[row]
    return ops.stack(out, 0)


def _pool(features: Any, boxes: Any, *, size: tuple[int, int], scale: float) -> Any:
    h, w = features.shape[-2:]

    def one(box: Any) -> Any:
        image = box[0].astype(jnp.int32)
        x1, y1, x2, y2 = _half_away(box[1:] * scale)
        masks = []
        for start, end, bins, length in ((y1, y2, size[0], h), (x1, x2, size[1], w)):
            extent = jnp.maximum(end - start + 1, 1) / bins
            low = jnp.clip(jnp.floor(jnp.arange(bins) * extent) + start, 0, length)
            high = jnp.clip(jnp.ceil((jnp.arange(bins) + 1) * extent) + start, 0, length)
            at = jnp.arange(length)
            masks.append((at >= low[:, None]) & (at < high[:, None]))  # (bins, length)
        rows = jnp.where(masks[0][:, None, :, None], features[image][None], -jnp.inf).max(2)  # (bins, C, W)
        cells = jnp.where(masks[1][None, :, None, :], rows[:, None], -jnp.inf).max(-1)  # (bins, bins, C)
        return jnp.where(jnp.isneginf(cells), 0, cells).transpose(2, 0, 1)

    return jax.vmap(one)(boxes.astype(features.dtype)).astype(features.dtype)


def _half_away(x: Any) -> Any:
    """Rounded as C does it."""
    return jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)


def roi_pool(input: Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0) -> Tensor:
    """Maxima of the pixels inside each part of each box (Girshick 2015, Fast R-CNN): (B, C, H, W) -> (K, C, *output_size)."""
    return _run(_pool, input, _with_image(boxes), size=_pair(output_size), scale=float(spatial_scale))


_RECORDED: dict[Callable, Callable] = {}


def _run(kernel: Callable, *args: Any, **static: Any) -> Tensor:
    if kernel not in _RECORDED:
        _RECORDED[kernel] = from_jax(kernel)
    return _RECORDED[kernel](*args, **static)


class RoIAlign(Module):
    """`roi_align` as a layer."""

    def __init__(self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False):
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def __repr__(self) -> str:
        names = ("output_size", "spatial_scale", "sampling_ratio", "aligned")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


class RoIPool(Module):
    """`roi_pool` as a layer."""

    def __init__(self, output_size: Any, spatial_scale: float):
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale})"

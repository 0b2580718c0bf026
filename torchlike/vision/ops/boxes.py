"""Boxes (N, 4), by default x1, y1, x2, y2 in pixels: areas, overlaps, and which to keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import absent
from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.tensor import bare

__all__ = [
    "batched_nms", "box_area", "box_convert", "box_iou", "clip_boxes_to_image", "complete_box_iou", "distance_box_iou",
    "generalized_box_iou", "masks_to_boxes", "nms", "remove_small_boxes",
]  # fmt: skip

_FORMATS = ("xyxy", "xywh", "cxcywh")


# ---- which to keep ----------------------------------------------------------------------------------------------


def _suppressed(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray | None, threshold: float) -> np.ndarray:
    """The numbers of the boxes that no better box of their class overlaps by more than the threshold, the best first."""
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = (np.ascontiguousarray(side) for side in boxes[order].T)
    areas = (x2 - x1) * (y2 - y1)
    kinds = None if classes is None else classes[order]
    alive = np.ones(len(order), bool)
    kept = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = slice(i + 1, None)
        w = np.maximum(np.minimum(x2[i], x2[rest]) - np.maximum(x1[i], x1[rest]), 0)
        h = np.maximum(np.minimum(y2[i], y2[rest]) - np.maximum(y1[i], y1[rest]), 0)
        inter = w * h
        with np.errstate(invalid="ignore", divide="ignore"):
            over = inter / (areas[i] + areas[rest] - inter) > threshold
        alive[rest] &= ~(over if kinds is None else over & (kinds[rest] == kinds[i]))
    return order[kept].astype(np.int64)


def _values(x: Tensor) -> np.ndarray:
    array = x.detach()._read().numpy()
    return array.astype(np.float32) if x.dtype in (dtypes.float16, dtypes.bfloat16) else array


def _kept(boxes: Tensor, scores: Tensor, classes: Tensor | None, threshold: float) -> Tensor:
    numbers = None if classes is None else _values(classes)
    found = _suppressed(_values(boxes), _values(scores), numbers, float(threshold))
    return bare(host(found)).to(boxes.device)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The numbers of the boxes that stay when each takes out those that overlap it by more than the threshold, best first.

    How many stay depends on the values, so that they are looked at, on the host. Returns int64 (kept,).

    Raises:
        ValueError: for boxes that are not (N, 4) and scores that are not (N,).

    >>> from torchlike import tensor
    >>> boxes = tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    >>> nms(boxes, tensor([0.5, 0.9, 0.1]), 0.5).tolist()
    [1, 2]
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes should be of shape (N, 4), got {tuple(boxes.shape)}")
    if scores.ndim != 1 or scores.shape[0] != boxes.shape[0]:
        raise ValueError(f"boxes and scores should have the same number of elements, got {len(boxes)} and {len(scores)}")
    return _kept(boxes, scores, None, iou_threshold)


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` within each class: boxes of different `idxs` (N,) do not take out each other."""
    return _kept(boxes, scores, idxs, iou_threshold)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The numbers of the boxes with both sides of `min_size` at least, int64."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return ((w >= min_size) & (h >= min_size)).nonzero().flatten()


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (..., 4) brought inside an image of (height, width)."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(min=0, max=width), boxes[..., 1::2].clamp(min=0, max=height)
    return ops.stack([x, y], -1).reshape(*boxes.shape)


# ---- what they are ----------------------------------------------------------------------------------------------


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes (..., 4) written another way: "xyxy", "xywh" (corner and size) or "cxcywh" (centre and size).

    Raises:
        ValueError: for another format.
    """
    if in_fmt not in _FORMATS or out_fmt not in _FORMATS:
        raise ValueError("Unsupported Bounding Box Conversions for given in_fmt and out_fmt")
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    if out_fmt == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    return ops.stack([a, b, c, d], -1).to(boxes.dtype)


def _wide(x: Tensor) -> Tensor:
    """In a dtype that products of sides fit into."""
    if x.dtype.is_floating_point:
        return x if x.dtype.itemsize >= 4 else x.float()
    return x if x.dtype in (dtypes.int32, dtypes.int64) else x.int()


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """Areas (N,) of boxes (N, 4)."""
    boxes = _wide(boxes)
    if fmt == "xyxy":
        return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    if fmt not in _FORMATS:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    return boxes[..., 2] * boxes[..., 3]


def _inter_union(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> tuple[Tensor, Tensor]:
    """(N, M) each: what every two boxes have in common, and what they cover together."""
    areas1, areas2 = box_area(boxes1, fmt), box_area(boxes2, fmt)
    if fmt != "xyxy":
        boxes1, boxes2 = box_convert(boxes1, fmt, "xyxy"), box_convert(boxes2, fmt, "xyxy")
    low = ops.maximum(boxes1[..., :, None, :2], boxes2[..., None, :, :2])
    high = ops.minimum(boxes1[..., :, None, 2:], boxes2[..., None, :, 2:])
    sides = _wide(high - low).clamp(min=0)
    inter = sides[..., 0] * sides[..., 1]
    return inter, areas1[..., :, None] + areas2[..., None, :] - inter


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """What every two boxes have in common by what they cover together: (N, 4), (M, 4) -> (N, M)."""
    if fmt not in _FORMATS:
        raise ValueError(f"Unsupported Box IoU Calculation for given fmt {fmt}.")
    inter, union = _inter_union(boxes1, boxes2, fmt)
    return inter / union


def _hull(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """The sides of the smallest box around every two, (N, M, 2)."""
    low = ops.minimum(boxes1[..., :, None, :2], boxes2[..., None, :, :2])
    high = ops.maximum(boxes1[..., :, None, 2:], boxes2[..., None, :, 2:])
    return _wide(high - low).clamp(min=0)


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """`box_iou` less the empty share of the smallest box around both, in [-1, 1] (Rezatofighi et al. 2019)."""
    inter, union = _inter_union(boxes1, boxes2)
    sides = _hull(boxes1, boxes2)
    area = sides[..., 0] * sides[..., 1]
    return inter / union - (area - union) / area


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """`box_iou` less the squared distance of the centres by the squared diagonal around both (Zheng et al. 2019)."""
    boxes1, boxes2 = _wide(boxes1), _wide(boxes2)
    diagonal = (_hull(boxes1, boxes2) ** 2).sum(-1) + eps
    middle1, middle2 = ((b[..., :2] + b[..., 2:]) / 2 for b in (boxes1, boxes2))
    apart = ((middle1[..., :, None, :] - middle2[..., None, :, :]) ** 2).sum(-1)
    return box_iou(boxes1, boxes2) - apart / diagonal


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """`distance_box_iou` less a measure of how the shapes differ (Zheng et al. 2019)."""
    boxes1, boxes2 = _wide(boxes1), _wide(boxes2)
    shape1, shape2 = ((b[..., 2] - b[..., 0]).div(b[..., 3] - b[..., 1]).atan() for b in (boxes1, boxes2))
    v = (4 / np.pi**2) * (shape1[..., :, None] - shape2[..., None, :]) ** 2
    alpha = (v / (1 - box_iou(boxes1, boxes2) + v + eps)).detach()
    return distance_box_iou(boxes1, boxes2, eps) - alpha * v


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The smallest boxes (N, 4), float32, around what is not 0 in masks (N, H, W); the last pixels count by their places."""
    if masks.numel() == 0:
        return bare(host(np.zeros((0, 4), np.float32))).to(masks.device)
    full = masks != 0
    sides: list[Any] = []
    for dim in (1, 2):
        along = full.any(dim).to(dtypes.int32)  # (N, W), then (N, H)
        sides.append((along.argmax(-1), along.shape[-1] - 1 - along.flip(-1).argmax(-1)))
    (x1, x2), (y1, y2) = sides
    return ops.stack([x1, y1, x2, y2], -1).float()


__getattr__ = absent("torchvision.ops.boxes")

"""Losses of boxes (N, 4), x1, y1, x2, y2, pair by pair."""

from __future__ import annotations

import math

from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.vision.ops.focal_loss import reduced

__all__ = ["complete_box_iou_loss", "distance_box_iou_loss", "generalized_box_iou_loss"]


def _parts(boxes1: Tensor, boxes2: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Overlap by union, union, and the sides of the smallest box around both (N, 2)."""
    boxes1, boxes2 = (b if b.dtype.is_floating_point and b.dtype.itemsize >= 4 else b.float() for b in (boxes1, boxes2))
    low, high = ops.maximum(boxes1[..., :2], boxes2[..., :2]), ops.minimum(boxes1[..., 2:], boxes2[..., 2:])
    sides = (high - low).clamp(min=0)
    inter = sides[..., 0] * sides[..., 1]
    areas = [(b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1]) for b in (boxes1, boxes2)]
    union = areas[0] + areas[1] - inter
    hull = ops.maximum(boxes1[..., 2:], boxes2[..., 2:]) - ops.minimum(boxes1[..., :2], boxes2[..., :2])
    return inter / (union + eps), union, hull


def generalized_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """1 - the generalized overlap (Rezatofighi et al. 2019)."""
    iou, union, hull = _parts(boxes1, boxes2, eps)
    area = hull[..., 0] * hull[..., 1]
    return reduced(1 - (iou - (area - union) / (area + eps)), reduction)


def _distance(boxes1: Tensor, boxes2: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    iou, _, hull = _parts(boxes1, boxes2, eps)
    apart = ((boxes1[..., :2] + boxes1[..., 2:] - boxes2[..., :2] - boxes2[..., 2:]) / 2) ** 2
    return 1 - iou + apart.sum(-1) / ((hull**2).sum(-1) + eps), iou


def distance_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """1 - the overlap + the distance of the centres (Zheng et al. 2019)."""
    return reduced(_distance(boxes1, boxes2, eps)[0], reduction)


def complete_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """`distance_box_iou_loss` and a measure of how the shapes differ (Zheng et al. 2019)."""
    loss, iou = _distance(boxes1, boxes2, eps)
    shape1, shape2 = ((b[..., 2] - b[..., 0]).div(b[..., 3] - b[..., 1]).atan() for b in (boxes1, boxes2))
    v = (4 / math.pi**2) * (shape2 - shape1) ** 2
    alpha = (v / (1 - iou + v + eps)).detach()
    return reduced(loss + alpha * v, reduction)

"""`torchvision.ops`: boxes, features of regions, layers."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision.ops import boxes, feature_pyramid_network, focal_loss, misc
from torchlike.vision.ops.box_losses import complete_box_iou_loss, distance_box_iou_loss, generalized_box_iou_loss
from torchlike.vision.ops.boxes import (
    batched_nms,
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
    masks_to_boxes,
    nms,
    remove_small_boxes,
)
from torchlike.vision.ops.feature_pyramid_network import FeaturePyramidNetwork
from torchlike.vision.ops.focal_loss import sigmoid_focal_loss
from torchlike.vision.ops.misc import (
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    ConvNormActivation,
    FrozenBatchNorm2d,
    Permute,
    SqueezeExcitation,
)
from torchlike.vision.ops.roi import RoIAlign, RoIPool, roi_align, roi_pool
from torchlike.vision.ops.stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "MLP", "Conv2dNormActivation", "Conv3dNormActivation", "ConvNormActivation", "FeaturePyramidNetwork", "FrozenBatchNorm2d",
    "Permute", "RoIAlign", "RoIPool", "SqueezeExcitation", "StochasticDepth", "batched_nms", "box_area", "box_convert",
    "box_iou", "boxes", "clip_boxes_to_image", "complete_box_iou", "complete_box_iou_loss", "distance_box_iou",
    "distance_box_iou_loss", "feature_pyramid_network", "focal_loss", "generalized_box_iou", "generalized_box_iou_loss",
    "masks_to_boxes", "misc", "nms", "remove_small_boxes", "roi_align", "roi_pool", "sigmoid_focal_loss", "stochastic_depth",
]  # fmt: skip

__getattr__ = absent("torchvision.ops")

"""The focal loss."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.nn import functional as F
from torchlike.tensor import Tensor

__all__ = ["sigmoid_focal_loss"]


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The loss as it is, its mean or its sum. Raises ValueError for another reduction."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: 'none', 'mean', 'sum'")
    if reduction == "mean":
        return loss.mean() if loss.numel() else 0.0 * loss.sum()
    return loss.sum() if reduction == "sum" else loss


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """Binary cross entropy that counts easy examples less (Lin et al. 2017, Focal Loss for Dense Object Detection).

    Args:
        inputs: logits of any shape. targets: 0 or 1, of the same shape.
        alpha: the weight of 1 (that of 0 is 1 - alpha); negative for none. gamma: how much less easy examples count.
        reduction: "none", "mean" or "sum".
    """
    if not (0 <= alpha <= 1) and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    p = inputs.sigmoid()
    right = p * targets + (1 - p) * (1 - targets)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none") * (1 - right) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return reduced(loss, reduction)


__getattr__ = absent("torchvision.ops.focal_loss")

"""Normalization and ReLU on integers."""

from __future__ import annotations

from torchlike.ao.nn.quantized.modules import batchnorm

__all__ = ["BNReLU2d", "BNReLU3d"]


class BNReLU2d(batchnorm.BatchNorm2d):
    """`relu(batch_norm(x))`."""

    relu = True


class BNReLU3d(batchnorm.BatchNorm3d):
    """`relu(batch_norm(x))`."""

    relu = True

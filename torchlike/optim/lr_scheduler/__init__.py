"""Learning-rate schedulers. They only set numbers in the optimizer's groups; a new rate compiles nothing."""

from __future__ import annotations

from torchlike.optim.lr_scheduler.base import EPOCH_DEPRECATION_WARNING, LRScheduler, _enable_get_lr_call
from torchlike.optim.lr_scheduler.composed import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from torchlike.optim.lr_scheduler.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from torchlike.optim.lr_scheduler.decay import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)

_LRScheduler = LRScheduler  # the name of older scripts

__all__ = [
    "EPOCH_DEPRECATION_WARNING",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

"""Optimizers and learning-rate schedulers."""

from __future__ import annotations

from torchlike.optim import lr_scheduler, optimizer, rules
from torchlike.optim.adam import Adam, AdamW
from torchlike.optim.optimizer import Optimizer
from torchlike.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler", "optimizer", "rules"]

"""torchmetrics: metrics that are updated, reset and collected."""

from __future__ import annotations

import torch
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import (
    BinaryAUROC,
    BinaryAveragePrecision,
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
)
from torchmetrics.regression import MeanAbsoluteError, MeanSquaredError, PearsonCorrCoef, R2Score

torch.manual_seed(0)
guess, truth = torch.randn(20, 3).softmax(-1), torch.randint(0, 3, (20,))
metrics = MetricCollection([MulticlassAccuracy(3), MulticlassF1Score(3), MulticlassConfusionMatrix(3)])
metrics.update(guess, truth)
metrics.update(guess.flip(0), truth)
for name, value in metrics.compute().items():
    print(name, value.tolist())
scores, hits = torch.rand(30), torch.randint(0, 2, (30,))
for binary in (BinaryAUROC(), BinaryAveragePrecision()):
    print(type(binary).__name__, binary(scores, hits).item())
a, b = torch.randn(10), torch.randn(10)
for regression in (MeanSquaredError(), MeanAbsoluteError(), R2Score(), PearsonCorrCoef()):
    print(type(regression).__name__, regression(a, b).item())
mean = MeanMetric()
mean(1.0)
mean(torch.tensor([2.0, 3.0]))
print("mean", mean.compute().item())
mean.reset()
mean.update(4.0)
print("after reset", mean.compute().item())

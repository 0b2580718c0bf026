"""Models to export, each with its inputs and what of them may change."""

from __future__ import annotations

from typing import Any

import pytest

import torchlike as torch
from torchlike import nn


class Cnn(nn.Module):
    """Convolutions, a normalization, and a view that asks for the batch's size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.pool = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.MaxPool2d(2)
        self.fc = nn.Linear(4 * 4 * 4, 5)

    def forward(self, x: Any) -> Any:
        x = self.pool(self.norm(self.conv(x)).relu())
        return self.fc(x.view(x.size(0), -1))


class Named(nn.Module):
    """Trees in, trees out, a keyword, a constant and a buffer that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, pair: Any, *, scale: Any, twice: bool = False) -> Any:
        self.calls.add_(1)
        x = self.linear(pair["a"]) * scale
        return {"x": x * 2 if twice else x, "rest": (pair["b"].transpose(0, 1), None)}


class Text(nn.Module):
    """An embedding, an LSTM, and the last state of each sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.lstm, self.out = nn.Embedding(20, 8), nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, tokens: Any) -> Any:
        return self.out(self.lstm(self.embedding(tokens))[0][:, -1])


def transformer() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False)


MODELS: dict[str, Any] = {
    "cnn": (Cnn, lambda b: (torch.randn(b, 3, 8, 8),)),
    "text": (Text, lambda b: (torch.randint(0, 20, (b, 7)),)),
    "transformer": (transformer, lambda b: (torch.randn(b, 5, 8),)),
}
NAMES = ["cnn", "text", pytest.param("transformer", marks=pytest.mark.full)]

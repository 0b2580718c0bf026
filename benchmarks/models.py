"""The models, in torch style: each is written once, as a function of what `torch` means."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Batch = tuple[np.ndarray, np.ndarray]
EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Case:
    """One training job to be timed.

    Attributes:
        title: what the table calls it.
        build: `torch -> model`.
        optimizer: `(torch, parameters) -> optimizer`.
        batch: `rng -> (x, y)`, one batch; y holds class numbers, one for each row of the logits.
        batches: how many different batches the loop goes through, again and again.
    """

    title: str
    build: Callable[[ModuleType], Any]
    optimizer: Callable[[ModuleType, Any], Any]
    batch: Callable[[np.random.Generator], Batch]
    batches: int = 8


def mlp(*widths: int) -> Callable[[ModuleType], Any]:
    """Linear layers with ReLU between them: (N, widths[0]) -> (N, widths[-1])."""

    def build(torch: ModuleType) -> Any:
        layers = []
        for wide_in, wide_out in pairwise(widths):
            layers += [torch.nn.Linear(wide_in, wide_out), torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    return build


def resnet(torch: ModuleType) -> Any:
    """A residual network for small images, nine convolutions: (N, 3, 32, 32) -> (N, 10)."""
    nn = torch.nn
    F = nn.functional

    class Block(nn.Module):
        def __init__(self, channels_in: int, channels: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(channels)
            self.shortcut = nn.Sequential()
            if stride != 1 or channels_in != channels:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels)
                )

        def forward(self, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            return F.relu(y + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(16)
            self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
            self.fc = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            x = F.relu(self.bn(self.conv(x)))  # (N, 16, 32, 32)
            x = self.blocks(x)  # (N, 64, 8, 8)
            return self.fc(x.mean(dim=(2, 3)))

    return ResNet()


GPT_SIZE = {"vocabulary": 96, "context": 64, "layers": 4, "width": 128, "heads": 4}


def gpt(torch: ModuleType, layers: int = GPT_SIZE["layers"]) -> Any:
    """The GPT of `examples/char_lm.py`, without dropout: (N, T) int64 -> (N * T, vocabulary)."""
    source = (EXAMPLES / "char_lm.py").read_text().replace("import torchlike as torch\n", "")
    example: Any = ModuleType(f"char_lm_{torch.__name__}")
    example.torch = torch
    sys.modules[example.__name__] = example  # torch.compile looks functions up by their module
    exec(compile(source, "examples/char_lm.py", "exec"), example.__dict__)

    class Flat(example.GPT):
        def forward(self, x: Any) -> Any:
            return super().forward(x).flatten(0, 1)

    return Flat(**{**GPT_SIZE, "layers": layers}, dropout=0.0)


SEQUENCE = {"vocabulary": 96, "steps": 64, "width": 128, "layers": 2, "heads": 4}


def recurrent(kind: str) -> Callable[[ModuleType], Any]:
    """A language model of two recurrent layers, `nn.LSTM` or `nn.GRU`: (N, T) int64 -> (N * T, vocabulary)."""

    def build(torch: ModuleType) -> Any:
        nn = torch.nn

        class Model(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                size = SEQUENCE["width"]
                self.tokens = nn.Embedding(SEQUENCE["vocabulary"], size)
                self.rnn = getattr(nn, kind)(size, size, SEQUENCE["layers"], batch_first=True)
                self.fc = nn.Linear(size, SEQUENCE["vocabulary"])

            def forward(self, x: Any) -> Any:
                return self.fc(self.rnn(self.tokens(x))[0]).flatten(0, 1)

        return Model()

    return build


def transformer(torch: ModuleType) -> Any:
    """A tagger on `nn.TransformerEncoder`, without dropout: (N, T) int64 -> (N * T, vocabulary)."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            size = SEQUENCE["width"]
            self.tokens = nn.Embedding(SEQUENCE["vocabulary"], size)
            layer = nn.TransformerEncoderLayer(size, SEQUENCE["heads"], 4 * size, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, SEQUENCE["layers"], enable_nested_tensor=False)
            self.fc = nn.Linear(size, SEQUENCE["vocabulary"])

        def forward(self, x: Any) -> Any:
            return self.fc(self.encoder(self.tokens(x))).flatten(0, 1)

    return Model()


def rows(count: int, width: int, classes: int) -> Callable[[np.random.Generator], Batch]:
    """Batches of `count` random rows."""
    return lambda rng: (rng.standard_normal((count, width), np.float32), rng.integers(0, classes, count))


def images(rng: np.random.Generator) -> Batch:
    """A batch of 32 random colour images."""
    return rng.standard_normal((32, 3, 32, 32), np.float32), rng.integers(0, 10, 32)


def text(rng: np.random.Generator) -> Batch:
    """A batch of 16 random texts, each character to be answered by the next."""
    tokens = rng.integers(0, GPT_SIZE["vocabulary"], (16, GPT_SIZE["context"] + 1))
    return tokens[:, :-1].copy(), tokens[:, 1:].reshape(-1)


def sentences(rng: np.random.Generator) -> Batch:
    """A batch of 32 random texts, each character to be answered by another."""
    shape = (32, SEQUENCE["steps"])
    return rng.integers(0, SEQUENCE["vocabulary"], shape), rng.integers(0, SEQUENCE["vocabulary"], shape).reshape(-1)


def adam(torch: ModuleType, parameters: Any) -> Any:
    return torch.optim.Adam(parameters, lr=1e-3)


def adamw(torch: ModuleType, parameters: Any) -> Any:
    return torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)


def sgd(torch: ModuleType, parameters: Any) -> Any:
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=5e-4)


CASES = {
    "tiny": Case("tiny MLP", mlp(32, 128, 128, 10), adam, rows(128, 32, 10)),
    "mid": Case("mid MLP", mlp(784, 512, 512, 10), adam, rows(128, 784, 10)),
    "deep": Case("20-layer MLP", mlp(64, *[256] * 19, 10), adam, rows(64, 64, 10)),
    "resnet": Case("ResNet, 32x32", resnet, sgd, images),
    "gpt": Case("GPT, 4 layers", gpt, adamw, text),
    "lstm": Case("LSTM, 2 layers", recurrent("LSTM"), adam, sentences),
    "gru": Case("GRU, 2 layers", recurrent("GRU"), adam, sentences),
    "transformer": Case("Transformer encoder, 2 layers", transformer, adam, sentences),
}

"""Models to write as ONNX, each with its inputs for a batch of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torchlike as torch
from tests.export.models import MODELS
from torchlike import nn
from torchlike.vision import models as vision

F = nn.functional


class Recurrent(nn.Module):
    """A recurrent network over tokens, and a linear map of its outputs."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(20, 8), getattr(nn, kind)(8, 6, batch_first=True, **options)
        self.out = nn.Linear(12 if options.get("bidirectional") else 6, 3)

    def forward(self, tokens: Any) -> Any:
        return self.out(self.rnn(self.embedding(tokens))[0])


class Gpt(nn.Module):
    """A block of causal attention over tokens, with tied weights."""

    def __init__(self, size: int = 16, heads: int = 2, context: int = 8) -> None:
        super().__init__()
        self.tokens, self.positions, self.heads = nn.Embedding(30, size), nn.Embedding(context, size), heads
        self.norm, self.qkv, self.proj = nn.LayerNorm(size), nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, tokens: Any) -> Any:
        B, T = tokens.shape
        x = self.tokens(tokens) + self.positions(torch.arange(T))  # (B, T, C)
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm(x)).chunk(3, -1))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, heads, T, D)
        x = x + self.proj(attended.transpose(1, 2).reshape(B, T, -1))
        return (x + self.mlp(x)) @ self.tokens.weight.T


class Autoencoder(nn.Module):
    """Down by convolutions, up by a transposed convolution and by interpolation, and a skip between them."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.LeakyReLU(0.1))
        self.middle = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.GroupNorm(2, 8), nn.Hardswish())
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)
        self.out = nn.Conv2d(16, 3, 1)

    def forward(self, x: Any) -> Any:
        small = self.down(x)
        x = torch.cat([self.up(self.middle(small)), small], 1)
        return F.interpolate(self.out(x), scale_factor=2, mode="nearest").sigmoid()


class Bags(nn.Module):
    """Two inputs: categories, whose embeddings are averaged, and numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.cross = nn.Embedding(15, 6), nn.Bilinear(6, 4, 5)

    def forward(self, categories: Any, numbers: Any) -> Any:
        mean = self.embedding(categories).mean(1)
        return F.log_softmax(self.cross(mean, numbers), -1)


def tokens(upto: int, length: int) -> Callable[[int], tuple]:
    return lambda b: (torch.randint(0, upto, (b, length)),)


def images(size: int) -> Callable[[int], tuple]:
    return lambda b: (torch.randn(b, 3, size, size),)


def settled(model: nn.Module, args: tuple) -> nn.Module:
    """The model in evaluation, with statistics of a batch and without weights of zeros: its results are of ordinary size."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    for p in model.parameters():
        if p.ndim > 1 and not p.any():
            nn.init.normal_(p)
    with torch.no_grad():
        model.train()(*args)
    return model.eval()


# name -> (makes the model, makes its inputs)
CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[int], tuple]]] = {
    **MODELS,
    "mlp": (
        lambda: nn.Sequential(nn.Linear(8, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2), nn.Softmax(-1)),
        lambda b: (torch.randn(b, 8),),
    ),
    "vision": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.MaxPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
        ),
        images(16),
    ),
    "lstm, two layers both ways": (lambda: Recurrent("LSTM", num_layers=2, bidirectional=True), tokens(20, 5)),
    "gru": (lambda: Recurrent("GRU"), tokens(20, 5)),
    "gpt": (Gpt, tokens(30, 8)),
    "autoencoder": (Autoencoder, images(16)),
    "two inputs": (Bags, lambda b: (torch.randint(0, 15, (b, 3)), torch.randn(b, 4))),
    "sequences": (
        lambda: nn.Sequential(nn.Conv1d(4, 8, 3, padding=1), nn.ELU(), nn.AvgPool1d(2), nn.InstanceNorm1d(8), nn.Flatten()),
        lambda b: (torch.randn(b, 4, 12),),
    ),
    **{
        name: (lambda name=name: vision.get_model(name, num_classes=10), images(64))
        for name in (
            "resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5", "efficientnet_b0",
            "regnet_y_400mf", "densenet121", "convnext_tiny",
        )
    },
    "vit": (
        lambda: vision.VisionTransformer(
            image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=10
        ),
        images(32),
    ),
}  # fmt: skip
SHORT = ("mlp", "vision", "gpt", "two inputs", "autoencoder")

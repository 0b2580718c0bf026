"""Swin transformers (Liu et al. 2021 and 2022), whose attention looks at windows that move from block to block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import as_tensor, ones, zeros
from torchlike.vision.models._api import family
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import MLP, Permute
from torchlike.vision.ops.stochastic_depth import StochasticDepth

__all__ = ["SwinTransformer"]

Layer = Callable[..., nn.Module]


def _quarters(x: Tensor) -> Tensor:
    """Each 2x2 pixels in one: (..., H, W, C) -> (..., H/2, W/2, 4C), odd sizes padded with 0."""
    h, w, _ = x.shape[-3:]
    x = F.pad(x, (0, 0, 0, w % 2, 0, h % 2))
    return ops.cat([x[..., i::2, j::2, :] for j in (0, 1) for i in (0, 1)], -1)


class PatchMerging(nn.Module):
    """Half the size, twice the channels: (..., H, W, C) -> (..., H/2, W/2, 2C)."""

    _normalize_first = True

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm):
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim if self._normalize_first else 2 * dim)

    def forward(self, x: Tensor) -> Tensor:
        x = _quarters(x)
        return self.reduction(self.norm(x)) if self._normalize_first else self.norm(self.reduction(x))


class PatchMergingV2(PatchMerging):
    """Normalizes last."""

    _normalize_first = False


def _windows(x: Tensor, size: Sequence[int]) -> Tensor:
    """(B, H, W, C) -> (B * windows, pixels of a window, C)."""
    b, h, w, c = x.shape
    x = x.view(b, h // size[0], size[0], w // size[1], size[1], c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, size[0] * size[1], c)


def _mask(height: int, width: int, size: Sequence[int], shift: Sequence[int]) -> np.ndarray:
    """(windows, pixels, pixels): -100 between pixels that came next to each other only by moving the image around."""
    region = np.zeros((height, width), np.float32)
    count = 0
    for rows in (slice(0, -size[0]), slice(-size[0], -shift[0]), slice(-shift[0], None)):
        for columns in (slice(0, -size[1]), slice(-size[1], -shift[1]), slice(-shift[1], None)):
            region[rows, columns] = count
            count += 1
    parts = region.reshape(height // size[0], size[0], width // size[1], size[1]).transpose(0, 2, 1, 3)
    flat = parts.reshape(-1, size[0] * size[1])
    return np.where(flat[:, None, :] != flat[:, :, None], np.float32(-100), np.float32(0))


class ShiftedWindowAttention(nn.Module):
    """Attention within windows: (B, H, W, C) -> (B, H, W, C).

    Args:
        window_size, shift_size: (height, width), in pixels.
    """

    def __init__(
        self,
        dim: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
        self.window_size = window_size
        self.shift_size = shift_size
        self.num_heads = num_heads
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
        self.define_relative_position_bias_table()
        self.define_relative_position_index()

    def define_relative_position_bias_table(self) -> None:
        """What is learned of each distance."""
        h, w = self.window_size
        self.relative_position_bias_table = nn.Parameter(zeros((2 * h - 1) * (2 * w - 1), self.num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def define_relative_position_index(self) -> None:
        """The number of the distance between each two pixels, (pixels * pixels,)."""
        h, w = self.window_size
        places = np.stack(np.meshgrid(np.arange(h), np.arange(w), indexing="ij")).reshape(2, -1)
        apart = places[:, :, None] - places[:, None, :]
        index = (apart[0] + h - 1) * (2 * w - 1) + apart[1] + w - 1
        self.register_buffer("relative_position_index", as_tensor(index.reshape(-1)))

    def get_relative_position_bias(self) -> Tensor:
        """(1, heads, pixels, pixels)."""
        return self._spread(self.relative_position_bias_table)

    def _spread(self, table: Tensor) -> Tensor:
        n = self.window_size[0] * self.window_size[1]
        return table[self.relative_position_index].view(n, n, -1).permute(2, 0, 1).contiguous().unsqueeze(0)

    def _scores(self, q: Tensor, k: Tensor) -> Tensor:
        return (q * q.shape[-1] ** -0.5).matmul(k.transpose(-2, -1))

    def _qkv(self, x: Tensor) -> Tensor:
        return self.qkv(x)

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        size = self.window_size
        x = F.pad(x, (0, 0, 0, -w % size[1], 0, -h % size[0]))
        height, width = x.shape[1:3]
        shift = [0 if s >= have else by for s, by, have in zip(size, self.shift_size, (height, width), strict=True)]
        if sum(shift) > 0:
            x = ops.roll(x, shifts=(-shift[0], -shift[1]), dims=(1, 2))
        x = _windows(x, size)  # (B * windows, pixels, C)
        n, pixels = x.shape[:2]
        q, k, v = self._qkv(x).reshape(n, pixels, 3, self.num_heads, c // self.num_heads).permute(2, 0, 3, 1, 4)
        scores = self._scores(q, k) + self.get_relative_position_bias()  # (B * windows, heads, pixels, pixels)
        if sum(shift) > 0:
            mask = as_tensor(_mask(height, width, size, shift), device=x.device).to(x.dtype).unsqueeze(1).unsqueeze(0)
            scores = scores.view(b, n // b, self.num_heads, pixels, pixels) + mask
            scores = scores.view(-1, self.num_heads, pixels, pixels)
        weights = F.dropout(F.softmax(scores, dim=-1), p=self.attention_dropout, training=self.training)
        x = weights.matmul(v).transpose(1, 2).reshape(n, pixels, c)
        x = F.dropout(self.proj(x), p=self.dropout, training=self.training)
        x = x.view(b, height // size[0], width // size[1], size[0], size[1], c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b, height, width, c)
        if sum(shift) > 0:
            x = ops.roll(x, shifts=(shift[0], shift[1]), dims=(1, 2))
        return x[:, :h, :w, :].contiguous()


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """Attention by the angle between queries and keys; distances are judged by a small network."""

    def __init__(self, dim: int, window_size: Sequence[int], shift_size: Sequence[int], num_heads: int, **kwargs: Any):
        super().__init__(dim, window_size, shift_size, num_heads, **kwargs)
        self.logit_scale = nn.Parameter((10 * ones((num_heads, 1, 1))).log())
        self.cpb_mlp = nn.Sequential(nn.Linear(2, 512, bias=True), nn.ReLU(inplace=True), nn.Linear(512, num_heads, bias=False))
        if self.qkv.bias is not None:
            length = self.qkv.bias.numel() // 3
            self.qkv.bias[length : 2 * length].data.zero_()

    def define_relative_position_bias_table(self) -> None:
        """The distances, on a scale of logarithms, (1, 2h - 1, 2w - 1, 2)."""
        each = [np.arange(-(n - 1), n, dtype=np.float32) for n in self.window_size]
        table: Any = np.stack(np.meshgrid(*each, indexing="ij"), -1)[None]
        table = table / np.array([n - 1 for n in self.window_size], np.float32) * 8
        table = np.sign(table) * np.log2(np.abs(table) + 1.0) / np.float32(3.0)
        self.register_buffer("relative_coords_table", as_tensor(table.astype(np.float32)))

    def get_relative_position_bias(self) -> Tensor:
        """(1, heads, pixels, pixels)."""
        return 16 * self._spread(self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)).sigmoid()

    def _scores(self, q: Tensor, k: Tensor) -> Tensor:
        cosines = F.normalize(q, dim=-1).matmul(F.normalize(k, dim=-1).transpose(-2, -1))
        return cosines * self.logit_scale.clamp(max=math.log(100.0)).exp()

    def _qkv(self, x: Tensor) -> Tensor:
        bias = self.qkv.bias
        if bias is not None:  # keys have none
            length = bias.numel() // 3
            bias = ops.cat([bias[:length], bias[length : 2 * length] * 0, bias[2 * length :]], 0)
        return F.linear(x, self.qkv.weight, bias)


class SwinTransformerBlock(nn.Module):
    """Attention within windows and two linear layers, each after a normalization and with a way around."""

    _attention: Layer = ShiftedWindowAttention

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer | None = None,
    ):
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = (attn_layer or type(self)._attention)(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout, dropout=dropout
        )
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        for layer in (self.mlp[0], self.mlp[3]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformerBlockV2(SwinTransformerBlock):
    """Normalizes last."""

    _attention = ShiftedWindowAttentionV2

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.norm1(self.attn(x)))
        return x + self.stochastic_depth(self.norm2(self.mlp(x)))


class SwinTransformer(nn.Module):
    """Images (B, 3, H, W) -> (B, num_classes).

    Args:
        patch_size: of the first convolution. embed_dim: the channels of the first stage.
        depths, num_heads: of each stage. window_size: (height, width).
        stochastic_depth_prob: of leaving out the last block; it grows from 0.
    """

    def __init__(
        self,
        patch_size: Sequence[int],
        embed_dim: int,
        depths: Sequence[int],
        num_heads: Sequence[int],
        window_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.1,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
    ):
        super().__init__()
        self.num_classes = num_classes
        norm_layer, block = norm_layer or partial(nn.LayerNorm, eps=1e-5), block or SwinTransformerBlock
        patches = nn.Conv2d(3, embed_dim, (patch_size[0], patch_size[1]), (patch_size[0], patch_size[1]))
        layers: list[nn.Module] = [nn.Sequential(patches, Permute([0, 2, 3, 1]), norm_layer(embed_dim))]
        total, done = sum(depths), 0
        for i, depth in enumerate(depths):
            dim = embed_dim * 2**i
            stage: list[nn.Module] = []
            for j in range(depth):
                stage.append(
                    block(
                        dim,
                        num_heads[i],
                        window_size=window_size,
                        shift_size=[0 if j % 2 == 0 else w // 2 for w in window_size],
                        mlp_ratio=mlp_ratio,
                        dropout=dropout,
                        attention_dropout=attention_dropout,
                        stochastic_depth_prob=stochastic_depth_prob * float(done) / (total - 1),
                        norm_layer=norm_layer,
                    )
                )
                done += 1
            layers.append(nn.Sequential(*stage))
            if i < len(depths) - 1:
                layers.append(downsample_layer(dim, norm_layer))
        self.features = nn.Sequential(*layers)
        width = embed_dim * 2 ** (len(depths) - 1)
        self.norm = norm_layer(width)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.trunc_normal_(m.weight, std=0.02)
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


# Channels, blocks of the third stage, heads of the first, the probability of leaving out.
_SIZES = {"t": (96, 6, 3, 0.2), "s": (96, 18, 3, 0.3), "b": (128, 18, 4, 0.5)}


def _build(size: str, second: bool, **kwargs: Any) -> SwinTransformer:
    width, third, heads, probability = _SIZES[size]
    options: dict[str, Any] = {"stochastic_depth_prob": probability}
    if second:
        options |= {"block": SwinTransformerBlockV2, "downsample_layer": PatchMergingV2}
    window = [8, 8] if second else [7, 7]
    return SwinTransformer([4, 4], width, [2, 2, third, 2], [heads * 2**i for i in range(4)], window, **{**options, **kwargs})


family(
    globals(),
    ENUMS,
    {
        f"swin_{v}{size}": (f"Swin_{v.upper()}{size.upper()}_Weights", partial(_build, size, bool(v)))
        for v in ("", "v2_")
        for size in _SIZES
    },
)

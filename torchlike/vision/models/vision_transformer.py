"""Vision transformers (Dosovitskiy et al. 2020, An Image is Worth 16x16 Words)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from torchlike import nn
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import empty, zeros
from torchlike.vision.models._api import family, fixed
from torchlike.vision.models._weights import ENUMS
from torchlike.vision.ops.misc import MLP, Conv2dNormActivation

__all__ = ["VisionTransformer", "interpolate_embeddings"]

Layer = Callable[..., nn.Module]
_layer_norm = partial(nn.LayerNorm, eps=1e-6)


class ConvStemConfig(NamedTuple):
    """A convolution that makes patches together with others."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Layer = nn.BatchNorm2d
    activation_layer: Layer = nn.ReLU


class MLPBlock(MLP):
    """The two linear layers of a block."""

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float):
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        for layer in (self[0], self[3]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, local_metadata: dict, *rest: Any) -> None:
        version = local_metadata.get("version")
        for old, new in (("linear_1", "0"), ("linear_2", "3")) if version is None or version < 2 else ():
            for kind in ("weight", "bias"):
                if f"{prefix}{old}.{kind}" in state_dict:
                    state_dict[f"{prefix}{new}.{kind}"] = state_dict.pop(f"{prefix}{old}.{kind}")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class EncoderBlock(nn.Module):
    """Attention and two linear layers, each after a normalization and with a way around: (B, T, C) -> (B, T, C)."""

    def __init__(
        self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float, attention_dropout: float, norm_layer: Layer
    ):
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim != 3:
            raise AssertionError(f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Positions added, then the blocks: (B, T, C) -> (B, T, C)."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer,
    ):
        super().__init__()
        self.pos_embedding = nn.Parameter(empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(num_layers):
            layers[f"encoder_layer_{i}"] = EncoderBlock(num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer)
        self.layers = nn.Sequential(layers)
        self.ln = norm_layer(hidden_dim)

    def forward(self, input: Tensor) -> Tensor:
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Images (B, 3, image_size, image_size) -> (B, num_classes), by way of patches (B, T, hidden_dim).

    Args:
        representation_size: the width of a hidden layer before the classes; none by default.
        conv_stem_configs: convolutions that make the patches, instead of one.
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer: Layer = _layer_norm,
        conv_stem_configs: Sequence[ConvStemConfig] | None = None,
    ):
        super().__init__()
        if image_size % patch_size:
            raise AssertionError("Input shape indivisible by patch size!")
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_dim = hidden_dim
        self.mlp_dim = mlp_dim
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.num_classes = num_classes
        self.representation_size = representation_size
        self.norm_layer = norm_layer
        self.conv_proj = _patches(hidden_dim, patch_size, conv_stem_configs)
        self.class_token = nn.Parameter(zeros(1, 1, hidden_dim))
        self.seq_length = (image_size // patch_size) ** 2 + 1  # the class's own token comes first
        self.encoder = Encoder(
            self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
        )
        heads: OrderedDict[str, nn.Module] = OrderedDict()
        if representation_size is not None:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
        heads["head"] = nn.Linear(representation_size or hidden_dim, num_classes)
        self.heads = nn.Sequential(heads)
        self._initialize()

    def _initialize(self) -> None:
        conv = self.conv_proj if isinstance(self.conv_proj, nn.Conv2d) else self.conv_proj.conv_last
        if conv is self.conv_proj:
            nn.init.trunc_normal_(conv.weight, std=math.sqrt(1 / math.prod(conv.weight.shape[1:])))
        else:
            nn.init.normal_(conv.weight, mean=0.0, std=math.sqrt(2.0 / conv.out_channels))
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        if self.representation_size is not None:
            hidden = self.heads.pre_logits
            nn.init.trunc_normal_(hidden.weight, std=math.sqrt(1 / hidden.in_features))
            nn.init.zeros_(hidden.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        for side, given in (("height", h), ("width", w)):
            if given != self.image_size:
                raise AssertionError(f"Wrong image {side}! Expected {self.image_size} but got {given}!")
        return self.conv_proj(x).reshape(n, self.hidden_dim, -1).permute(0, 2, 1)  # (B, T - 1, C)

    def forward(self, x: Tensor) -> Tensor:
        x = self._process_input(x)
        x = ops.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1)
        return self.heads(self.encoder(x)[:, 0])


def _patches(hidden_dim: int, patch_size: int, configs: Sequence[ConvStemConfig] | None) -> nn.Module:
    if configs is None:
        return nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
    stem, width = nn.Sequential(), 3
    for i, c in enumerate(configs):
        conv = Conv2dNormActivation(
            width, c.out_channels, c.kernel_size, c.stride, norm_layer=c.norm_layer, activation_layer=c.activation_layer
        )
        stem.add_module(f"conv_bn_relu_{i}", conv)
        width = c.out_channels
    stem.add_module("conv_last", nn.Conv2d(width, hidden_dim, kernel_size=1))
    return stem


def interpolate_embeddings(
    image_size: int,
    patch_size: int,
    model_state: Mapping[str, Tensor],
    interpolation_mode: str = "bicubic",
    reset_heads: bool = False,
) -> Mapping[str, Tensor]:
    """A state_dict whose positions (1, T, C) are resized to those of images of another size.

    Args:
        reset_heads: leave out the classes.

    Raises:
        ValueError: for positions of another rank, or of images that were not square.
    """
    positions = model_state["encoder.pos_embedding"]
    n, length, width = positions.shape
    if n != 1:
        raise ValueError(f"Unexpected position embedding shape: {positions.shape}")
    new_side, side = image_size // patch_size, math.isqrt(length - 1)
    if new_side**2 + 1 == length:
        return model_state
    if side * side != length - 1:
        raise ValueError(f"seq_length is not a perfect square! Instead got seq_length_1d * seq_length_1d = {side * side}")
    grid = positions[:, 1:].permute(0, 2, 1).reshape(1, width, side, side)
    resized = F.interpolate(grid, size=new_side, mode=interpolation_mode, align_corners=True)
    made = OrderedDict(model_state)
    made["encoder.pos_embedding"] = ops.cat([positions[:, :1], resized.reshape(1, width, -1).permute(0, 2, 1)], 1)
    return OrderedDict((k, v) for k, v in made.items() if not (reset_heads and k.startswith("heads")))


# Patch, layers, heads, width, width of the linear layers.
_SIZES = {"b_16": (16, 12, 12, 768, 3072), "b_32": (32, 12, 12, 768, 3072), "l_16": (16, 24, 16, 1024, 4096),
          "l_32": (32, 24, 16, 1024, 4096), "h_14": (14, 32, 16, 1280, 5120)}  # fmt: skip


def _build(size: str, **kwargs: Any) -> VisionTransformer:
    patch, layers, heads, width, hidden = _SIZES[size]
    return VisionTransformer(kwargs.pop("image_size", 224), patch, layers, heads, width, hidden, **kwargs)


def _adapt(weights: Any, kwargs: dict[str, Any]) -> None:
    if weights is not None:
        fixed(kwargs, "image_size", weights.meta["min_size"][0])


family(
    globals(),
    ENUMS,
    {f"vit_{size}": (f"ViT_{size.upper()}_Weights", partial(_build, size)) for size in _SIZES},
    _adapt,
)

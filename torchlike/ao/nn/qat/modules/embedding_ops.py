"""Embeddings that train with rounded weights."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.qat.modules.base import checked, need_qconfig
from torchlike.nn import functional as F
from torchlike.nn.modules import sparse
from torchlike.tensor import Parameter, Tensor

__all__ = ["Embedding", "EmbeddingBag"]


class _Rounded:
    """What both have in common."""

    _FLOAT_MODULE: ClassVar[Any]
    _given: ClassVar[tuple[str, ...]]

    def _prepare(self: Any, qconfig: Any) -> None:
        self.qconfig = need_qconfig(qconfig)
        made = qconfig.weight()
        if made.qscheme.name != "per_channel_affine_float_qparams":
            raise AssertionError(
                f"Embedding weights requires a qscheme of torch.per_channel_affine_float_qparams Got {made.qscheme}"
            )
        self.weight_fake_quant = made

    @classmethod
    def from_float(cls: Any, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a float layer with a qconfig, whose parameter it takes over. Raises AssertionError for another class."""
        mod = checked(cls, mod)
        if not mod.qconfig.weight().qscheme.per_channel:
            raise AssertionError("Embedding weights requires a qscheme of torch.per_channel_affine_float_qparams")
        made = cls(**{name: getattr(mod, name) for name in cls._given}, _weight=mod.weight, qconfig=mod.qconfig)
        made.weight = mod.weight
        return made

    def to_float(self: Any) -> Any:
        """The float layer with this parameter."""
        made = self._FLOAT_MODULE(**{name: getattr(self, name) for name in self._given})
        made.weight = Parameter(self.weight.detach())
        return made.train(self.training)


class Embedding(_Rounded, sparse.Embedding):
    """`nn.Embedding` with a rounded weight."""

    _FLOAT_MODULE = sparse.Embedding
    _given = ("num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")

    def __init__(self, *args: Any, qconfig: Any = None, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._prepare(qconfig)

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight_fake_quant(self.weight)
        return F.embedding(
            input, weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )  # fmt: skip


class EmbeddingBag(_Rounded, sparse.EmbeddingBag):
    """`nn.EmbeddingBag` with a rounded weight."""

    _FLOAT_MODULE = sparse.EmbeddingBag
    _given = (
        "num_embeddings", "embedding_dim", "max_norm", "norm_type", "scale_grad_by_freq", "mode", "sparse",
        "include_last_offset", "padding_idx",
    )  # fmt: skip

    def __init__(self, *args: Any, qconfig: Any = None, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._prepare(qconfig)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        weight = self.weight_fake_quant(self.weight)
        return F.embedding_bag(
            input, weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

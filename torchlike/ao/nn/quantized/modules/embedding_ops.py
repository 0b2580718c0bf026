"""Embeddings of 8-bit integers, each row with its own scale."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.quantized.modules.utils import quantize_weight, shown_without
from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine_float_qparams
from torchlike.nn import functional as F
from torchlike.nn.modules import sparse
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized import QuantizedTensor, per_channel

__all__ = ["Embedding", "EmbeddingBag", "EmbeddingPackedParams"]


class EmbeddingPackedParams(Module):
    """The quantized weight of an embedding, one entry `_packed_weight` of its state_dict."""

    _version = 1

    def __init__(self, num_embeddings: int, embedding_dim: int, dtype: Any = dtypes.quint8):
        super().__init__()
        if dtype not in (dtypes.quint8, dtypes.quint4x2):
            raise NotImplementedError(
                f"Unsupported dtype on quantized embedding! Supports quint8 and quint4x2. Got dtype: {dtype}"
            )
        self.dtype = dtype
        how = per_channel(
            creation.ones(num_embeddings), creation.zeros(num_embeddings), 0, per_channel_affine_float_qparams
        )  # fmt: skip
        self.set_weight(QuantizedTensor(creation.zeros(num_embeddings, embedding_dim, dtype=dtypes.uint8), dtype, how))

    def set_weight(self, weight: Any) -> None:
        self._packed_weight = weight

    def _weight(self) -> Any:
        return self._packed_weight

    def forward(self, x: Any) -> Any:
        return x

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}dtype"], destination[f"{prefix}_packed_weight"] = self.dtype, self._weight()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any) -> None:
        self.dtype = state_dict.pop(f"{prefix}dtype")
        self.set_weight(state_dict.pop(f"{prefix}_packed_weight"))
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)

    def __repr__(self) -> str:
        return repr(self._weight())


def rows(weight: QuantizedTensor, indices: Tensor) -> Tensor:
    """The rows that are asked for as floats: only they are dequantized. `(*,)` -> `(*, D)`."""
    q = weight._quantizer
    scale, zero_point = (F.embedding(indices, v.unsqueeze(1)) for v in (q.scale, q.zero_point))
    integers = ops.index_select(weight._integers, indices.reshape(-1), dim=0).reshape(*indices.shape, -1)
    return integers.to(dtypes.float32) * scale - zero_point * scale


class Embedding(Module):
    """`nn.Embedding` of 8-bit integers, each row with its own scale and zero point.

    Attributes:
        dtype: quint8, or quint4x2 (4-bit numbers, a byte each here).
    """

    _version = 1
    _FLOAT_MODULE: ClassVar[Any] = sparse.Embedding

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Any = None,
        dtype: Any = dtypes.quint8,
    ):  # fmt: skip
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.dtype = num_embeddings, embedding_dim, dtype
        self._packed_params = EmbeddingPackedParams(num_embeddings, embedding_dim, dtype)
        if _weight is not None:
            if list(_weight.shape) != [num_embeddings, embedding_dim]:
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim: expected "
                    f"{[num_embeddings, embedding_dim]}, got {list(_weight.shape)}"
                )
            self.set_weight(_weight)

    def forward(self, indices: Tensor) -> Tensor:
        return rows(self.weight(), indices)

    def _get_name(self) -> str:
        return "QuantizedEmbedding"

    def __repr__(self) -> str:
        return shown_without(self, EmbeddingPackedParams)

    def extra_repr(self) -> str:
        return (
            f"num_embeddings={self.num_embeddings}, embedding_dim={self.embedding_dim}, dtype={self._packed_params.dtype}, "
            f"qscheme={self.weight().qscheme()}"
        )

    def set_weight(self, w: Any) -> None:
        self._packed_params.set_weight(w)

    def weight(self) -> Any:
        """The quantized weight."""
        return self._packed_params._weight()

    @classmethod
    def _quantized(cls, mod: Any) -> QuantizedTensor:
        if not hasattr(mod, "weight_fake_quant"):
            if type(mod) is not cls._FLOAT_MODULE:
                raise AssertionError(f"nnq.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__}")
            if not hasattr(mod, "qconfig"):
                raise AssertionError(f"{cls.__name__} input float module must have qconfig defined")
            observer = mod.qconfig.weight()
        else:
            observer = mod.weight_fake_quant
        if observer.qscheme is not per_channel_affine_float_qparams:
            raise AssertionError(
                f"{cls.__name__} quantization is only supported with float_qparams_weight_only_qconfig."
            )  # fmt: skip
        observer(mod.weight)
        return quantize_weight(mod.weight, observer)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a float embedding with a qconfig. Raises AssertionError for another class."""
        weight = cls._quantized(mod)
        return cls(mod.num_embeddings, mod.embedding_dim, _weight=weight, dtype=weight.dtype)


class EmbeddingBag(Embedding):
    """`nn.EmbeddingBag` of 8-bit integers: sums of rows."""

    _FLOAT_MODULE: ClassVar[Any] = sparse.EmbeddingBag

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "sum", sparse: bool = False, _weight: Any = None,
        include_last_offset: bool = False, dtype: Any = dtypes.quint8,
    ):  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, _weight=_weight, dtype=dtype)
        self.mode, self.include_last_offset, self.pruned_weights = mode, include_last_offset, False

    def forward(
        self, indices: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None,
        compressed_indices_mapping: Any = None,
    ) -> Tensor:  # fmt: skip
        if compressed_indices_mapping is not None:
            raise NotImplementedError("torchlike has no quantized EmbeddingBag with pruned rows")
        found = rows(self.weight(), indices.reshape(-1))
        places = creation.tensor(range(found.shape[0]), dtype=dtypes.int64).reshape(indices.shape)
        return F.embedding_bag(  # torch's kernel knows sums only
            places, found, offsets, mode="sum", per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset,
        )  # fmt: skip

    def _get_name(self) -> str:
        return "QuantizedEmbeddingBag"

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> EmbeddingBag:
        weight = cls._quantized(mod)
        return cls(
            mod.num_embeddings, mod.embedding_dim, mod.max_norm, mod.norm_type, mod.scale_grad_by_freq, mod.mode, mod.sparse,
            weight, mod.include_last_offset, weight.dtype,
        )  # fmt: skip

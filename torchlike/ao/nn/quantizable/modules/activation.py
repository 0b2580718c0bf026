"""Multi-head attention in single layers, whose linear maps work on integers after `convert`."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.float_functional import FloatFunctional
from torchlike.ao.nn.quantizable.modules.steps import prepared
from torchlike.ao.nn.stubs import DeQuantStub, QuantStub
from torchlike.base import dtypes
from torchlike.nn import functional as F
from torchlike.nn.modules import attention
from torchlike.nn.modules.linear import Linear
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized_functions import quantize_per_tensor

__all__ = ["MultiheadAttention"]

_PARTS = ("linear_Q", "linear_K", "linear_V")
_SEPARATE = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


class MultiheadAttention(attention.MultiheadAttention):
    """`nn.MultiheadAttention` with a linear map each for queries, keys and values: what `prepare` makes of one.

    Products of queries and keys, and of weights and values, stay products of floats.
    """

    _FLOAT_MODULE: ClassVar[Any] = attention.MultiheadAttention

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, batch_first, device, dtype
        )
        for name, size in zip((*_PARTS, "out_proj"), (embed_dim, self.kdim, self.vdim, embed_dim), strict=True):
            setattr(self, name, Linear(size, embed_dim, bias=bias, device=device, dtype=dtype))
        self.q_scaling_product = FloatFunctional()
        self.quant_attn_output, self.quant_attn_output_weights = QuantStub(), QuantStub()
        self.dequant_q, self.dequant_k, self.dequant_v = DeQuantStub(), DeQuantStub(), DeQuantStub()

    def _get_name(self) -> str:
        return "QuantizableMultiheadAttention"

    # ---- forward ----------------------------------------------------------------------------------------------

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """Attend: arguments and results are those of `nn.MultiheadAttention`; there has to be a batch."""
        if attn_mask is not None and is_causal:
            raise AssertionError("Only allow causal mask or attn_mask")
        if is_causal:
            raise AssertionError("causal mask not supported by AO MHA module")
        if self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        length, batch, size = query.size()  # (L, N, E)
        if self.embed_dim != size:
            raise AssertionError(f"embed_dim mismatch: {self.embed_dim} != {size}")
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(f"key and value size mismatch: key.size()={key.size()}, value.size()={value.size()}")
        mask = self._mask(attn_mask, length, key.size(0), batch)
        q = self.q_scaling_product.mul_scalar(self.linear_Q(query), float(self.head_dim) ** -0.5)
        k, v = self._extended(self.linear_K(key), self.linear_V(value), batch)
        more = k.size(1) - key.size(0)  # rows that every query may look at
        mask, padding = (m if m is None or not more else F.pad(m, (0, more)) for m in (mask, _boolean(key_padding_mask)))
        if padding is not None:
            _check_padding(padding, batch, k.size(1))
        out, weights = self._attended(self._heads(q, batch), k, v, mask, padding)  # (N * heads, L, D), (N * heads, L, S)
        if self.batch_first:  # torch's own order here, which mixes the heads up where there are several
            out = out.view(batch, length, self.embed_dim)
        else:
            out = out.transpose(0, 1).contiguous().view(length, batch, self.embed_dim)
        out = self.out_proj(self.quant_attn_output(out))
        weights = self.quant_attn_output_weights(weights)
        if not need_weights:
            return out, None
        weights = weights.view(batch, self.num_heads, length, -1)
        return out, weights.mean(dim=1) if average_attn_weights else weights

    def _mask(self, mask: Tensor | None, length: int, keys: int, batch: int) -> Tensor | None:
        """The mask `(1 or N * heads, L, S)`. Raises AssertionError, RuntimeError for another dtype or shape."""
        if mask is None:
            return None
        mask = _boolean(mask)
        assert mask is not None
        if not mask.is_floating_point() and mask.dtype is not dtypes.bool_:
            raise AssertionError(f"Only float and bool types are supported for attn_mask, not {mask.dtype}")
        first = {2: 1, 3: batch * self.num_heads}.get(mask.dim())
        if first is None:
            raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
        whole = mask.unsqueeze(0) if mask.dim() == 2 else mask
        if tuple(whole.size()) != (first, length, keys):
            raise RuntimeError(f"The size of the {mask.dim()}D attn_mask is not correct.")
        return whole

    def _extended(self, k: Tensor, v: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Keys and values `(N * heads, S, D)` with the learned row and the row of zeros, where there are such."""
        if self.bias_k is not None and self.bias_v is not None:
            k = ops.cat([k, self.bias_k.expand(1, batch, self.embed_dim)])
            v = ops.cat([v, self.bias_v.expand(1, batch, self.embed_dim)])
        k, v = self._heads(k, batch), self._heads(v, batch)
        return (_with_zeros(k), _with_zeros(v)) if self.add_zero_attn else (k, v)

    def _heads(self, x: Tensor, batch: int) -> Tensor:
        return x.contiguous().view(-1, batch * self.num_heads, self.head_dim).transpose(0, 1)

    def _attended(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, padding: Tensor | None
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        q, k, v = self.dequant_q(q), self.dequant_k(k), self.dequant_v(v)
        scores = ops.bmm(q, k.transpose(1, 2))
        if mask is not None:
            scores = scores.masked_fill(mask, float("-inf")) if mask.dtype is dtypes.bool_ else scores + mask
        if padding is not None:
            each = scores.view(-1, self.num_heads, *scores.shape[1:])
            scores = each.masked_fill(padding.unsqueeze(1).unsqueeze(2), float("-inf")).view(scores.shape)
        weights = F.dropout(F.softmax(scores, dim=-1), self.dropout, self.training)
        return ops.bmm(weights, v), weights

    # ---- from floats, and back --------------------------------------------------------------------------------

    @classmethod
    def from_float(cls, other: Any) -> Any:
        """Made of float attention with a qconfig, and prepared. Raises AssertionError for another class."""
        if type(other) is not cls._FLOAT_MODULE:
            raise AssertionError(f"Expected type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig"):
            raise AssertionError("The float module must have 'qconfig'")
        made = cls(
            other.embed_dim, other.num_heads, other.dropout, other.in_proj_bias is not None, other.bias_k is not None,
            other.add_zero_attn, other.kdim, other.vdim, other.batch_first,
        )  # fmt: skip
        made.bias_k, made.bias_v, made.qconfig = other.bias_k, other.bias_v, other.qconfig
        made.out_proj.weight, made.out_proj.bias = other.out_proj.weight, other.out_proj.bias
        together = other._qkv_same_embed_dim
        weights = other.in_proj_weight.chunk(3) if together else [getattr(other, name) for name in _SEPARATE]
        biases = [None] * 3 if other.in_proj_bias is None else other.in_proj_bias.chunk(3)
        for name, weight, bias in zip(_PARTS, weights, biases, strict=True):
            layer = getattr(made, name)
            layer.weight, layer.bias = Parameter(weight), None if bias is None else Parameter(bias)
        return prepared(made)

    @classmethod
    def from_observed(cls, other: Any) -> Any:
        raise NotImplementedError(
            "It looks like you are trying to prepare an MHA module. Please, see the examples on quantizable MHAs."
        )

    def dequantize(self) -> attention.MultiheadAttention:
        """Float attention with the weights that the integers stand for."""
        pairs = [getattr(self, name)._weight_bias() for name in (*_PARTS, "out_proj")]
        (*weights, out), (*biases, out_bias) = zip(*[(w.dequantize(), b) for w, b in pairs], strict=True)
        made = attention.MultiheadAttention(
            self.embed_dim, self.num_heads, self.dropout, out_bias is not None, self.bias_k is not None, self.add_zero_attn,
            self.kdim, self.vdim, self.batch_first,
        )  # fmt: skip
        for name in ("bias_k", "bias_v"):
            if getattr(self, name) is not None:
                setattr(made, name, Parameter(getattr(self, name).dequantize()))
        made.out_proj.weight = Parameter(out)
        if out_bias is not None:
            made.out_proj.bias, made.in_proj_bias = Parameter(out_bias), Parameter(ops.cat(list(biases)))
        if made._qkv_same_embed_dim:
            made.in_proj_weight = Parameter(ops.cat(list(weights)))
        else:
            for name, weight in zip(_SEPARATE, weights, strict=True):
                setattr(made, name, Parameter(weight))
        return made


def _boolean(mask: Tensor | None) -> Tensor | None:
    return mask.to(dtypes.bool_) if mask is not None and mask.dtype is dtypes.uint8 else mask


def _check_padding(padding: Tensor, batch: int, keys: int) -> None:
    for dim, wanted in enumerate((batch, keys)):
        if padding.size(dim) != wanted:
            raise AssertionError(f"key_padding_mask.size({dim}) must be {wanted}, got {padding.size(dim)}")


def _with_zeros(x: Any) -> Tensor:
    zeros = creation.zeros(x.size(0), 1, x.size(2))
    return ops.cat([x, quantize_per_tensor(zeros, x.q_scale(), x.q_zero_point(), x.dtype) if x.is_quantized else zeros], 1)

"""Convolutions on integers: the base class does everything, the numbered classes say which rank."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule
from torchlike.ao.nn.intrinsic.qat.modules.batch_norm import WithBatchNorm
from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules.utils import HasScale, WeightedQuantizedModule, quantize_weight, scale_of
from torchlike.ao.nn.quantized.packed import Packed
from torchlike.base import dtypes
from torchlike.nn import functional as F
from torchlike.nn.modules import conv as float_conv
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.utils import _ntuple
from torchlike.nn.utils.fusion import fuse_conv_bn_weights
from torchlike.tensor import Tensor, creation
from torchlike.tensor.quantized_functions import _empty_affine_quantized

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_SUPPORTED_PADDING = ("zeros", "reflect")
_STATE = (
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "transposed", "output_padding", "groups",
    "padding_mode",
)  # fmt: skip


class _ConvNd(HasScale, WeightedQuantizedModule):
    """A convolution of quantized `(N, C_in, *size)` to quantized `(N, C_out, *size')`.

    Attributes:
        scale, zero_point: of the result.
    """

    ndim: ClassVar[int]
    _FLOAT_MODULE: ClassVar[Any]
    relu: ClassVar[bool] = False
    transposed = False
    padding: Any

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        each = _ntuple(self.ndim)
        self._set(in_channels, out_channels, each(kernel_size), each(stride), padding, each(dilation), groups, padding_mode)
        self.output_padding = each(0)
        self._fill(bias)

    def _set(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, groups: int,
        padding_mode: str,
    ) -> None:  # fmt: skip
        if out_channels <= 0:
            raise ValueError(f"out_channels must be greater than 0, got {out_channels}")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in _SUPPORTED_PADDING:
            raise ValueError(f"'padding_mode' {padding_mode} is not supported by quantized convolution")
        self.in_channels, self.out_channels, self.kernel_size, self.stride = in_channels, out_channels, kernel_size, stride
        self.padding = padding if isinstance(padding, str) else _ntuple(self.ndim)(padding)
        self.dilation, self.groups, self.padding_mode = dilation, groups, padding_mode

    def _fill(self, bias: bool) -> None:
        channels = [self.in_channels, self.out_channels] if self.transposed else [self.out_channels, self.in_channels]
        shape = [channels[0], channels[1] // self.groups, *self.kernel_size]
        self.set_weight_bias(
            _empty_affine_quantized(shape, dtype=dtypes.qint8), creation.zeros(self.out_channels) if bias else None
        )
        self.scale, self.zero_point = 1.0, 0

    def set_weight_bias(self, qweight: Tensor, bias_float: Tensor | None) -> None:
        self._packed_params = Packed(qweight, bias_float, self.transposed)

    def _weight_bias(self) -> tuple[Any, Any]:
        return self._packed_params.unpacked()

    def weight(self) -> Any:
        """The quantized weight."""
        return self._weight_bias()[0]

    def bias(self) -> Any:
        """The bias `(C_out,)`, float32, or None."""
        return self._weight_bias()[1]

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._border(), mode=self.padding_mode), 0
        return kernels.conv(
            input, self._packed_params, self.scale, self.zero_point, type(self).relu, **self._steps(padding)
        )  # fmt: skip

    def _check(self, input: Tensor) -> None:
        if input.ndim != self.ndim + 2:
            raise ValueError(f"Input shape must be `(N, C, {', '.join(('L', 'HW', 'DHW')[self.ndim - 1])})`!")

    def _steps(self, padding: Any) -> dict[str, Any]:
        return {
            "stride": self.stride, "padding": padding, "dilation": self.dilation, "groups": self.groups,
            "output_padding": self.output_padding if self.transposed else None,
        }  # fmt: skip

    def _border(self) -> list[int]:
        return [p for size in reversed(self.padding) for p in (size, size)]

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"scale={self.scale}, zero_point={self.zero_point}"
        )
        plain = {"padding": (0,), "dilation": (1,), "output_padding": (0,)}
        for name, (usual,) in plain.items():
            if getattr(self, name) != (usual,) * self.ndim:
                text += f", {name}={getattr(self, name)}"
        text += f", groups={self.groups}" if self.groups != 1 else ""
        return text + (", bias=False" if self.bias() is None else "")

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        Module._save_to_state_dict(self, destination, prefix, keep_vars)
        destination[f"{prefix}weight"], destination[f"{prefix}bias"] = self._weight_bias()
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        self.set_weight_bias(state_dict.pop(f"{prefix}weight"), state_dict.pop(f"{prefix}bias"))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def __getstate__(self) -> tuple:  # type: ignore[override]  # torch's own form
        return (
            *[getattr(self, n) for n in _STATE], *self._weight_bias(), self.scale, self.zero_point, self.training
        )  # fmt: skip

    def __setstate__(self, state: tuple) -> None:  # type: ignore[override]  # torch's own form
        Module.__init__(self)
        for name, value in zip(_STATE, state, strict=False):
            if name != "transposed":
                setattr(self, name, value)
        weight, bias, self.scale, self.zero_point, self.training = state[len(_STATE) :]
        self.set_weight_bias(weight, bias)

    def __deepcopy__(self, memo: dict) -> Any:
        made = type(self).__new__(type(self))
        made.__setstate__(self.__getstate__())
        return made

    def __copy__(self) -> Any:
        return self.__deepcopy__({})

    # ---- from floats ------------------------------------------------------------------------------------------

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Made of a calibrated float layer, or of one that trained rounded. Raises AssertionError for another class."""
        found = getattr(mod, "activation_post_process", None)
        if hasattr(mod, "weight_fake_quant"):
            if isinstance(mod, WithBatchNorm):
                bn = mod.bn
                mod.weight, mod.bias = fuse_conv_bn_weights(
                    mod.weight, mod.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
                )
            if found is None:
                raise AssertionError("Input QAT module must have observer attached")
            observer = mod.weight_fake_quant
        else:
            if type(mod) is not cls._FLOAT_MODULE:
                raise AssertionError(
                    f"nnq.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__} but got: {type(mod).__name__}"
                )
            if not hasattr(mod, "qconfig"):
                raise AssertionError("Input float module must have qconfig defined.")
            qconfig = mod.qconfig
            mod = mod[0] if isinstance(mod, _FusedModule) else mod
            observer = qconfig.weight()
        return cls._of(mod, observer, found)

    @classmethod
    def _of(cls, mod: Any, observer: Any, found: Any) -> Any:
        observer(mod.weight)
        if observer.dtype is not dtypes.qint8:
            raise AssertionError(f"Weight observer must have a dtype of qint8, got {observer.dtype}")
        made = cls(*cls._arguments(mod))
        made.set_weight_bias(quantize_weight(mod.weight, observer), mod.bias)
        if found is not None and found.dtype is not dtypes.float32:
            made.scale, made.zero_point = scale_of(found)
        return made

    @classmethod
    def _arguments(cls, mod: Any) -> tuple:
        return (
            mod.in_channels, mod.out_channels, mod.kernel_size, mod.stride, mod.padding, mod.dilation, mod.groups,
            mod.bias is not None, mod.padding_mode,
        )  # fmt: skip


class Conv1d(_ConvNd):
    """`nn.Conv1d` on integers."""

    ndim = 1
    _FLOAT_MODULE: ClassVar[Any] = float_conv.Conv1d


class Conv2d(_ConvNd):
    """`nn.Conv2d` on integers."""

    ndim = 2
    _FLOAT_MODULE: ClassVar[Any] = float_conv.Conv2d


class Conv3d(_ConvNd):
    """`nn.Conv3d` on integers."""

    ndim = 3
    _FLOAT_MODULE: ClassVar[Any] = float_conv.Conv3d


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution on integers."""

    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        Module.__init__(self)
        each = _ntuple(self.ndim)
        self._set(in_channels, out_channels, each(kernel_size), each(stride), padding, each(dilation), groups, padding_mode)
        self.output_padding = each(output_padding)
        self._fill(bias)

    @classmethod
    def _arguments(cls, mod: Any) -> tuple:
        return (
            mod.in_channels, mod.out_channels, mod.kernel_size, mod.stride, mod.padding, mod.output_padding, mod.groups,
            mod.bias is not None, mod.dilation, mod.padding_mode,
        )  # fmt: skip


class ConvTranspose1d(_ConvTransposeNd):
    """`nn.ConvTranspose1d` on integers."""

    ndim = 1
    _FLOAT_MODULE = float_conv.ConvTranspose1d


class ConvTranspose2d(_ConvTransposeNd):
    """`nn.ConvTranspose2d` on integers."""

    ndim = 2
    _FLOAT_MODULE = float_conv.ConvTranspose2d


class ConvTranspose3d(_ConvTransposeNd):
    """`nn.ConvTranspose3d` on integers."""

    ndim = 3
    _FLOAT_MODULE = float_conv.ConvTranspose3d

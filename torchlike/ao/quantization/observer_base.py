"""What all observers are: modules that watch values go by and say which scale and zero point suit them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from torchlike.ao.quantization.ranges import calculate_qmin_qmax, check_min_max_valid, is_float_qparams, validate_qmin_qmax
from torchlike.base import dtypes
from torchlike.base.numeric import finfo
from torchlike.base.qschemes import per_tensor_affine
from torchlike.engine.value import host
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.utils import factory_kwargs as checked_kwargs
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.tensor import bare

EPS = finfo(dtypes.float32).eps
_DTYPES = frozenset(
    {
        dtypes.qint8, dtypes.quint8, dtypes.quint4x2, dtypes.qint32, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.int32,
        dtypes.float8_e5m2, dtypes.float8_e4m3fn, dtypes.uint16,
    }
)  # fmt: skip


class _PartialWrapper:
    """A class with some of its arguments given; more can be given by `with_args`, or computed at each call."""

    def __init__(self, p: partial):
        self.p = p
        self.callable_args: dict[str, Any] = {}

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        for name, make in self.callable_args.items():
            if name not in keywords:
                keywords = {**keywords, name: make()}
        return self.p(*args, **keywords)

    def __repr__(self) -> str:
        return repr(self.p) + repr(self.callable_args)

    def with_args(self, **kwargs: Any) -> _PartialWrapper:
        return _with_args(self, **kwargs)

    def with_callable_args(self, **kwargs: Any) -> _PartialWrapper:
        made = _PartialWrapper(self.p)
        made.callable_args = {**self.callable_args, **kwargs}
        return made


def _with_args(cls_or_self: Any, **kwargs: Any) -> _PartialWrapper:
    made = _PartialWrapper(partial(cls_or_self, **kwargs))
    if isinstance(cls_or_self, _PartialWrapper):
        made = _PartialWrapper(partial(cls_or_self.p, **kwargs))
        made.callable_args = dict(cls_or_self.callable_args)
    return made


def fill(buffer: Tensor, shape: Sequence[int], value: float) -> None:
    """Give a buffer another shape, full of `value`: an array that is there, so that the step to come records nothing for it."""
    buffer.data = bare(host(np.full(tuple(shape), value, buffer.dtype.np), buffer.device))


class ObserverBase(Module):
    """Base of observers: `forward` watches and returns its input, `calculate_qparams` gives scale and zero point."""

    def __init__(self, dtype: Any, is_dynamic: bool = False):
        super().__init__()
        self.dtype = dtype
        self.is_dynamic = is_dynamic

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say what it observes")

    def calculate_qparams(self, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} finds no scale")

    @classmethod
    def with_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with these arguments given: what `QConfig` takes."""
        return _with_args(cls, **kwargs)

    @classmethod
    def with_callable_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with arguments that are computed by these functions whenever one is made."""
        return _PartialWrapper(partial(cls)).with_callable_args(**kwargs)


class UniformQuantizationObserverBase(ObserverBase):
    """Base of observers of ranges.

    Args:
        dtype: of the integers. qscheme: one scale or one per channel, and whether 0 is in the middle.
        reduce_range: use one bit less. quant_min, quant_max: the integers to use, in place of all of `dtype`.
        eps: the smallest scale.
    """

    _version = 3
    eps: Tensor
    min_val: Tensor
    max_val: Tensor

    def __init__(
        self, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine, reduce_range: bool = False,
        quant_min: int | None = None, quant_max: int | None = None, factory_kwargs: Any = None, eps: float = EPS,
        is_dynamic: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        given = checked_kwargs(factory_kwargs)
        super().__init__(dtype=dtype, is_dynamic=is_dynamic, **kwargs)
        self.qscheme = qscheme
        if reduce_range:
            warnings.warn(
                "Please use quant_min and quant_max to specify the range for observers. "
                "                    reduce_range will be deprecated in a future release of PyTorch.",
                stacklevel=2,
            )
        self.reduce_range = reduce_range
        self.register_buffer("eps", creation.tensor([eps], **given))
        if dtype not in _DTYPES:
            raise AssertionError(f"Default Observer only works for {sorted(map(str, _DTYPES))} data type")
        self.has_customized_qrange = quant_min is not None and quant_max is not None
        self.quant_min, self.quant_max = calculate_qmin_qmax(
            quant_min, quant_max, self.has_customized_qrange, dtype, reduce_range
        )
        if qscheme.symmetric and reduce_range and dtype is dtypes.quint8:
            raise NotImplementedError("Cannot reduce range for symmetric quantization for quint8")

    def _validate_qmin_qmax(self, quant_min: int, quant_max: int) -> None:
        validate_qmin_qmax(quant_min, quant_max)

    @property
    def _middle(self) -> int:
        if self.dtype in (dtypes.quint8, dtypes.uint8):
            return (self.quant_min + self.quant_max) // 2 if self.has_customized_qrange else 128
        return 2**15 if self.dtype is dtypes.uint16 else 0

    def _calculate_qparams(self, min_val: Tensor, max_val: Tensor) -> tuple[Tensor, Tensor]:
        """float32 scales and int64 zero points `(C,)` (or `(1,)`) for ranges."""
        if min_val.numel() == 0:
            return creation.tensor([1.0]), creation.tensor([0])
        scale, zero_point = ops.observed_qparams(
            min_val.detach().reshape(-1), max_val.detach().reshape(-1), self.eps, quant_min=self.quant_min,
            quant_max=self.quant_max, symmetric=self.qscheme.symmetric, middle=self._middle,
            float_zero=is_float_qparams(self.qscheme),
        )  # fmt: skip
        return scale, zero_point

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        """float32 scales and int64 zero points for what was observed; 1 and 0, with a warning, where nothing was."""
        check_min_max_valid(self.min_val, self.max_val)
        return self._calculate_qparams(self.min_val, self.max_val)

    def recorded_qparams(self) -> tuple[Tensor, Tensor]:
        """`calculate_qparams` without a look at the values."""
        return self._calculate_qparams(self.min_val, self.max_val)

    def reset_min_max_vals(self) -> None:
        """Forget what was observed."""
        raise NotImplementedError("Cannot reset min/max values in the given observer.")

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: dict, *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 2:
            state_dict[f"{prefix}eps"] = creation.tensor([EPS])
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

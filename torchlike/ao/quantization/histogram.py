"""HistogramObserver: the range that loses least, found in a histogram of everything seen."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from torchlike.ao.quantization.observer_base import UniformQuantizationObserverBase
from torchlike.ao.quantization.ranges import is_per_tensor
from torchlike.base import dtypes
from torchlike.base.qschemes import per_tensor_affine
from torchlike.nn.modules.utils import factory_kwargs as checked_kwargs
from torchlike.tensor import Tensor, creation

_UPSAMPLE = 16  # how finely an old histogram is cut before it is put into a wider one
_STEP = 1e-5  # share of the values that one step of the search leaves out


class HistogramObserver(UniformQuantizationObserverBase):
    """A histogram of all values seen; its ends are cut where that makes the squared error of quantization smaller.

    Observing reads values: use it to calibrate, not in training steps.

    Args:
        bins: of the histogram.
    """

    histogram: Tensor

    def __init__(
        self, bins: int = 2048, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine, *args: Any, **kwargs: Any
    ) -> None:
        if not is_per_tensor(qscheme):
            raise NotImplementedError(
                "HistogramObserver's qscheme only support torch.per_tensor_symmetric and torch.per_tensor_affine."
            )
        if kwargs.get("is_dynamic"):
            raise NotImplementedError("HistogramObserver doesn't support dynamic quantization")
        super().__init__(dtype, qscheme, *args, **kwargs)
        given = checked_kwargs(kwargs.get("factory_kwargs"))
        self.bins = bins
        self.register_buffer("histogram", creation.zeros(bins, **given))
        self.register_buffer("min_val", creation.tensor(float("inf"), **given))
        self.register_buffer("max_val", creation.tensor(float("-inf"), **given))
        self.dst_nbins = 2 ** (8 * self.dtype.itemsize)
        self.upsample_rate = _UPSAMPLE

    # ---- observing --------------------------------------------------------------------------------------------

    def forward(self, x_orig: Tensor) -> Tensor:
        x = x_orig.detach()
        if x.numel() == 0:
            return x_orig
        low, high = _range(x)
        if np.isinf(low) or np.isinf(high):
            warnings.warn("torch.inf detected in input tensor, ignoring input", stacklevel=2)
            x = x[x.abs() != float("inf")]
            if x.numel() == 0:
                return x_orig
            low, high = _range(x)
        before = self._seen()
        if before is None:
            self._put(self._counted(x, low, high), low, high)
            return x_orig
        new_low, new_high = min(before[0], low), max(before[1], high)
        counts = self._counted(x, new_low, new_high)
        self._put(counts + self._moved(*before, new_low, new_high), new_low, new_high)
        return x_orig

    def _seen(self) -> tuple[Any, Any] | None:
        low, high = self.min_val.numpy()[()], self.max_val.numpy()[()]
        return None if low == np.inf or high == -np.inf else (low, high)

    def _counted(self, x: Tensor, low: Any, high: Any) -> np.ndarray:
        return _counts(x.to(dtypes.float32).numpy(), self.bins, np.float32(low), np.float32(high))

    def _put(self, counts: np.ndarray, low: Any, high: Any) -> None:
        self.histogram.copy_(creation.tensor(counts.astype(np.float32)))
        self.min_val.copy_(creation.tensor(float(low)))
        self.max_val.copy_(creation.tensor(float(high)))

    def _moved(self, low: Any, high: Any, new_low: Any, new_high: Any) -> np.ndarray:
        """The histogram so far in the bins of a wider range: each old bin is cut, and each piece put where its middle lies."""
        old = self.histogram.numpy()
        if (new_low, new_high) == (low, high):
            return old
        if low == high:
            return self._counted(creation.tensor([float(low)]), new_low, new_high) * old.sum()
        pieces = np.repeat(old, self.upsample_rate) / np.float32(self.upsample_rate)
        count = self.bins * self.upsample_rate
        width = np.float32(np.float32(high - low) / np.float32(count))
        middles = _spaced(low, high, count + 1)[:-1] + np.float32(0.5) * width
        edges = _spaced(new_low, new_high, self.bins + 1)
        at = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, self.bins - 1)
        return np.bincount(at, weights=pieces.astype(np.float64), minlength=self.bins).astype(np.float32)

    # ---- choosing ---------------------------------------------------------------------------------------------

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        """The scale and the zero point of the range with the smallest error; 1 and 0, with a warning, if nothing was seen."""
        if self._seen() is None:
            warnings.warn(
                "must run observer before calling calculate_qparams."
                "                                    Returning default scale and zero point ",
                stacklevel=2,
            )
            return creation.tensor([1.0]), creation.tensor([0])
        if self.bins != len(self.histogram):
            raise AssertionError(
                "The number of bins in histogram should be equal to the number of bins supplied while making this observer"
            )
        low, high = self._non_linear_param_search()
        return self._calculate_qparams(creation.tensor(float(low)), creation.tensor(float(high)))

    recorded_qparams = calculate_qparams

    def _non_linear_param_search(self) -> tuple[np.float32, np.float32]:
        """Cut quantiles off the histogram's ends, from the side where more bins go, until the error grows."""
        counts = self.histogram.numpy()
        low, high = self._seen()  # type: ignore[misc]  # something was seen
        below = np.cumsum(counts, dtype=np.float32)
        total = float(counts.sum())
        left, right, start, end = 0.0, 1.0, 0, self.bins - 1
        least = float("inf")
        while left < right:
            next_left, next_right = left + _STEP, right - _STEP
            first = min(max(start, int(np.searchsorted(below, np.float32(next_left * total)))), end)
            last = max(min(end, int(np.searchsorted(below, np.float32(next_right * total), side="right")) - 1), start)
            new_start, new_end = start, end
            if first - start > end - last:
                new_start, left = first, next_left
            else:
                new_end, right = last, next_right
            if (new_start, new_end) == (start, end):
                continue
            error = self._error(counts, float(high) - float(low), new_start, new_end)
            if error > least:
                break
            least, start, end = error, new_start, new_end
        width = np.float32((high - low) / np.float32(self.bins))
        return low + width * np.float32(start), low + width * np.float32(end + 1)

    def _error(self, counts: np.ndarray, extent: float, start: int, end: int) -> float:
        """The squared error where bins `start ... end` are what the integers cover, values being uniform within bins."""
        width = extent / self.bins
        step = width * (end - start + 1) / self.dst_nbins
        if step == 0.0:
            return 0.0
        begins = ((np.arange(self.bins) - start) * np.float32(width)).astype(np.float32)
        ends = begins + np.float32(width)
        step32 = np.float32(step)
        at_begin = np.clip(np.floor(begins / step32), 0, self.dst_nbins - 1)
        at_end = np.clip(np.floor(ends / step32), 0, self.dst_nbins - 1)
        density = counts / np.float32(width)
        half = np.float32(step / 2)
        from_middle = begins - (at_begin + np.float32(0.5)) * step32
        to_middle = ends - (at_end * step32 + half)
        norm = _squares(from_middle, half, density)
        norm += (at_end - at_begin - 1) * _squares(-half, half, density)
        norm += _squares(-half, to_middle, density)
        return float(norm.sum())

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}min_val"], destination[f"{prefix}max_val"] = self.min_val, self.max_val

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: dict, *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 3:
            for name, value in (("min_val", float("inf")), ("max_val", float("-inf"))):
                if prefix + name in state_dict and state_dict[prefix + name].numel() == 0:
                    state_dict[prefix + name] = creation.tensor(value)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


def _counts(x: np.ndarray, bins: int, low: np.float32, high: np.float32) -> np.ndarray:
    """`torch.histc` in numpy: each batch has a range of its own, for which nothing should be compiled."""
    if low == high:
        low, high = low - np.float32(1), high + np.float32(1)
    x = x.reshape(-1)
    x = x[(x >= low) & (x <= high)]
    part = np.minimum(np.floor((x - low) * np.float32(bins) / (high - low)).astype(np.int64), bins - 1)
    return np.bincount(part, minlength=bins).astype(np.float32)


def _squares(begin: Any, end: Any, density: np.ndarray) -> np.ndarray:
    """The integral of density * x^2 from `begin` to `end`."""
    return density * ((end * end * end - begin * begin * begin) / np.float32(3))


def _range(x: Tensor) -> tuple[np.float32, np.float32]:
    return x.min().numpy()[()], x.max().numpy()[()]


def _spaced(low: Any, high: Any, count: int) -> np.ndarray:
    """Evenly spaced float32 numbers, counted from the nearer end, as torch's linspace does."""
    step = np.float32(np.float32(high - low) / np.float32(count - 1))
    at = np.arange(count)
    return np.where(
        at < count // 2,
        np.float32(low) + step * at.astype(np.float32),
        np.float32(high) - step * (count - 1 - at).astype(np.float32),
    ).astype(np.float32)

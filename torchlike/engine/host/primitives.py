"""JAX's primitives in numpy: elementwise, shapes, reductions. Those that find places by index are in `indexed`.

A function takes arrays, and the primitive's parameters by keyword; what it returns is cast to the dtype that JAX infers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

TABLE: dict[str, Callable[..., Any]] = {}


def primitive(*names: str) -> Callable:
    def register(fn: Callable) -> Callable:
        TABLE.update(dict.fromkeys(names, fn))
        return fn

    return register


def _plain(fn: Callable) -> Callable:
    """A numpy function as a primitive whose parameters change nothing here (accuracy, sharding)."""
    return lambda *arrays, **parameters: fn(*arrays)


def _same(x: Any, **parameters: Any) -> Any:
    return x


def _special(name: str) -> Callable:
    """A function of scipy, which takes half a second to import: few programs need one."""

    def special(*arrays: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*arrays)

    return special


_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "acos": np.arccos, "acosh": np.arccosh, "add": np.add, "add_any": np.add, "and": np.bitwise_and,
    "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan, "atan2": np.arctan2, "atanh": np.arctanh,
    "bessel_i0e": _special("i0e"), "bessel_i1e": _special("i1e"), "cbrt": np.cbrt, "ceil": np.ceil,
    "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high), "complex": lambda re, im: re + 1j * im,
    "conj": np.conj, "copysign": np.copysign, "cos": np.cos, "cosh": np.cosh, "digamma": _special("digamma"), "eq": np.equal,
    "erf": _special("erf"), "erf_inv": _special("erfinv"), "erfc": _special("erfc"), "exp": np.exp, "exp2": np.exp2,
    "expm1": np.expm1, "floor": np.floor, "ge": np.greater_equal, "gt": np.greater, "igamma": _special("gammainc"),
    "igammac": _special("gammaincc"), "imag": np.imag, "is_finite": np.isfinite, "le": np.less_equal,
    "lgamma": _special("gammaln"), "log": np.log, "log1p": np.log1p, "lt": np.less,
    "max": np.maximum, "min": np.minimum, "mul": np.multiply, "ne": np.not_equal, "neg": np.negative,
    "nextafter": np.nextafter, "not": np.invert, "or": np.bitwise_or, "polygamma": _special("polygamma"),
    "population_count": np.bitwise_count, "pow": np.power, "real": np.real, "rsqrt": lambda x: 1 / np.sqrt(x),
    "sign": np.sign, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "square": np.square, "sub": np.subtract,
    "tan": np.tan, "tanh": np.tanh, "xor": np.bitwise_xor, "zeta": _special("zeta"),
}  # fmt: skip
TABLE.update({name: _plain(fn) for name, fn in _ELEMENTWISE.items()})
# Those that can write their result where an operand stood that nobody needs any more.
UFUNCS = {name: fn for name, fn in _ELEMENTWISE.items() if isinstance(fn, np.ufunc)} | {"div": np.true_divide}
TABLE.update(dict.fromkeys(["stop_gradient", "copy", "copy_p", "optimization_barrier", "device_put"], _same))

# Comparisons in which not-a-number stands above everything else.
TABLE["lt_to"] = _plain(lambda a, b: (a < b) | (np.isnan(b) & ~np.isnan(a)))
TABLE["le_to"] = _plain(lambda a, b: (a <= b) | np.isnan(b))
TABLE["eq_to"] = _plain(lambda a, b: (a == b) | (np.isnan(a) & np.isnan(b)))


@primitive("div")
def _div(a: np.ndarray, b: np.ndarray) -> Any:
    if a.dtype.kind not in "iub":
        return a / b
    quotient = np.where(b == 0, -1, np.floor_divide(a, np.where(b == 0, 1, b)))
    return quotient + ((quotient < 0) & (b != 0) & (quotient * b != a))  # towards zero


@primitive("rem")
def _rem(a: np.ndarray, b: np.ndarray) -> Any:
    return np.fmod(a, b) if a.dtype.kind == "f" else np.where(b == 0, a, np.fmod(a, np.where(b == 0, 1, b)))


@primitive("logistic")
def _logistic(x: np.ndarray, **_: Any) -> Any:
    return _special("expit")(x) if x.dtype.kind == "f" else 1 / (1 + np.exp(-x))


@primitive("integer_pow")
def _integer_pow(x: np.ndarray, *, y: int) -> Any:
    return np.power(x, y) if y >= 0 else 1 / np.power(x, -y)


@primitive("round")
def _round(x: np.ndarray, *, rounding_method: Any) -> Any:
    return np.rint(x) if int(rounding_method) == 1 else np.trunc(x + np.copysign(0.5, x))


@primitive("shift_left")
def _shift_left(x: np.ndarray, by: np.ndarray) -> Any:
    return np.where(by.astype(np.uint64) < 8 * x.dtype.itemsize, np.left_shift(x, by), 0)


@primitive("shift_right_arithmetic")
def _shift_right(x: np.ndarray, by: np.ndarray) -> Any:
    bits = 8 * x.dtype.itemsize
    return np.right_shift(x, np.where(by.astype(np.uint64) < bits, by, bits - 1))


@primitive("shift_right_logical")
def _shift_right_logical(x: np.ndarray, by: np.ndarray) -> Any:
    unsigned = x.view(f"u{x.dtype.itemsize}")
    by = by.astype(np.uint64)
    return np.where(by < 8 * x.dtype.itemsize, unsigned >> by.astype(unsigned.dtype), 0).astype(unsigned.dtype).view(x.dtype)


@primitive("convert_element_type")
def _convert(x: np.ndarray, *, new_dtype: Any, **_: Any) -> Any:
    new = np.dtype(new_dtype)
    if x.dtype == new:
        return x
    if new == np.bool_:
        return x != 0
    if x.dtype.kind == "c" and new.kind != "c":
        x = x.real
    if new.kind in "iu" and x.dtype.kind not in "iub":  # XLA keeps to the dtype's range, and takes 0 for not-a-number
        low, high = np.iinfo(new).min, np.iinfo(new).max
        wide = np.nan_to_num(x.astype(np.float64))
        inside = wide.clip(low, high if new.itemsize < 8 else np.nextafter(float(high), 0)).astype(new)
        return np.where(wide >= float(high), np.asarray(high, new), inside)
    return x.astype(new, order="C")  # what follows a transposition runs along the memory


@primitive("bitcast_convert_type")
def _bitcast(x: np.ndarray, *, new_dtype: Any) -> Any:
    new, x = np.dtype(new_dtype), np.asarray(x, order="C")
    if new.itemsize == x.dtype.itemsize:
        return x.view(new)
    if new.itemsize < x.dtype.itemsize:
        return x[..., None].view(new)
    return x.view(new)[..., 0]


@primitive("reduce_precision")
def _reduce_precision(x: np.ndarray, *, exponent_bits: int, mantissa_bits: int) -> Any:
    import ml_dtypes  # a dependency of JAX

    narrow = {(5, 10): np.float16, (8, 7): ml_dtypes.bfloat16, (8, 23): np.float32}.get((exponent_bits, mantissa_bits))
    return x if narrow is None else x.astype(narrow)


# ---- shapes ---------------------------------------------------------------------------------------------------


@primitive("broadcast_in_dim")
def _broadcast(x: np.ndarray, *, shape: Sequence[int], broadcast_dimensions: Sequence[int], **_: Any) -> Any:
    sizes = [1] * len(shape)
    for dim, size in zip(broadcast_dimensions, x.shape, strict=True):
        sizes[dim] = size
    return np.broadcast_to(x.reshape(sizes), shape)


@primitive("reshape")
def _reshape(x: np.ndarray, *, new_sizes: Sequence[int], dimensions: Any = None, **_: Any) -> Any:
    return (x if dimensions is None else x.transpose(dimensions)).reshape(new_sizes)


TABLE["squeeze"] = lambda x, *, dimensions: np.squeeze(x, tuple(dimensions))
TABLE["expand_dims"] = lambda x, *, dimensions: np.expand_dims(x, tuple(dimensions))
TABLE["transpose"] = lambda x, *, permutation: x.transpose(permutation)
TABLE["rev"] = lambda x, *, dimensions: np.flip(x, tuple(dimensions))
TABLE["concatenate"] = lambda *xs, dimension: np.concatenate(xs, dimension)
TABLE["stack"] = lambda *xs, axis: np.stack(xs, axis)
TABLE["tile"] = lambda x, *, reps: np.tile(x, reps)
TABLE["iota"] = lambda *, dtype, shape, dimension, **_: np.broadcast_to(
    np.arange(shape[dimension], dtype=dtype).reshape([-1 if i == dimension else 1 for i in range(len(shape))]), shape
)
TABLE["split"] = lambda x, *, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis)


@primitive("slice")
def _slice(x: np.ndarray, *, start_indices: Any, limit_indices: Any, strides: Any) -> Any:
    return x[tuple(slice(*ends) for ends in zip(start_indices, limit_indices, strides or [1] * x.ndim, strict=True))]


@primitive("pad")
def _pad(x: np.ndarray, value: np.ndarray, *, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    spread = [(size - 1) * inner + size if size else 0 for size, (_, _, inner) in zip(x.shape, padding_config, strict=True)]
    outer = [max(low, 0) + size + max(high, 0) for size, (low, high, _) in zip(spread, padding_config, strict=True)]
    out = np.full(outer, value, x.dtype)
    places = zip(spread, padding_config, strict=True)
    out[tuple(slice(max(low, 0), max(low, 0) + size, inner + 1) for size, (low, _, inner) in places)] = x
    kept = zip(outer, padding_config, strict=True)
    return out[tuple(slice(max(-low, 0), size - max(-high, 0)) for size, (low, high, _) in kept)]


@primitive("select_n")
def _select_n(which: np.ndarray, *cases: np.ndarray) -> Any:
    if len(cases) == 2:
        return np.where(which, cases[1], cases[0])
    return np.choose(which, cases)


# ---- reductions -----------------------------------------------------------------------------------------------


def _reduction(fn: Callable) -> Callable:
    return lambda x, *, axes, **_: fn(x, axis=tuple(axes))


def _extreme(fn: Callable, low: bool) -> Callable:
    """max or min, with what JAX starts from where there is nothing."""

    def reduce(x: np.ndarray, *, axes: Sequence[int], **_: Any) -> Any:
        if x.dtype.kind in "iu":
            info = np.iinfo(x.dtype)
            start: Any = info.min if low else info.max
        else:
            start = False if x.dtype.kind == "b" and low else True if x.dtype.kind == "b" else -np.inf if low else np.inf
        return fn(x, axis=tuple(axes), initial=start)

    return reduce


TABLE["reduce_sum"] = lambda x, *, axes, **_: np.sum(x, axis=tuple(axes), dtype=None if x.dtype.kind in "fc" else x.dtype)
TABLE["reduce_prod"] = lambda x, *, axes, **_: np.prod(x, axis=tuple(axes), dtype=None if x.dtype.kind in "fc" else x.dtype)
TABLE["reduce_max"] = _extreme(np.max, True)
TABLE["reduce_min"] = _extreme(np.min, False)
TABLE["reduce_and"] = _reduction(np.bitwise_and.reduce)
TABLE["reduce_or"] = _reduction(np.bitwise_or.reduce)
TABLE["reduce_xor"] = _reduction(np.bitwise_xor.reduce)
TABLE["argmax"] = lambda x, *, axes, index_dtype: np.argmax(x, axis=axes[0])
TABLE["argmin"] = lambda x, *, axes, index_dtype: np.argmin(x, axis=axes[0])


def _running(fn: Callable) -> Callable:
    def run(x: np.ndarray, *, axis: int, reverse: bool) -> Any:
        flipped = np.flip(x, axis) if reverse else x
        out = fn(flipped, axis=axis)
        return np.flip(out, axis) if reverse else out

    return run


TABLE["cumsum"] = _running(lambda x, axis: np.cumsum(x, axis, dtype=x.dtype))
TABLE["cumprod"] = _running(lambda x, axis: np.cumprod(x, axis, dtype=x.dtype))
TABLE["cummax"] = _running(np.maximum.accumulate)
TABLE["cummin"] = _running(np.minimum.accumulate)
TABLE["cumlogsumexp"] = _running(np.logaddexp.accumulate)


@primitive("sort")
def _sort(*operands: np.ndarray, dimension: int, is_stable: bool, num_keys: int) -> Any:
    keys = [k + 0.0 if k.dtype.kind == "f" else k for k in operands[:num_keys]]  # -0.0 as 0.0
    order = np.argsort(keys[-1], axis=dimension, kind="stable")
    for key in reversed(keys[:-1]):
        again = np.argsort(np.take_along_axis(key, order, dimension), axis=dimension, kind="stable")
        order = np.take_along_axis(order, again, dimension)
    return [np.take_along_axis(x, order, dimension) for x in operands]


def _total_order(x: np.ndarray) -> np.ndarray:
    """Whole numbers in the order of IEEE's total order, in which each not-a-number has its place."""
    bits = np.asarray(x, order="C").view(f"i{x.dtype.itemsize}")
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)


@primitive("top_k")
def _top_k(x: np.ndarray, *, k: int, axis: int, **_: Any) -> Any:
    key = _total_order(x) if x.dtype.kind == "f" else x
    order = np.flip(x.shape[axis] - 1 - np.argsort(np.flip(key, axis), axis=axis, kind="stable"), axis)
    order = np.take(order, np.arange(k), axis=axis)
    return [np.take_along_axis(x, order, axis), order]


# ---- products -------------------------------------------------------------------------------------------------


@primitive("dot_general")
def _dot_general(a: np.ndarray, b: np.ndarray, *, dimension_numbers: Any, preferred_element_type: Any = None, **_: Any) -> Any:
    (ca, cb), (ba, bb) = dimension_numbers
    if preferred_element_type is not None and a.dtype.kind in "iub":
        a, b = a.astype(preferred_element_type), b.astype(preferred_element_type)
    elif a.dtype.itemsize <= 2 and a.dtype.kind not in "iub":  # summed in float32, as XLA does
        a, b = a.astype(np.float32), b.astype(np.float32)
    fa = [d for d in range(a.ndim) if d not in (*ca, *ba)]
    fb = [d for d in range(b.ndim) if d not in (*cb, *bb)]
    batch, inner = [a.shape[d] for d in ba], math.prod(a.shape[d] for d in ca)
    rows, columns = [a.shape[d] for d in fa], [b.shape[d] for d in fb]
    left = a.transpose([*ba, *fa, *ca]).reshape([*batch, math.prod(rows), inner])
    right = b.transpose([*bb, *cb, *fb]).reshape([*batch, inner, math.prod(columns)])
    return np.matmul(left, right).reshape([*batch, *rows, *columns])


@primitive("fft")
def _fft(x: np.ndarray, *, fft_type: Any, fft_lengths: Sequence[int], **_: Any) -> Any:
    axes = tuple(range(-len(fft_lengths), 0))
    fn = (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)[int(fft_type)]
    return fn(x, tuple(fft_lengths), axes)


TABLE["cholesky"] = lambda x, **_: np.linalg.cholesky(x)

"""Samples of the core ops, by row name; this file: elementwise, comparisons, reductions (the rest: `samples_arrays.py`).

A sample is a call of the public function that the row stands behind.

Arrays that `Draw.f` makes are the ones whose dtype the tests vary; `i` makes whole numbers, `b` bools, `c` complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import torchlike
from torchlike.tensor import functions


class Floats(np.ndarray):
    """An array whose dtype the tests choose; gradients are taken with respect to it."""


class Draw:
    """Random arrays from a seed."""

    def __init__(self, seed: int = 7):
        self.rng = np.random.default_rng(seed)

    def f(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        return np.asarray(self.rng.uniform(low, high, shape)).view(Floats)

    def i(self, *shape: int, low: int = 0, high: int = 5) -> np.ndarray:
        return np.asarray(self.rng.integers(low, high, shape))

    def b(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.random(shape) < 0.5)

    def c(self, *shape: int) -> np.ndarray:
        return self.rng.normal(size=shape) + 1j * self.rng.normal(size=shape)

    def distinct(self, *shape: int) -> np.ndarray:
        """No two elements alike, also in 16 bits and as whole numbers."""
        size = int(np.prod(shape))
        return (self.rng.permutation(size) - size // 2).astype(np.float64).reshape(shape).view(Floats)

    def values(self, *numbers: float) -> np.ndarray:
        return np.asarray(numbers, np.float64).view(Floats)


@dataclass(frozen=True)
class Sample:
    """One call.

    Attributes:
        build: the positional arguments from a `Draw`; arrays become tensors.
        keywords: keyword arguments.
        call: `(library, *args, **keywords)`, for what is not `library.<row name>(...)`.
        grad: whether gradients are compared.
        sweep: whether other dtypes than float32 and float64 are tried.
    """

    build: Callable[[Draw], tuple]
    keywords: dict[str, Any] = field(default_factory=dict)
    call: Callable | None = None
    grad: bool = True
    sweep: bool = True


SAMPLES: dict[str, list[Sample]] = {}


def add(
    name: str,
    build: Callable[[Draw], tuple],
    call: Callable | None = None,
    *,
    grad: bool = True,
    sweep: bool = True,
    **keywords: Any,
) -> None:
    """Put a sample into the table; `keywords` are those of the call."""
    SAMPLES.setdefault(name, []).append(Sample(build, keywords, call, grad, sweep))


# --- elementwise -------------------------------------------------------------------------------------------------------

_RANGES = {  # where a function lives, if not on [-2, 2]
    "log": (0.1, 3), "log2": (0.1, 3), "log10": (0.1, 3), "log1p": (-0.9, 3), "sqrt": (0.1, 3), "rsqrt": (0.1, 3),
    "acosh": (1.1, 3),
    "acos": (-0.9, 0.9), "asin": (-0.9, 0.9), "atanh": (-0.9, 0.9), "erfinv": (-0.9, 0.9), "logit": (0.1, 0.9),
    "digamma": (0.3, 3), "lgamma": (0.3, 3), "reciprocal": (0.3, 3),
}  # fmt: skip
UNARY = (
    "abs neg positive sign sgn exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh asinh "
    "acosh atanh sigmoid logit erf erfc erfinv reciprocal square floor ceil round trunc frac lgamma digamma nan_to_num angle "
    "conj conj_physical deg2rad rad2deg i0 sinc isfinite isposinf isneginf isreal isnan isinf logical_not signbit"
).split()
BINARY = (
    "add sub rsub mul true_divide floor_divide remainder fmod maximum minimum fmax fmin atan2 hypot logaddexp logaddexp2 "
    "nextafter copysign heaviside eq ne lt le gt ge logical_and logical_or logical_xor isclose"
).split()
TENSORS_ONLY = (
    "maximum minimum fmax fmin atan2 hypot logaddexp logaddexp2 nextafter heaviside logical_and logical_or logical_xor isclose"
).split()
NO_GRAD = {"floor_divide", "nextafter", "heaviside"}
WHOLE = "bitwise_and bitwise_or bitwise_xor gcd lcm".split()

for _name in UNARY:
    _low, _high = _RANGES.get(_name, (-2, 2))
    add(_name, lambda r, low=_low, high=_high: (r.f(3, 4, low=low, high=high),))
    add(_name, lambda r, low=_low, high=_high: (r.f(low=low, high=high),))
    add(_name, lambda r: (r.f(0, 3),))
for _name in BINARY:
    add(_name, lambda r: (r.f(3, 4), r.f(3, 4)), grad=_name not in NO_GRAD)
    add(_name, lambda r: (r.f(3, 1, 2), r.f(4, 1)), grad=_name not in NO_GRAD)
    add(_name, lambda r: (r.f(0, 1), r.f(3)), grad=_name not in NO_GRAD)
    if _name not in TENSORS_ONLY:
        add(_name, lambda r: (r.f(3, 4), 1.5), grad=_name not in NO_GRAD)
        add(_name, lambda r: (r.i(3, 4), 2), grad=False)
for _name in WHOLE:
    add(_name, lambda r: (r.i(3, 4), r.i(4)))
    add(_name, lambda r: (r.i(3, 4).astype(np.int32), r.i(4)))
add("bitwise_not", lambda r: (r.i(3, 4),))
add("bitwise_not", lambda r: (r.b(3, 4),))
add("bitwise_and", lambda r: (r.b(3, 4), r.b(4)))
for _name in ("bitwise_left_shift", "bitwise_right_shift"):
    add(_name, lambda r: (r.i(3, 4, low=-9, high=99), r.i(4)))

for _name in ("add", "sub", "rsub"):
    add(_name, lambda r: (r.f(3, 4), r.f(4)), alpha=2)
    add(_name, lambda r: (r.f(3, 4), r.f(4)), alpha=0.5, sweep=False)
add("add", lambda r: (r.f(3), r.i(3)))
add("round", lambda r: (r.f(3, 4),), decimals=2, sweep=False)
add("round", lambda r: (r.f(3, 4) * 100,), decimals=-1, sweep=False)
add("logit", lambda r: (r.f(3, 4),), eps=0.1)
add("nan_to_num", lambda r: (r.values(np.nan, np.inf, -np.inf, 1),), nan=1.0, posinf=2.0, neginf=-3.0, sweep=False)
add("div_trunc", lambda r: (r.f(3, 4), r.f(4)), lambda t, a, b: t.div(a, b, rounding_mode="trunc"), grad=False)
add("div_trunc", lambda r: (r.i(3, 4, low=-9), r.i(4, low=1)), lambda t, a, b: t.div(a, b, rounding_mode="trunc"))
add("floor_divide", lambda r: (r.i(3, 4, low=-9), r.i(4, low=1)), grad=False)
add("remainder", lambda r: (r.i(3, 4, low=-9), -r.i(4, low=1)), grad=False)
add("fmod", lambda r: (r.i(3, 4, low=-9), -r.i(4, low=1)), grad=False)
for _exponent in (2, 3, -1, 0.5, -0.5, 2.5, 0, 1, 5):
    add("pow", lambda r, e=_exponent: (r.f(3, 4, low=0.2), e))
add("pow", lambda r: (r.f(3, 4, low=0.2), r.f(4)))
add("pow", lambda r: (2, r.f(3, 4)))
add("pow", lambda r: (r.i(3, 4), r.i(4)))
add("float_power", lambda r: (r.f(3, 4, low=0.2), r.f(4)))
add("float_power", lambda r: (r.i(3, 4), 2))
for _name in ("clamp", "clamp_min", "clamp_max"):
    add(_name, lambda r: (r.f(3, 4), -1))
add("clamp", lambda r: (r.f(3, 4), -1, 1))
add("clamp", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1)))
add("clamp", lambda r: (r.f(3, 4),), max=0.5)
add("clamp", lambda r: (r.i(3, 4),), min=0.5)
add("clamp_min", lambda r: (r.f(3, 4), r.f(4)))
add("clamp_max", lambda r: (r.f(3, 4), r.f(4)))
add("lerp", lambda r: (r.f(3, 4), r.f(4), 0.3))
add("lerp", lambda r: (r.f(3, 4), r.f(4), 0.8))
add("lerp", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1)))
add("addcmul", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1)))
add("addcmul", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1)), value=0.5, sweep=False)
add("addcdiv", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1, low=0.3)))
add("addcdiv", lambda r: (r.f(3, 4), r.f(4), r.f(3, 1, low=0.3)), value=2.0)
add("where", lambda r: (r.b(3, 4), r.f(4), r.f(3, 1)))
add("where", lambda r: (r.b(3, 4), 1.5, r.f(3, 1)))
add("where", lambda r: (r.b(3, 4), r.i(4), r.f(3, 1)))
add("where", lambda r: (r.b(3, 4), 1, 2.0))
add("xlogy", lambda r: (r.f(3, 4), r.f(4, low=0.2)))
add("ldexp", lambda r: (r.f(3, 4), r.i(4)))
add("frexp", lambda r: (r.f(3, 4),))
add("mvlgamma", lambda r: (r.f(3, 4, low=2, high=4),), p=3)
for _n in (0, 1, 2):
    add("polygamma", lambda r, n=_n: (n, r.f(3, 4, low=0.5)), sweep=False)
add("complex", lambda r: (r.f(3, 4), r.f(4)))
add("polar", lambda r: (r.f(3, 4, low=0.1), r.f(4)))
for _name in ("abs", "sgn", "angle", "exp", "log", "sqrt", "tanh", "sin", "square", "reciprocal", "sigmoid", "conj"):
    add(_name, lambda r: (r.c(3, 4),))
for _name in ("mul", "true_divide", "add", "sub"):
    add(_name, lambda r: (r.c(3, 4), r.c(4)))
add("pow", lambda r: (r.c(3, 4), 2))

# --- comparison --------------------------------------------------------------------------------------------------------

add("eq", lambda r: (r.i(3, 4), r.i(4)))
add("isclose", lambda r: (r.values(1, 2, np.nan), r.values(1.05, 3, np.nan)), rtol=0.1, equal_nan=True, sweep=False)
add("isclose", lambda r: (r.i(3, 4), r.i(4)))
add("equal_all", lambda r: (r.i(3), r.i(3)), lambda t, a, b: t.tensor(t.equal(a, b)))
add("equal_all", lambda r: (r.i(3), r.i(4)), lambda t, a, b: t.tensor(t.equal(a, b)))


def _lies_within(t: Any, x: Any) -> Any:
    """torch asks a constraint; here a distribution asks for the row."""
    region = t.distributions.constraints.interval(-1.5, 1.5)
    return functions.lies_within(x, region) if t is torchlike else region.check(x).all()


add("lies_within", lambda r: (r.f(3, 4),), _lies_within, grad=False, sweep=False)
add("lies_within", lambda r: (r.values(-1.5, 0.0, 1.5),), _lies_within, grad=False, sweep=False)
add("lies_within", lambda r: (r.values(0.0, np.nan),), _lies_within, grad=False, sweep=False)
add("isin", lambda r: (r.i(3, 4), r.i(2)))
add("isin", lambda r: (r.i(3, 4), r.i(2)), invert=True)

# --- reductions --------------------------------------------------------------------------------------------------------

DIMS: tuple[dict[str, Any], ...] = ({}, {"dim": 1}, {"dim": (0, -1)}, {"dim": -2, "keepdim": True})
_OVER_DIMS = "sum nansum mean nanmean all any count_nonzero var std var_mean std_mean amax amin"
for _name in _OVER_DIMS.split():
    for _dims in DIMS:
        _kept = {k: v for k, v in _dims.items() if _name != "count_nonzero" or k == "dim"}
        add(_name, lambda r: (r.f(3, 4, 2),), **_kept)
    add(_name, lambda r: (r.f(),), grad=_name not in ("var", "std", "var_mean", "std_mean"))
for _name in ("sum", "mean", "prod", "all", "any", "count_nonzero", "nansum", "var", "logsumexp"):
    add(_name, lambda r: (r.f(0, 3),), **({} if _name == "all" else {"dim": 0}))
for _name in ("sum", "mean", "prod", "cumsum", "cumprod", "nansum"):
    add(_name, lambda r: (r.f(3, 4),), dim=1, sweep=False)
    add(_name, lambda r: (r.i(3, 4),), lambda t, x, name=_name: getattr(t, name)(x, 1, dtype=t.float64))
for _dims in ({}, {"dim": 1}, {"dim": -2, "keepdim": True}):
    for _name in ("prod", "argmax", "argmin", "aminmax"):
        add(_name, lambda r: (r.distinct(3, 4, 2),), **_dims)
add("prod", lambda r: (r.values(0.0, 2.0, 3.0),), sweep=False)
add("prod", lambda r: (r.values(0.0, 2.0, 0.0),), sweep=False)
add("argmax", lambda r: (r.i(3, 20),), dim=1)
add("argmin", lambda r: (r.i(3, 20),), dim=1)
for _correction in (0, 2, 0.5):
    add("var", lambda r: (r.f(3, 4),), dim=0, correction=_correction, sweep=False)
    add("std", lambda r: (r.f(3, 4),), dim=0, correction=_correction, sweep=False)
add("std", lambda r: (r.values(2, 2, 2),), sweep=False)
add("std", lambda r: (r.f(3, 4), 0, False))
add("var", lambda r: (r.f(3, 4), False))
add("var", lambda r: (r.c(3, 4),), dim=0)
add("std_mean", lambda r: (r.f(3, 4),), unbiased=False)
add("trace", lambda r: (r.f(3, 4),))
for _p in (2, 1, 3, 0, 0.5, float("inf"), -float("inf"), -1):
    add("vector_norm", lambda r, p=_p: (r.f(3, 4), p), lambda t, x, p: t.norm(x, p), sweep=_p == 2)
    add("vector_norm", lambda r, p=_p: (r.f(3, 4), p), lambda t, x, p: t.norm(x, p, dim=1, keepdim=True), sweep=False)
    add("dist", lambda r, p=_p: (r.f(3, 4), r.f(4), p), sweep=_p == 2)
add("vector_norm", lambda r: (r.f(3, 4),), lambda t, x: t.norm(x))
add("vector_norm", lambda r: (r.values(0, 0),), lambda t, x: t.norm(x))
add("vector_norm", lambda r: (r.values(0, 0),), lambda t, x: t.norm(x, 3))
add("vector_norm", lambda r: (r.values(1, 1, 0),), lambda t, x: t.norm(x, float("inf")))
add("vector_norm", lambda r: (r.c(3, 4),), lambda t, x: t.norm(x, dim=0))
for _dims in DIMS[1:]:
    add("logsumexp", lambda r: (r.f(3, 4, 2),), **_dims)
for _name in ("max", "min"):
    _all, _along = f"{_name}_all", f"{_name}_dim"
    add(_all, lambda r: (r.distinct(3, 4),), lambda t, x, name=_name: getattr(t, name)(x))
    add(_all, lambda r: (r.values(1, 3, 1, 3),), lambda t, x, name=_name: getattr(t, name)(x))
    add(_all, lambda r: (r.i(3, 4),), lambda t, x, name=_name: getattr(t, name)(x))
    for _dims in ({"dim": 1}, {"dim": -3, "keepdim": True}):
        add(_along, lambda r: (r.distinct(3, 4, 2),), lambda t, x, name=_name, **k: getattr(t, name)(x, **k), **_dims)
    add(_along, lambda r: (r.values(1, 3, 1, 3),), lambda t, x, name=_name: getattr(t, name)(x, 0))
    _nans = np.array([1, np.nan, 5, np.nan])
    add(_along, lambda r, x=_nans: (r.values(*x),), lambda t, x, name=_name: getattr(t, name)(x, 0), grad=False, sweep=False)
    add(_along, lambda r: (r.f(),), lambda t, x, name=_name: getattr(t, name)(x, 0))
    add(_along, lambda r: (r.f(0, 3),), lambda t, x, name=_name: getattr(t, name)(x, 1))
for _name in ("amax", "amin"):
    add(_name, lambda r: (r.values(1, 3, 1, 3),))
for _name in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
    add(_name, lambda r: (r.f(3, 4, 2), 1))
    add(_name, lambda r: (r.f(3, 4, 2), -1))
    add(_name, lambda r: (r.f(), 0))
add("cumprod", lambda r: (r.values(2, 0, 3, 0, 5), 0))
add("cummax", lambda r: (r.i(3, 20), 1))
add("cummin", lambda r: (r.i(3, 20), 1))
add("cummax", lambda r: (r.values(1, np.nan, 5, 2), 0), grad=False, sweep=False)

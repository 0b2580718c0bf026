"""What the parameters of random distributions may be: torch's errors, per distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torchlike.base.dtypes import dtype as DType
from torchlike.base.numeric import C_NAMES, finfo
from torchlike.base.promotion import scalar_name

_KERNELS = {"uniform": "check_uniform_bounds", "normal": "normal_kernel_cpu", "log_normal": "log_normal_cpu"}


def check_parameters(kind: str, dtype: DType, parameters: Sequence[float]) -> None:
    """Raises what torch raises for a distribution with these parameters, in this dtype.

    Raises:
        NotImplementedError: for a dtype that has no such numbers; RuntimeError where torch says that with one.
        RuntimeError: for parameters that make no distribution.
    """
    _check_dtype(kind, dtype)
    _CHECKS[kind](dtype, *parameters)


def _check_dtype(kind: str, dtype: DType) -> None:
    if kind == "geometric":
        if dtype.category == DType.BOOL or dtype.is_complex:
            raise NotImplementedError(f"\"geometric_cpu\" not implemented for '{scalar_name(dtype)}'")
    elif kind in ("cauchy", "exponential"):
        if not dtype.is_floating_point:
            raise RuntimeError(
                f"{kind.capitalize()} distribution is a continuous probability distribution. dtype must be a floating point "
                f"but you specified {C_NAMES.get(dtype.name, dtype.name) if kind == 'cauchy' else scalar_name(dtype)}"
            )
    elif not dtype.is_differentiable or (kind == "log_normal" and dtype.is_complex):
        raise NotImplementedError(f"\"{_KERNELS[kind]}\" not implemented for '{scalar_name(dtype)}'")


def _uniform(dtype: DType, low: float, high: float) -> None:
    largest = finfo(dtype).max
    for name, bound in (("from", low), ("to", high)):
        if not abs(bound) <= largest:
            raise RuntimeError(f"{name} is out of bounds for {C_NAMES.get(dtype.to_real().name, dtype.name)}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype.to_real()}>::max(), but found to={high:g} and "
            f"from={low:g} which result in to-from to exceed the limit"
        )


def _normal(dtype: DType, mean: float, std: float) -> None:
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def _log_normal(dtype: DType, mean: float, std: float) -> None:
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")


def _cauchy(dtype: DType, median: float, sigma: float) -> None:
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")


def _exponential(dtype: DType, lambd: float) -> None:
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")


def _geometric(dtype: DType, p: float) -> None:
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")


_CHECKS: dict[str, Callable[..., None]] = {
    "uniform": _uniform, "normal": _normal, "log_normal": _log_normal, "cauchy": _cauchy, "exponential": _exponential,
    "geometric": _geometric,
}  # fmt: skip

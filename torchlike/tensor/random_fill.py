"""The in-place methods that overwrite a tensor with random numbers: `x.uniform_()`, `x.bernoulli_(p)`, `x.random_()` ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.tensor.random_checks import check_parameters
from torchlike.tensor.random_draw import SCATTERED, drawn, in_memory_order, memory_order, numbers, on_device, stream, trials
from torchlike.tensor.tensor import Tensor


def _fill(kind: str, *defaults: tuple[str, Any]) -> Callable[..., Tensor]:
    """The in-place method that overwrites a tensor with numbers of a distribution. A default of `...` is none."""
    names = [name for name, _ in defaults]

    def method(self: Tensor, *args: Any, generator: Any = None, **keywords: Any) -> Tensor:
        if len(args) > len(defaults):
            raise TypeError(f"{kind}_() takes from 0 to {len(defaults)} positional arguments but {len(args)} were given")
        if unknown := set(keywords) - set(names):
            raise TypeError(f"{kind}_() got an unexpected keyword argument '{min(unknown)}'")
        given = {**dict(defaults), **dict(zip(names, args, strict=False)), **keywords}
        if ... in given.values():
            raise TypeError(f'{kind}_() missing 1 required positional arguments: "{names[0]}"')
        parameters = [float(given[name]) for name in names]
        check_parameters(kind, self.dtype, parameters)
        self._check_writable()
        return self._write(
            in_memory_order(
                self,
                lambda size, **options: numbers(kind, size, self.dtype, self.device, generator, *parameters, **options),
                **SCATTERED.get(kind, {}),
            )
        )

    method.__name__ = method.__qualname__ = f"{kind}_"
    method.__doc__ = f"Overwrite every element with a number of the {kind.replace('_', '-')} distribution."
    return method


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Overwrite with 0 or 1, 1 with probability `p` (a number or a tensor that broadcasts)."""
    self._check_writable()
    if isinstance(p, Tensor):
        order, back = memory_order(self)
        chances = p.detach().expand(self.shape).permute(order)
        return self._write(drawn(lambda: trials(chances, generator).astype(self.dtype.np), self.device).permute(back))
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    if self.dtype.is_complex:
        raise NotImplementedError(f"\"bernoulli_scalar_cpu_\" not implemented for '{scalar_name(self.dtype)}'")

    kind, where = self.dtype, self.device  # a draw that is noted does not hold the tensor

    def draw(size: tuple[int, ...]) -> Tensor:
        if on_device(self.device):
            return (numbers("uniform", size, dtypes.float32, self.device, generator, 0.0, 1.0) < p).to(self.dtype)
        return drawn(lambda: stream(generator).bernoulli(size, float(p)).astype(kind.np), where)

    return self._write(in_memory_order(self, draw))


def random_(self: Tensor, low: Any = 0, high: Any = None, *, generator: Any = None, **kwargs: Any) -> Tensor:
    """Overwrite with integers in [low, high); without bounds all that the dtype holds exactly."""
    both = "to" in kwargs or high is not None or "from" in kwargs
    low, high = kwargs.get("from", low), kwargs.get("to", high)
    if not both and low:  # random_(to); an explicit `from` alone goes up to what the dtype holds
        low, high = 0, low
    self._check_writable()
    if self.dtype.is_complex:
        raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{scalar_name(self.dtype)}'")
    bounds = int(low), None if high is None else int(high)
    kind, where = self.dtype, self.device
    return self._write(
        in_memory_order(self, lambda size: drawn(lambda: stream(generator).random_(size, *bounds, kind.np), where))
    )


METHODS: dict[str, Any] = {
    "uniform_": _fill("uniform", ("from", 0.0), ("to", 1.0)),
    "normal_": _fill("normal", ("mean", 0.0), ("std", 1.0)),
    "exponential_": _fill("exponential", ("lambd", 1.0)),
    "cauchy_": _fill("cauchy", ("median", 0.0), ("sigma", 1.0)),
    "log_normal_": _fill("log_normal", ("mean", 1.0), ("std", 2.0)),
    "geometric_": _fill("geometric", ("p", ...)),
    "bernoulli_": bernoulli_,
    "random_": random_,
}

"""Random tensors. Numbers are drawn on the host, torch's own, and enter the program as leaves: same seed, same numbers.

With TORCHLIKE_RNG=device, uniform, normal and Bernoulli numbers are drawn by a recorded counter-based op instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.flags import flags
from torchlike.base.promotion import scalar_name
from torchlike.engine import dispatch
from torchlike.engine import random as source
from torchlike.engine.value import Value, aval, host
from torchlike.ops.registry import OPS
from torchlike.tensor.creation import _out as into
from torchlike.tensor.tensor import Tensor, bare
from torchlike.tensor.views import sizes


def _drawn(array: np.ndarray, where: devices.device) -> Tensor:
    return bare(host(array, where))


def _generator(generator: Any) -> source.Generator:
    if generator is None:
        return source.default_generator
    if not isinstance(generator, source.Generator):
        raise TypeError(f"argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


def _on_device(where: devices.device) -> bool:
    """Whether numbers are drawn inside the program: on accelerators, and everywhere if the user says so."""
    return where is not devices.CPU or flags.rng == "device"


def _draw(kind: str, size: tuple[int, ...], dtype: DType, where: devices.device, generator: Any, *parameters: float) -> Tensor:
    """Numbers of a distribution of `Generator`, from the host or (in device mode) from a recorded op."""
    if where is devices.META:
        return bare(Value(aval(size, dtype, where)))
    if _on_device(where) and f"device_{kind}" in OPS.rows:
        key, counter = _generator(generator).key_and_counter()
        return dispatch.call(OPS[f"device_{kind}"], (bare(host(key, where)), counter, *parameters), (size, dtype))
    return _drawn(getattr(_generator(generator), kind)(size, *parameters, dtype.np), where)


def _made(
    kind: str, size: tuple, parameters: tuple, dtype: Any, device: Any, requires_grad: bool, generator: Any, out: Any
) -> Tensor:
    dtype = dtypes.given(dtype) if dtype is not None else dtypes.get_default_dtype()
    _check(kind, dtype, parameters)
    made = _draw(kind, size, dtype, devices.resolve(device), generator, *parameters)
    return into(out, made.requires_grad_() if requires_grad else made)


def rand(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1)."""
    return _made("uniform", sizes(size or ((),)), (0.0, 1.0), dtype, device, requires_grad, generator, out)


def randn(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers of mean 0 and standard deviation 1."""
    return _made("normal", sizes(size or ((),)), (0.0, 1.0), dtype, device, requires_grad, generator, out)


def randint(
    low: Any, high: Any = None, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Integers in [low, high), or in [0, low) where only that and a size are given."""
    if size is None:
        low, high, size = 0, low, high
    if int(high) <= int(low):
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={int(low)} >= to={int(high)}")
    array = _generator(generator).randint(sizes((size,)), int(low), int(high), (dtype or dtypes.int64).np)
    return into(out, _drawn(array, devices.resolve(device)).requires_grad_(requires_grad))


def randperm(
    n: int, *, generator: Any = None, out: Any = None, dtype: Any = dtypes.int64, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 to n - 1 in random order."""
    return into(out, _drawn(_generator(generator).randperm(n).astype(dtype.np), devices.resolve(device)))


def rand_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, generator: Any = None,
) -> Tensor:  # fmt: skip
    """Uniform numbers in the shape of `input`."""
    return rand(
        input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad, generator=generator
    )


def randn_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers in the shape of `input`."""
    return randn(
        input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad, generator=generator
    )


def randint_like(
    input: Tensor, low: Any, high: Any = None, *, dtype: Any = None, device: Any = None, generator: Any = None, **_: Any,
) -> Tensor:  # fmt: skip
    """Integers in the shape of `input`."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, dtype=dtype or input.dtype, device=device or input.device, generator=generator)


def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None, out: Any = None) -> Tensor:
    """0 or 1, each 1 with the probability that `input` holds there."""
    if p is not None:
        return bernoulli_(input.detach().clone(), p, generator=generator)
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"bernoulli(): probabilities must be floating point, got {input.dtype}")
    probabilities = input._read().numpy()
    if ((probabilities < 0) | (probabilities > 1)).any():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    mask = _generator(generator).bernoulli_tensor(probabilities)
    return into(out, _drawn(mask.astype(input.dtype.np), input.device))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None, out: Any = None
) -> Tensor:
    """Indices drawn in proportion to the weights in the last dimension."""
    picked = _generator(generator).multinomial(input._read().numpy(), num_samples, replacement)
    return into(out, _drawn(picked, input.device))


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, **_: Any,
) -> Tensor:  # fmt: skip
    """Normal numbers; mean and standard deviation are numbers (with `size`) or tensors."""
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        return _made(
            "normal",
            sizes((size if size is not None else (),)),
            (float(mean), float(std)),
            dtype,
            device,
            requires_grad,
            generator,
            out,
        )
    shape = (mean + std).shape
    like = mean if isinstance(mean, Tensor) else std
    return into(out, randn(shape, dtype=like.dtype, device=like.device, generator=generator) * std + mean)


# ---- in place -------------------------------------------------------------------------------------------------


def _fill(kind: str, *defaults: tuple[str, float]) -> Callable[..., Tensor]:
    """The in-place method that overwrites a tensor with numbers of a distribution."""

    def method(self: Tensor, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        given = dict(zip((n for n, _ in defaults), args, strict=False)) | kwargs
        parameters = [
            float(given.pop("from" if n == "low" and "from" in given else "to" if n == "high" and "to" in given else n, d))
            for n, d in defaults
        ]
        _check(kind, self.dtype, parameters)
        self._check_writable()
        return self._write(
            _in_memory_order(self, lambda size: _draw(kind, size, self.dtype, self.device, generator, *parameters))
        )

    method.__name__ = method.__qualname__ = f"{kind}_"
    return method


def _in_memory_order(self: Tensor, draw: Callable[[tuple[int, ...]], Tensor]) -> Tensor:
    """Numbers drawn in the order in which torch's memory holds the elements, which is not the logical one after a permute."""
    strides = self._strides
    if strides is None:
        return draw(tuple(self.shape))
    order = sorted(range(self.ndim), key=lambda d: -strides[d])
    back = [order.index(d) for d in range(self.ndim)]
    return draw(tuple(self.shape[d] for d in order)).permute(back)


_KERNELS = {"uniform": "check_uniform_bounds", "normal": "normal_kernel_cpu"}


def _check(kind: str, dtype: DType, parameters: Sequence[float]) -> None:
    if not dtype.is_differentiable and kind != "geometric":
        raise NotImplementedError(f"\"{_KERNELS.get(kind, kind)}\" not implemented for '{scalar_name(dtype)}'")
    if kind == "uniform" and parameters[0] > parameters[1]:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={parameters[0]:g} > to={parameters[1]:g}"
        )
    if kind == "normal" and parameters[1] < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {parameters[1]:g}")


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Overwrite with 0 or 1, 1 with probability `p` (a number or a tensor that broadcasts)."""
    self._check_writable()
    if isinstance(p, Tensor):
        return self._write(bernoulli(p.expand(self.shape), generator=generator).to(self.dtype))
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    if _on_device(self.device) or self.device is devices.META:
        return self._write(
            (_draw("uniform", tuple(self.shape), dtypes.float32, self.device, generator, 0.0, 1.0) < p).to(self.dtype)
        )
    mask = _generator(generator).bernoulli(tuple(self.shape), float(p))
    return self._write(_drawn(mask.astype(self.dtype.np), self.device))


def random_(self: Tensor, low: Any = 0, high: Any = None, *, generator: Any = None, **kwargs: Any) -> Tensor:
    """Overwrite with integers in [low, high); without bounds all that the dtype holds exactly."""
    both = "to" in kwargs or high is not None or "from" in kwargs
    low, high = kwargs.get("from", low), kwargs.get("to", high)
    if not both and low:  # random_(to); an explicit `from` alone goes up to what the dtype holds
        low, high = 0, low
    self._check_writable()
    array = _generator(generator).random_(tuple(self.shape), int(low), None if high is None else int(high), self.dtype.np)
    return self._write(_drawn(array, self.device))


def manual_seed(seed: int) -> source.Generator:
    """Start the default generator again from `seed`, and return it."""
    return source.manual_seed(seed)


def get_rng_state() -> Tensor:
    """The state of the default generator, uint8."""
    return bare(host(np.array(source.get_rng_state())))


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state."""
    source.set_rng_state(new_state._read().numpy())


class Generator(source.Generator):
    """A stream of random numbers (torch.Generator)."""

    def get_state(self) -> Any:
        """The whole state as a uint8 tensor."""
        return bare(host(np.array(super().get_state())))

    def set_state(self, state: Any) -> Any:
        """Go to a state that `get_state` gave."""
        return super().set_state(state._read().numpy() if isinstance(state, Tensor) else state)


FUNCTIONS = (
    rand, randn, randint, randperm, rand_like, randn_like, randint_like, bernoulli, multinomial, normal, manual_seed,
    get_rng_state, set_rng_state,
)  # fmt: skip
METHODS = {
    "uniform_": _fill("uniform", ("low", 0.0), ("high", 1.0)),
    "normal_": _fill("normal", ("mean", 0.0), ("std", 1.0)),
    "exponential_": _fill("exponential", ("lambd", 1.0)),
    "cauchy_": _fill("cauchy", ("median", 0.0), ("sigma", 1.0)),
    "log_normal_": _fill("log_normal", ("mean", 1.0), ("std", 2.0)),
    "geometric_": _fill("geometric", ("p", 0.5)),
    "bernoulli_": bernoulli_,
    "bernoulli": bernoulli,
    "random_": random_,
    "multinomial": multinomial,
}


# The default generator is one whose state is a tensor; the engine's own functions use it from now on.
default = source.default_generator = Generator()

"""Random tensors. Numbers are drawn on the host, torch's own, and enter the program as leaves: same seed, same numbers.

With TORCHLIKE_RNG=device, uniform, normal and Bernoulli numbers are drawn by a recorded counter-based op instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.numeric import checked
from torchlike.base.promotion import scalar_name
from torchlike.engine import random as source
from torchlike.engine import random_counts
from torchlike.engine.record import local
from torchlike.engine.value import Value, aval, host
from torchlike.ops.checks import broadcast_shapes
from torchlike.tensor import functions as ops
from torchlike.tensor import random_fill
from torchlike.tensor.options import deliver, laid_out_like, number, one_size, settle, settle_like, size_of, whole, with_grad
from torchlike.tensor.random_checks import check_parameters
from torchlike.tensor.random_draw import (
    SCATTERED,
    drawn,
    floating,
    in_memory_order,
    in_program,
    made,
    numbers,
    on_device,
    stream,
    trials,
)
from torchlike.tensor.tensor import Tensor, bare

# ---- of a size ------------------------------------------------------------------------------------------------


def rand(
    *args: Any, size: Any = None, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1)."""
    kind, where = settle(out, dtype, device, layout)
    return deliver(out, made("uniform", size_of("rand", args, size), kind, where, generator, 0.0, 1.0), requires_grad)


def randn(
    *args: Any, size: Any = None, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers of mean 0 and standard deviation 1."""
    kind, where = settle(out, dtype, device, layout)
    return deliver(out, made("normal", size_of("randn", args, size), kind, where, generator, 0.0, 1.0), requires_grad)


def _integers(low: Any, high: Any, size: tuple[int, ...], kind: DType, where: devices.device, generator: Any) -> Tensor:
    low, high = (whole("randint", name, 1, n) for name, n in (("low", low), ("high", high)))
    if kind.is_complex:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    return drawn(lambda: stream(generator).randint(size, low, high, kind.np), where)


def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Integers in [low, high), or in [0, low) where only that and a size are given.

    Raises:
        RuntimeError: where there are none, or the dtype cannot hold them.
    """
    if size is None:
        low, high, size = 0, low, high
    elif high is None or low is None:
        low, high = 0, low if high is None else high
    if size is None or high is None:
        raise TypeError("randint() received an invalid combination of arguments: it takes (high, size) or (low, high, size)")
    kind, where = settle(out, dtype, device, layout, dtypes.int64)
    return deliver(out, _integers(low, high, one_size("randint", size), kind, where, generator), requires_grad)


def randperm(
    n: Any, *, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 to n - 1 in random order."""
    kind, where = settle(out, dtype, device, layout, dtypes.int64)
    count = whole("randperm", "n", 1, n)
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    if kind is dtypes.bool_ or kind.is_complex:
        raise NotImplementedError(f"\"randperm\" not implemented for '{scalar_name(kind)}'")
    checked(count, kind)
    return deliver(out, drawn(lambda: stream(generator).randperm(count).astype(kind.np), where), requires_grad)


# ---- like another tensor --------------------------------------------------------------------------------------


def _like(name: str, distribution: str) -> Callable[..., Tensor]:
    def like(
        input: Tensor, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
    ) -> Tensor:  # fmt: skip
        kind, where = settle_like(name, input, dtype, layout, device)
        check_parameters(distribution, kind, (0.0, 1.0))
        frame = laid_out_like(bare(Value(aval(tuple(input.shape), kind, devices.META))), input, memory_format)
        filled = in_memory_order(
            frame,
            lambda size, **options: numbers(distribution, size, kind, where, generator, 0.0, 1.0, **options),
            **SCATTERED.get(distribution, {}),
        )
        return with_grad(
            laid_out_like(filled.clone() if filled._view is not None else filled, input, memory_format), requires_grad
        )

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"{distribution.capitalize()} numbers in the shape, dtype and place of `input`."
    return like


def _own(filled: Tensor, input: Tensor, memory_format: Any) -> Tensor:
    """What was drawn in the order of memory as a tensor of its own, laid out like `input`."""
    return laid_out_like(filled.clone() if filled._view is not None else filled, input, memory_format)


rand_like = _like("rand_like", "uniform")
randn_like = _like("randn_like", "normal")


def randint_like(
    input: Tensor, low: Any = None, high: Any = None, *, generator: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Integers in [low, high), or in [0, low), in the shape, dtype and place of `input`."""
    low, high = (0, low if high is None else high) if high is None or low is None else (low, high)
    kind, where = settle_like("randint_like", input, dtype, layout, device)
    frame = laid_out_like(bare(Value(aval(tuple(input.shape), kind, devices.META))), input, memory_format)
    filled = in_memory_order(frame, lambda size: _integers(number(low), number(high), size, kind, where, generator))
    return with_grad(_own(filled, input, memory_format), requires_grad)


# ---- of tensors of parameters -----------------------------------------------------------------------------------


def _with_parameters(row: str, drawn: Tensor, *parameters: Any) -> Tensor:
    """`drawn` as a function of its parameters, where one of them requires a gradient (which is zero)."""
    if not any(isinstance(p, Tensor) and p.requires_grad for p in parameters):
        return drawn
    return getattr(ops, row)(drawn, *parameters)


def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None, out: Any = None) -> Tensor:
    """0 or 1, each 1 with the probability that `input` holds there (or `p`). The gradient is zero.

    Raises:
        RuntimeError: for a probability outside [0, 1].
    """
    if p is not None:
        if isinstance(p, Tensor):
            raise TypeError("bernoulli() received an invalid combination of arguments - got (Tensor, Tensor)")
        return deliver(out, random_fill.bernoulli_(input.detach().clone(), p, generator=generator))
    found = drawn(lambda: trials(input, generator).astype(input.dtype.np), input.device)
    return deliver(out, _with_parameters("bernoulli_drawn", found, input) if out is None else found)


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Poisson numbers of the rates in `input`. Raises RuntimeError for a negative rate."""
    inside = in_program("poisson", generator, input)
    if inside is not None:
        return inside
    rates = floating("poisson_cpu", input)
    found = drawn(lambda: random_counts.poisson(stream(generator), rates).astype(input.dtype.np), input.device)
    return _with_parameters("poisson_drawn", found, input)


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """How many of `count` trials with the chance `prob` succeed.

    Raises:
        ValueError: for dtypes that are not floating. RuntimeError: where the two differ.
    """
    for name, given in (("count", count), ("prob", prob)):
        if not given.dtype.is_floating_point:
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {scalar_name(given.dtype)}")
    if count.dtype is not prob.dtype:
        raise RuntimeError(f"Found dtype {scalar_name(prob.dtype)} but expected {scalar_name(count.dtype)}")
    if count.dtype.itemsize < 4:
        raise NotImplementedError(f"\"binomial_cpu\" not implemented for '{scalar_name(count.dtype)}'")
    inside = in_program("binomial", generator, count, prob)
    if inside is not None:
        return inside
    pair = np.broadcast_arrays(count._read().numpy(), prob._read().numpy())
    found = drawn(lambda: random_counts.binomial(stream(generator), *pair).astype(count.dtype.np), count.device)
    return _with_parameters("binomial_drawn", found, count, prob)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None, out: Any = None
) -> Tensor:
    """Indices drawn in proportion to the weights in the last dimension.

    Raises:
        RuntimeError: for weights that are not floating or make no distribution, and where there are too few to draw from.
    """
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {scalar_name(input.dtype)}")
    if isinstance(out, Tensor) and out.dtype is not dtypes.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {scalar_name(out.dtype)}")
    weights = input._read()
    return deliver(out, drawn(lambda: stream(generator).multinomial(weights.numpy(), num_samples, replacement), input.device))


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers; mean and standard deviation are numbers (with `size`) or tensors, which get a zero gradient.

    Raises:
        RuntimeError: for a negative standard deviation.
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError("normal() received an invalid combination of arguments: two numbers need a `size`")
        kind, where = settle(out, dtype, device, layout)
        found = made("normal", one_size("normal", size), kind, where, generator, float(mean), float(std))
        return deliver(out, found, requires_grad)
    if size is not None:
        raise TypeError("normal() received an invalid combination of arguments: `size` goes with numbers")
    drawn = _around(mean, std, generator)
    return deliver(out, drawn if out is not None else _with_parameters("normal_drawn", drawn, mean, std))


def _around(mean: Any, std: Any, generator: Any) -> Tensor:
    """Normal numbers around `mean`, of which one at least is a tensor; computed on the host where they are drawn there."""
    like = mean if isinstance(mean, Tensor) else std
    for given in (mean, std):
        if isinstance(given, Tensor) and given is std and given.dtype.is_complex:
            raise RuntimeError("normal expects standard deviation to be non-complex")
    readable = all(not isinstance(t, Tensor) or _readable(t) for t in (mean, std))
    if isinstance(std, Tensor) and readable and not (std._read().numpy() >= 0).all():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = broadcast_shapes(*(tuple(t.shape) for t in (mean, std) if isinstance(t, Tensor)))
    scale = 1.0 if isinstance(std, Tensor) else float(std)
    noise = made("normal", shape, like.dtype, like.device, generator, 0.0, scale)
    if readable and not on_device(like.device):  # rounded after the product and after the sum, as torch does
        values = noise._read().numpy()
        if isinstance(std, Tensor):
            values = (values * std._read().numpy()).astype(values.dtype)
        shift = mean._read().numpy() if isinstance(mean, Tensor) else values.dtype.type(mean)
        if local.state.notes is not None:
            local.state.notes.refuse("normal() with a tensor of means or deviations reads it on the host")
        return bare(host((values + shift).astype(values.dtype), like.device))
    centre = mean.detach() if isinstance(mean, Tensor) else mean
    return ((noise * std.detach() if isinstance(std, Tensor) else noise) + centre).to(like.dtype)


def _readable(x: Tensor) -> bool:
    """Whether the elements can be looked at: not inside a JAX transform, not on meta."""
    return not x._read().aval.traced and x.device is not devices.META


# ---- the default generator --------------------------------------------------------------------------------------


def manual_seed(seed: Any) -> source.Generator:
    """Start the default generator again from `seed`, and return it."""
    return source.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator again from a seed of the operating system, and return that."""
    return source.seed()


def initial_seed() -> int:
    """The seed that the default generator started from."""
    return source.initial_seed()


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
    rand, randn, randint, randperm, rand_like, randn_like, randint_like, bernoulli, multinomial, normal, poisson, binomial,
    manual_seed, seed, initial_seed, get_rng_state, set_rng_state,
)  # fmt: skip
METHODS = {**random_fill.METHODS, "bernoulli": bernoulli, "multinomial": multinomial}


# The default generator is one whose state is a tensor; the engine's own functions use it from now on.
default = source.default_generator = Generator()

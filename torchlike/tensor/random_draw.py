"""How random numbers are drawn for tensors: from the host's generator, or by a recorded op on the device."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from torchlike.base import device as devices
from torchlike.base.dtypes import dtype as DType
from torchlike.base.flags import flags
from torchlike.base.layout import is_contiguous
from torchlike.base.promotion import scalar_name
from torchlike.engine import dispatch
from torchlike.engine import random as source
from torchlike.engine.record import local
from torchlike.engine.value import Value, aval, host
from torchlike.ops.registry import OPS
from torchlike.tensor.random_checks import check_parameters
from torchlike.tensor.tensor import Tensor, bare


def placed(array: np.ndarray, where: devices.device) -> Tensor:
    return array.example(where) if isinstance(array, Drawn) else bare(host(array, where))


def drawn(draw: Callable[[], np.ndarray], where: devices.device) -> Tensor:
    """The tensor of what `draw` takes from a generator of the host."""
    made = placed(draw(), where)
    if local.state.notes is not None:
        local.state.notes.drawn(made._read(), draw)
    return made


def stream(generator: Any) -> Any:
    """The generator that numbers come from; inside `vmap` one that draws as the randomness asked for says."""
    if local.state.capture is not None:
        levels = _levels()
        if levels:
            return _BatchStream(_plain_stream(generator), levels)
    return _plain_stream(generator)


class _KeyStream:
    """Numbers from a key of JAX's, for models that are pure functions: every call takes the next count."""

    def __init__(self, key: Any):
        self.key, self.count = key, 0

    def key_and_counter(self) -> tuple[Any, int]:
        if self.key is None:
            raise RuntimeError("this model draws random numbers: call it with a key (rng=jax.random.key(0))")
        self.count += 1
        return self.key, self.count

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(
            f"a model that is a JAX function cannot draw {name!r}: only uniform and normal numbers and masks"
        )


class _Keys(threading.local):
    stream: _KeyStream | None = None


_keys = _Keys()


@contextmanager
def drawing_from(key: Any) -> Iterator[None]:
    """Within the block numbers come from a key, a tensor uint32 (2,); None raises where one is asked for."""
    before, _keys.stream = _keys.stream, _KeyStream(key)
    try:
        yield
    finally:
        _keys.stream = before


def _plain_stream(generator: Any) -> Any:
    if _keys.stream is not None and generator is None:
        return _keys.stream
    if generator is None:
        return source.default_generator
    if not isinstance(generator, source.Generator):
        raise TypeError(f"argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


class Drawing:
    """How a region that stands for a batch draws.

    Attributes:
        randomness: "error", "same" for all examples, or "different". size: the size of the batch.
    """

    def __init__(self, randomness: str, size: int, region: Any):
        self.randomness, self.size, self.region = randomness, size, region


def _levels() -> list[Drawing]:
    """The batches, outermost first, whose examples get different numbers. Raises RuntimeError where none may be drawn."""
    found = []
    graph = local.state.capture
    while graph is not None:
        drawing = getattr(graph, "draw", None)
        if drawing is not None and drawing.randomness == "error":
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
                "randomness flags on vmap or perform the randomness operation out of vmap"
            )
        if drawing is not None and drawing.randomness == "different":
            found.append(drawing)
        graph = getattr(graph, "outer", None)
    return found[::-1]


class Drawn(np.ndarray):
    """Numbers for all examples of some batches, which are the first dimensions."""

    levels: list[Drawing]

    def __array_finalize__(self, other: Any) -> None:
        self.levels = getattr(other, "levels", [])

    def example(self, where: devices.device) -> Tensor:
        """The tensor that stands for the numbers of one example."""
        tensor = bare(host(self.view(np.ndarray), where))
        for level in self.levels:
            whole = tensor._read().aval
            tensor = bare(level.region.stand_in(aval(tuple(whole.shape[1:]), whole.dtype, where), tensor))
        return tensor


_BY_SIZE = frozenset(
    {"uniform", "normal", "log_normal", "exponential", "cauchy", "geometric", "bernoulli", "randint", "random_"}
)


class _BatchStream:
    """A generator that draws for every example at once, as torch does."""

    def __init__(self, inner: source.Generator, levels: list[Drawing]):
        self._inner, self._levels = inner, levels

    def __getattr__(self, name: str) -> Callable[..., Drawn]:
        sizes = tuple(level.size for level in self._levels)
        draw = getattr(self._inner, name)

        def drawn(first: Any, *rest: Any, **options: Any) -> Drawn:
            if name in _BY_SIZE:
                found = draw((*sizes, *((first,) if isinstance(first, int) else first)), *rest, **options)
            else:
                each = [draw(first, *rest, **options) for _ in range(math.prod(sizes))]
                found = np.stack(each).reshape(*sizes, *each[0].shape)
            made = found.view(Drawn)
            made.levels = self._levels
            return made

        return drawn


def on_device(where: devices.device) -> bool:
    """Whether numbers are drawn inside the program: on accelerators, and everywhere if the user says so."""
    return where is not devices.CPU or flags.rng == "device" or _keys.stream is not None


def numbers(
    kind: str, size: tuple[int, ...], dtype: DType, where: devices.device, generator: Any, *parameters: float, **options: bool
) -> Tensor:
    """Numbers of a distribution of `Generator`, from the host or (in device mode) from a recorded op."""
    if where is devices.META:
        return bare(Value(aval(size, dtype, where)))
    chosen = stream(generator)
    if on_device(where) and f"device_{kind}" in OPS.rows and not isinstance(chosen, _BatchStream):
        key, counter = chosen.key_and_counter()
        if not isinstance(key, Tensor):
            key = bare(host(key, where))
            if local.state.notes is not None:
                _note_counter(chosen, key._read(), where)
        return dispatch.call(OPS[f"device_{kind}"], (key, counter, *parameters), (size, dtype))
    return drawn(lambda: getattr(chosen, kind)(size, *parameters, dtype.np, **options), where)


def _note_counter(chosen: Any, key: Value, where: devices.device) -> None:
    """A number drawn on the device comes from a key and a count, which go on with every draw."""
    counts: list[int] = []

    def again() -> np.ndarray:
        found, counter = chosen.key_and_counter()
        counts[:] = [counter]
        return found

    local.state.notes.drawn(key, again)
    local.state.notes.numbers(where, 1, lambda: counts)


def made(kind: str, size: tuple, dtype: DType, where: Any, generator: Any, *parameters: float) -> Tensor:
    check_parameters(kind, dtype, parameters)
    return numbers(kind, size, dtype, where, generator, *parameters)


def in_program(row: str, generator: Any, *operands: Tensor) -> Tensor | None:
    """Numbers of the row `device_<row>`, where the operands cannot be looked at or numbers are drawn on the device; or None."""
    if not on_device(operands[0].device) and not any(isinstance(x._read().array, jax.core.Tracer) for x in operands):
        return None
    where = operands[0].device
    key, counter = stream(generator).key_and_counter()
    key = key if isinstance(key, Tensor) else bare(host(key, where))
    return dispatch.call(OPS[f"device_{row}"], (key, counter, *operands))


def memory_order(self: Tensor) -> tuple[list[int], list[int]]:
    """The dimensions from the outermost in memory to the innermost, and how to permute them back."""
    strides = self.stride()
    order = sorted(range(self.ndim), key=lambda d: -strides[d])
    return order, [order.index(d) for d in range(self.ndim)]


def in_memory_order(self: Tensor, draw: Callable[..., Tensor], **scattered: bool) -> Tensor:
    """Numbers drawn in the order in which torch's memory holds the elements, which is not the logical one after a permute.

    Args:
        draw: the size -> the numbers. It gets `scattered` too where the tensor is not contiguous.
    """
    if self._strides is None or is_contiguous(tuple(self.shape), self._strides):
        return draw(tuple(self.shape))
    order, back = memory_order(self)
    return draw(tuple(self.shape[d] for d in order), **scattered).permute(back)


# torch fills a contiguous tensor with normals by blocks, another one number by number.
SCATTERED: dict[str, dict[str, bool]] = {"normal": {"contiguous": False}}


def floating(kernel: str, input: Tensor) -> np.ndarray:
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(input.dtype)}'")
    return input._read().numpy()


def trials(chances: Tensor, generator: Any) -> np.ndarray:
    values = floating("bernoulli_tensor_cpu_p_", chances)
    if ((values < 0) | (values > 1)).any():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    return stream(generator).bernoulli_tensor(values)

"""Questions that scripts ask of CUDA, answered from JAX's GPUs."""

from __future__ import annotations

from typing import Any

from torchlike.base import device as devices
from torchlike.base.errors import OutOfMemoryError, absent, missing
from torchlike.cuda import amp
from torchlike.engine import flush, random
from torchlike.tensor.typed import CUDA_TYPES

__all__ = [
    "OutOfMemoryError", "amp", "current_device", "device_count", "empty_cache", "get_device_name", "is_available",
    "manual_seed", "manual_seed_all", "synchronize",
]  # fmt: skip

globals().update(CUDA_TYPES)  # torch.cuda.FloatTensor and kin


def is_available() -> bool:
    """Whether JAX sees a GPU."""
    return device_count() > 0


def device_count() -> int:
    """How many GPUs JAX sees."""
    return devices.count("cuda")


def current_device() -> int:
    """The index of the default GPU. Raises RuntimeError where there is none."""
    return devices.resolve("cuda").index or 0


def get_device_name(device: Any = None) -> str:
    """What the GPU calls itself."""
    return devices.jax_device(devices.resolve("cuda" if device is None else device)).device_kind


def synchronize(device: Any = None) -> None:
    """Run what is pending. A value read afterwards waits for it, so there is nothing more to wait for here."""
    flush()


def manual_seed(seed: int) -> None:
    """Seed the default generator."""
    random.manual_seed(seed)


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to do: XLA's allocator owns the memory."""


class CUDAGraph:
    """Not here: steps are recorded and compiled without it. Making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.cuda.CUDAGraph", "training steps are recorded and compiled without it")


class graph:
    """Not here, as `CUDAGraph`. Making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.cuda.graph", "training steps are recorded and compiled without it")


class Stream:
    """A stream of work in torch; XLA orders its work itself, so that one stream is as good as another."""

    def __init__(self, device: Any = None, priority: int = 0, **options: Any):
        self.device, self.priority = device, priority

    def synchronize(self) -> None:
        """Run what is pending."""
        flush()

    def query(self) -> bool:
        """True."""
        return True

    def wait_stream(self, stream: Any) -> None:
        """Nothing: work is ordered by what it reads."""

    def wait_event(self, event: Any) -> None:
        """Nothing: work is ordered by what it reads."""

    def record_event(self, event: Any = None) -> Any:
        """Raises NotImplementedError."""
        raise missing("torch.cuda.Event")


class StreamContext:
    """A block whose work goes to a stream; all are alike."""

    def __init__(self, stream: Stream | None):
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass


stream = StreamContext


def current_stream(device: Any = None) -> Stream:
    """A stream; all are alike."""
    return Stream(device)


default_stream = current_stream
__getattr__ = absent("torch.cuda")

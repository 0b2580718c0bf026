"""What a GPU is and which one is meant, answered from JAX's devices."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torchlike.base import device as devices

_NONE = "Torch not compiled with CUDA enabled"


def is_available() -> bool:
    """Whether JAX sees a GPU."""
    return device_count() > 0


def is_initialized() -> bool:
    """Whether JAX sees a GPU: there is nothing else to set up."""
    return is_available()


def init() -> None:
    """Raises AssertionError where JAX sees no GPU."""
    if not is_available():
        raise AssertionError(_NONE)


def device_count() -> int:
    """How many GPUs JAX sees."""
    return devices.count("cuda")


def current_device() -> int:
    """The index of the GPU that "cuda" means. Raises AssertionError where there is none."""
    init()
    return devices.current("cuda")


def index_of(device: Any) -> int:
    """The index of a device given as None, a number, a name or a device."""
    if device is None:
        return devices.current("cuda")
    if isinstance(device, int):
        return device
    found = devices.device(device)
    if found.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    return devices.current("cuda") if found.index is None else found.index


def set_device(device: Any) -> None:
    """Let "cuda" mean this GPU from now on; a negative index changes nothing.

    Raises:
        AssertionError: where JAX sees no GPU. RuntimeError: for an index that is not there.
    """
    index = index_of(device)
    if index < 0:
        return
    init()
    devices.set_current("cuda", index)


class device:
    """A block in which "cuda" means this GPU; with a negative index, or None, nothing changes."""

    def __init__(self, device: Any):
        self.idx = -1 if device is None else index_of(device)
        self.prev_idx = -1

    def __enter__(self) -> None:
        if self.idx >= 0:
            init()
            self.prev_idx = devices.current("cuda")
            devices.set_current("cuda", self.idx)

    def __exit__(self, *error: Any) -> None:
        if self.prev_idx >= 0:
            devices.set_current("cuda", self.prev_idx)


class device_of(device):
    """A block in which "cuda" means the GPU of a tensor."""

    def __init__(self, obj: Any):
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def jax_of(device: Any = None) -> Any:
    """The `jax.Device` of a GPU. Raises AssertionError where there is none."""
    init()
    return devices.jax_device(devices.device("cuda", index_of(device)))


def get_device_name(device: Any = None) -> str:
    """What the GPU calls itself."""
    return jax_of(device).device_kind


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Major and minor compute capability."""
    major, _, minor = str(getattr(jax_of(device), "compute_capability", "0.0")).partition(".")
    return int(major), int(minor or 0)


def get_device_properties(device: Any = None) -> Any:
    """name, major, minor, total_memory (bytes that XLA may use), multi_processor_count."""
    found = jax_of(device)
    major, minor = get_device_capability(device)
    memory = (found.memory_stats() or {}).get("bytes_limit", 0)
    return SimpleNamespace(
        name=found.device_kind, major=major, minor=minor, total_memory=memory,
        multi_processor_count=getattr(found, "core_count", 0) or 0, is_integrated=False, is_multi_gpu_board=False,
    )  # fmt: skip


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes in bfloat16: from compute capability 8.0 on. False where there is no GPU."""
    return is_available() and (including_emulation or get_device_capability() >= (8, 0))


def is_tf32_supported() -> bool:
    """Whether the GPU has TF32: from compute capability 8.0 on."""
    return is_available() and get_device_capability() >= (8, 0)


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether two GPUs reach each other's memory: two of one process do, through XLA."""
    return index_of(device) != index_of(peer_device)


def get_arch_list() -> list[str]:
    """The architectures that JAX's build was made for are not known: an empty list."""
    return []


def utilization(device: Any = None) -> int:
    """0: XLA does not say."""
    init()
    return 0

"""torch.device, and how its names map onto JAX's devices."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax

from torchlike.base.flags import flags

_TYPES = ("cpu", "cuda", "tpu", "xla", "meta", "mps", "xpu")
# What each name means to JAX (but for "cuda", see `flags.device`). "xla" is whatever accelerator there is.
_PLATFORMS = {"cpu": "cpu", "cuda": "gpu", "tpu": "tpu"}


class device:
    """Where a tensor lives: `device("cpu")`, `device("cuda:1")`, `device("cuda", 1)`. Interned, so equality is identity.

    Raises:
        RuntimeError: for a name torch does not know or an index that is no number.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __new__(cls, type: Any = "cpu", index: int | None = None) -> device:
        if isinstance(type, device):
            return type
        if isinstance(type, int):
            type, index = "cuda", type
        name, _, number = str(type).partition(":")
        if not name.replace("_", "").isalpha():
            raise RuntimeError(f"Invalid device string: '{type}'")
        if name not in _TYPES:
            raise RuntimeError(f"Expected one of {', '.join(_TYPES)} device type at start of device string: {type}")
        if number:
            if not number.isdigit() or index is not None:
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        return _make(name, index)

    @property
    def platform(self) -> str:
        """What JAX calls it."""
        return _platform(self.type)

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + (")" if self.index is None else f", index={self.index})")

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        _DEFAULTS.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _DEFAULTS.pop()


def _platform(kind: str) -> str:
    return "tpu" if kind == "cuda" and flags.device == "tpu" else _PLATFORMS.get(kind, kind)


def kind_of(platform: str) -> str:
    """What the devices of one of JAX's platforms are called here."""
    return "cuda" if platform == "gpu" or (platform == "tpu" and flags.device == "tpu") else platform


@cache
def _make(name: str, index: int | None) -> device:
    self = object.__new__(device)
    self.type, self.index = name, index
    return self


CPU = device("cpu")
META = device("meta")
_DEFAULTS: list[device] = [CPU]
_CURRENT: dict[str, int] = {}
# CPU devices besides the first that are places of their own: XLA makes several of a CPU for tests.
_SEVERAL: set[device] = set()


def default_device() -> device:
    """Where new tensors go when nobody says: the CPU, or what `set_default_device` or `with device(...)` chose."""
    return _DEFAULTS[-1]


def set_default_device(where: Any) -> None:
    """Make `where` the place of new tensors (None: the CPU again)."""
    _DEFAULTS[0] = CPU if where is None else device(where)


def resolve(where: Any) -> device:
    """The concrete device that `where` means: None is the default, an accelerator without an index the current one.

    Raises:
        RuntimeError: where this machine has no such device.
    """
    found = default_device() if where is None else device(where)
    if found is CPU or found is META or found.type in ("cpu", "meta"):
        return META if found.type == "meta" else found if found in _SEVERAL else CPU
    if found.type == "xla":
        found = device(next((name for name in ("tpu", "cuda") if count(name)), "cpu"), found.index)
    if found.type == "tpu" and flags.device == "tpu":
        found = device("cuda", found.index)
    if found.type == "cpu" or (found.type == "cuda" and flags.device == "cpu"):
        return CPU
    if found.index is None:
        found = device(found.type, _CURRENT.get(found.type, 0))
    jax_device(found)
    return found


def current(kind: str) -> int:
    """The index that an accelerator without one means."""
    return _CURRENT.get(kind, 0)


def set_current(kind: str, index: int) -> None:
    """Let an accelerator without an index mean this one. Raises RuntimeError where it is not there."""
    jax_device(device(kind, index))
    _CURRENT[kind] = index


def count(kind: str) -> int:
    """How many devices of a type ("cuda", "tpu") JAX sees."""
    if kind == "cuda" and flags.device == "cpu":
        return 0
    try:
        return len(jax.local_devices(backend=_platform(kind)))
    except RuntimeError:
        return 0


@cache
def jax_device(where: device) -> Any:
    """The `jax.Device` behind a torch device.

    Raises:
        RuntimeError: where JAX has no such device; says which it has.
    """
    try:
        found = jax.local_devices(backend=where.platform)
    except RuntimeError as error:
        have = sorted({d.platform for d in jax.devices()} | {"cpu"})
        name = {"gpu": "CUDA GPUs", "tpu": "TPUs"}.get(where.platform, f"{where.type} devices")
        raise RuntimeError(
            f"No {name} are available: device '{where}' was asked for, and JAX sees only {', '.join(have)}"
        ) from error
    if (where.index or 0) >= len(found):
        raise RuntimeError(
            f"CUDA error: invalid device ordinal: '{where}' was asked for, and there are {len(found)} {where.type} devices"
        )
    return found[where.index or 0]


def behind(found: Any) -> device:
    """The torch device that stands for a `jax.Device` of this process; a CPU device is a place of its own from now on."""
    kind = kind_of(found.platform)
    index = jax.local_devices(backend=found.platform).index(found)
    if kind == "cpu" and not index:
        return CPU
    place = device(kind, index)
    if kind == "cpu":
        _SEVERAL.add(place)
    return place


def of_array(array: Any) -> device:
    """The torch device of a concrete jax.Array (the first of its devices)."""
    found = next(iter(array.devices()))
    if found.platform == "cpu":
        return CPU
    return device(kind_of(found.platform), found.local_hardware_id)

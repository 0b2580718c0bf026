"""What things are called in a `.pth` file: torch's names for torchlike's classes and functions, and the way back."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from torchlike.base.dtypes import DTYPES, QUANTIZED, UNHELD, dtype
from torchlike.base.qschemes import SCHEMES, qscheme

OURS, THEIRS = "torchlike", "torch"

# Where a class lives here and in torch; all else keeps its path, with the root's name exchanged.
_MOVED = {
    ("torchlike.base.size", "Size"): ("torch", "Size"),
    ("torchlike.base.device", "device"): ("torch", "device"),
    ("torchlike.base.dtypes", "dtype"): ("torch", "dtype"),
    ("torchlike.tensor.tensor", "Tensor"): ("torch", "Tensor"),
    ("torchlike.tensor.parameter", "Parameter"): ("torch.nn.parameter", "Parameter"),
    ("torchlike.tensor.parameter", "Buffer"): ("torch.nn.parameter", "Buffer"),
    ("torchlike.tensor.uninitialized", "UninitializedParameter"): ("torch.nn.parameter", "UninitializedParameter"),
    ("torchlike.tensor.uninitialized", "UninitializedBuffer"): ("torch.nn.parameter", "UninitializedBuffer"),
    ("torchlike.engine.random", "Generator"): ("torch._C", "Generator"),
    ("torchlike.nn.modules.attention", "MultiheadAttention"): ("torch.nn.modules.activation", "MultiheadAttention"),
    ("torchlike.nn.modules.linear_cross_entropy", "LinearCrossEntropyLoss"): (
        "torch.nn.modules.loss",
        "LinearCrossEntropyLoss",
    ),
    ("torchlike.nn.modules.parameter_container", "ParameterDict"): ("torch.nn.modules.container", "ParameterDict"),
    ("torchlike.nn.modules.parameter_container", "ParameterList"): ("torch.nn.modules.container", "ParameterList"),
}
# Packages here that are one module in torch, or none: their names are looked for in the namespace on the right.
_FOLDED = {
    "torchlike.nn.functional": "torch.nn.functional",
    "torchlike.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "torchlike.distributions.constraints": "torch.distributions.constraints",
    "torchlike.distributions.kl": "torch.distributions.kl",
    "torchlike.distributions.transforms": "torch.distributions.transforms",
    "torchlike.tensor": "torch",
    "torchlike.autograd": "torch.autograd",
}
_BACK = {theirs: ours for ours, theirs in _MOVED.items()}
# Functions that torch pickles by where its compiled library has them.
_NN = ("avg_pool2d", "avg_pool3d", "gelu", "linear", "one_hot", "scaled_dot_product_attention", "softplus", "softshrink")
_BACK |= {("torch._C._nn", name): ("torchlike.nn.functional", name) for name in _NN}
_BACK |= {("torch._C._nn", "log_sigmoid"): ("torchlike.nn.functional", "logsigmoid")}
_BACK |= {("torch._tensor", "Tensor"): _BACK["torch", "Tensor"]}

_STORAGES = {
    "float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "bfloat16": "BFloat16Storage",
    "int64": "LongStorage", "int32": "IntStorage", "int16": "ShortStorage", "int8": "CharStorage", "uint8": "ByteStorage",
    "bool": "BoolStorage", "complex64": "ComplexFloatStorage", "complex128": "ComplexDoubleStorage",
    "qint8": "QInt8Storage", "quint8": "QUInt8Storage", "qint32": "QInt32Storage",
}  # fmt: skip


class Global(NamedTuple):
    """A name in torch that stands in a file for itself: something torchlike has no object for."""

    module: str
    name: str

    def __call__(self, *args: Any) -> Any:  # pickle wants what it reduces to be callable
        raise TypeError(f"{self.module}.{self.name} is only a name here")


class StorageType(NamedTuple):
    """A storage class named in a file. `dtype` is None for untyped storages, which count in bytes."""

    dtype: dtype | None


_STORAGE_TYPES = {("torch", name): StorageType(DTYPES.get(d) or QUANTIZED[d]) for d, name in _STORAGES.items()}
_STORAGE_TYPES |= {(m, "UntypedStorage"): StorageType(None) for m in ("torch", "torch.storage")}


@cache
def storage_type(kind: dtype) -> Global:
    """The storage class that torch writes for a dtype; the dtypes without one are written as bytes."""
    name = _STORAGES.get(kind.name)
    return Global("torch.storage", "UntypedStorage") if name is None else Global("torch", name)


def in_torch(obj: Any) -> tuple[str, str] | None:
    """Module and name that torch knows a class or function of torchlike by; None for what is not torchlike's."""
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] != OURS:
        return None
    if (module, name) in _MOVED:
        return _MOVED[module, name]
    for package, target in _FOLDED.items():
        if module == package or module.startswith(package + "."):
            return target, name
    return THEIRS + module.removeprefix(OURS), name


def storage_or_dtype(module: str, name: str) -> StorageType | dtype | qscheme | None:
    """What a file's name means if it is a storage class, a dtype or a quantization scheme."""
    for known in (DTYPES, QUANTIZED, UNHELD, SCHEMES) if module == THEIRS else ():
        if name in known:
            return known[name]
    return _STORAGE_TYPES.get((module, name))


def in_torchlike(module: str, name: str) -> Any:
    """What a file's `torch...` name means here: a class, function, dtype or storage type.

    Raises:
        AttributeError: where torchlike has nothing of that name.
    """
    found: Any = storage_or_dtype(module, name)
    if found is not None:
        return found
    ours = _BACK.get((module, name)) or (OURS + module.removeprefix(THEIRS), name)
    try:
        found = sys.modules.get(ours[0]) or import_module(ours[0])
        for part in ours[1].split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise AttributeError(f"the file refers to {module}.{name}, which torchlike does not have") from error
    return found

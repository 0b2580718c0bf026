"""Small questions that torch's root namespace answers about tensors, numbers and other objects; the old constructors."""

from __future__ import annotations

import math
from typing import Any

from torchlike.base import promotion
from torchlike.base.dtypes import dtype as DType
from torchlike.tensor import typed
from torchlike.tensor.overloads.table import METHODS, overload
from torchlike.tensor.tensor import Tensor

METHODS.update(typed.METHODS)
overload("set_default_tensor_type", method=False)(typed.set_default_tensor_type)


@overload("result_type", method=False)
def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype that an operation on both (tensors or numbers) computes in.

    >>> import torchlike as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """
    operands: list[Any] = []
    for given in (tensor1, tensor2):
        if isinstance(given, Tensor):
            operands.append((given.dtype, given.ndim))
        elif isinstance(given, (bool, int, float, complex)):
            operands.append(next(kind for kind in (bool, int, float, complex) if isinstance(given, kind)))
        else:
            raise TypeError(
                "result_type() received an invalid combination of arguments - got "
                f"({type(tensor1).__name__}, {type(tensor2).__name__}), but expected tensors and numbers"
            )
    return promotion.result_type(operands)


@overload("get_device", method=False)
def get_device(input: Tensor) -> int:
    """The index of the accelerator that the tensor is on, -1 on the CPU."""
    return input.get_device()


@overload("is_signed", method=False)
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return input.dtype.is_signed


@overload("is_storage", method=False)
def is_storage(obj: Any) -> bool:
    """Whether `obj` is a storage."""
    return type(obj).__name__.endswith("Storage") and hasattr(obj, "data_ptr")


@overload("typename", method=False)
def typename(obj: Any) -> str:
    """What torch calls the type of `obj`: "torch.FloatTensor", "torch.nn.modules.linear.Linear", "int".

    >>> import torchlike as torch
    >>> torch.typename(torch.ones(2))
    'torch.FloatTensor'
    """
    if isinstance(obj, Tensor):
        return obj.type()
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", "") or ""
    if module in ("builtins", "__builtin__", ""):
        return named.__qualname__
    module = "torch" + module.removeprefix("torchlike") if module.partition(".")[0] == "torchlike" else module
    return f"{module}.{named.__qualname__}"


# ---- on numbers that torch may trace: here sizes are always plain numbers ---------------------------------------------


@overload("sym_int", method=False)
def sym_int(a: Any) -> int:
    """`a` cut to an integer."""
    return math.floor(a) if a >= 0 else math.ceil(a)


@overload("sym_float", method=False)
def sym_float(a: Any) -> float:
    return float(a)


@overload("sym_not", method=False)
def sym_not(a: Any) -> bool:
    return not a


@overload("sym_max", method=False)
def sym_max(a: Any, b: Any) -> Any:
    """The larger number; a float where one is."""
    return float(max(a, b)) if isinstance(a, float) or isinstance(b, float) else max(a, b)


@overload("sym_min", method=False)
def sym_min(a: Any, b: Any) -> Any:
    """The smaller number; a float where one is."""
    return float(min(a, b)) if isinstance(a, float) or isinstance(b, float) else min(a, b)


@overload("sym_sum", method=False)
def sym_sum(args: Any) -> Any:
    return sum(args)


@overload("sym_ite", method=False)
def sym_ite(b: bool, t: Any, f: Any) -> Any:
    return t if b else f


for _name in ("sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "log2"):
    overload(f"sym_{_name}", method=False)(getattr(math, _name))

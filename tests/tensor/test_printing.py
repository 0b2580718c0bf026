"""Printing against real torch, character for character."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
import torch

from torchlike.tensor import printing
from torchlike.tensor.printing import tensor_repr

NAN, INF = math.nan, math.inf


def case(values, dtype: str = "float32"):
    return torch.tensor(values, dtype=getattr(torch, dtype))


def ramp(*shape: int, dtype: str = "float32", scale: float = 1.0):
    return (torch.arange(math.prod(shape)).reshape(shape) * scale).to(getattr(torch, dtype))


def noise(*shape: int, dtype: str = "float32", scale: float = 1.0):
    return (torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=getattr(torch, dtype)) * scale).contiguous()


VALUES = {
    "zero": case([0.0]), "zeros": torch.zeros(2, 3), "ones": torch.ones(2, 2, 2), "minus zero": case([-0.0, 1.0]),
    "whole": case([1.0, 2.0, 30.0]), "fractions": case([1.0, 0.25]), "negative": case([-1.5, 2.0, 100.25]),
    "nan": case([NAN]), "inf": case([INF, -INF]), "nan and whole": case([NAN, 1.0, -INF]),
    "nan and fraction": case([NAN, 1.5, INF]), "wide ratio": case([1.0, 1001.0]), "ratio 1000": case([1.0, 1000.0]),
    "wide fractions": case([0.5, 501.0]), "small": case([1e-5, 0.5]), "just 1e-4": case([1e-4, 0.01]),
    "tiny": case([1e-30, 1e-38]), "denormal": case([1e-45]), "large whole": case([1e8]), "over 1e8": case([1.1e8, 2e8]),
    "large": case([1.5e9, -3e9]), "float max": case([3.4e38]), "sci and nan": case([1e-9, NAN, INF, -1.0]),
    "sci and zero": case([0.0, 1e-9]), "whole sci": case([1.0, 1e5, INF]), "double": case([1.0, 2.5], "float64"),
    "double digits": case([math.pi * 1e-7, math.e], "float64"), "1e300": case([1e300, 1.0], "float64"),
    "half": case([1.0, 0.333], "float16"), "half sci": case([65504.0, 1e-3], "float16"),
    "half ratio": noise(5, 7, dtype="float16"), "bfloat16": case([1.0, 0.333, -2.5], "bfloat16"),
    "bfloat16 matrix": noise(4, 5, dtype="bfloat16"), "bfloat16 long": noise(1001, dtype="bfloat16"),
    "float8": case([1.0, 0.3, -2.0]).to(torch.float8_e4m3fn), "float8 e5m2": case([1.0, 0.3, -2.0]).to(torch.float8_e5m2),
    "bool": case([True, False], "bool"), "bools": ramp(3, 4).gt(5), "bool scalar": torch.tensor(True),
    "int64": case([1, -20, 300], "int64"), "int32": case([[1, 2], [3, 4]], "int32"), "uint8": ramp(2, 8, dtype="uint8"),
    "int8": case([-128, 127], "int8"), "int16": case([5], "int16"), "uint16": case([65535, 0], "uint16"),
    "uint64": case([2**63], "uint64"), "int64 ends": case([-(2**63), 2**63 - 1], "int64"),
    "long ints": ramp(1001, dtype="int64"), "int matrix": ramp(40, 40, dtype="int64"), "scalar": torch.tensor(3.0),
    "scalar fraction": torch.tensor(3.14159), "scalar int": torch.tensor(7), "scalar nan": torch.tensor(NAN),
    "scalar inf": torch.tensor(-INF), "scalar tiny": torch.tensor(1e-7),
    "scalar double": torch.tensor(0.1, dtype=torch.float64), "scalar complex": torch.tensor(1 - 2j),
    "scalar big": torch.tensor(123456789.0), "scalar half": torch.tensor(0.1, dtype=torch.float16),
    "complex": case([1 + 2j, -0.5j], "complex64"), "complex whole": case([1 + 2j, -3 - 4j], "complex64"),
    "complex sci": case([1e-9 + 1j, 5 - 1e9j], "complex64"),
    "complex nan": case([complex(NAN, INF), 1 + 1j, complex(0.5, -INF)], "complex64"),
    "complex128": noise(3, 4, dtype="complex128"), "complex long": noise(600, 2, dtype="complex64"),
    "complex zeros": torch.zeros(2, 2).to(torch.complex64), "vector": noise(30), "vector wraps": noise(100),
    "matrix": noise(3, 4), "wide matrix": noise(3, 30), "cube": noise(2, 3, 4), "4d": noise(2, 2, 2, 3),
    "5d": ramp(2, 1, 2, 1, 2), "1000": ramp(1000), "1001": ramp(1001), "noise 1001": noise(1001),
    "sci 1001": noise(1001, scale=1e-9), "7x200": noise(7, 200), "6x200": noise(6, 200), "200x6": noise(200, 6),
    "10x10x11": noise(10, 10, 11), "8x8x8x8": noise(8, 8, 8, 8), "2000x1": noise(2000, 1),
    "corner outlier": torch.cat([noise(500), case([1e10]), noise(500)]),
    "edge outlier": torch.cat([noise(1000), case([1e10])]), "empty": torch.zeros(0), "empty 0x3": torch.zeros(0, 3),
    "empty int": torch.zeros(0, dtype=torch.int64), "empty 2x0 double": torch.zeros(2, 0, dtype=torch.float64),
    "empty bool": torch.zeros(0, 0, dtype=torch.bool), "transposed": noise(3, 4).T, "expanded": case([1.5]).expand(3, 4),
    "dtype breaks line": noise(8, dtype="float64"), "dtype breaks line 2": ramp(14, dtype="float64", scale=0.5),
    "dtype fits": ramp(18, dtype="int32"),
    **{f"length {n}": ramp(n, dtype="int16") for n in range(16, 27)},
}  # fmt: skip


def as_numpy(t) -> np.ndarray:
    t = t.detach().resolve_conj()
    if t.dtype == torch.bfloat16:
        return t.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    if t.dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        return t.contiguous().view(torch.uint8).numpy().view(getattr(ml_dtypes, str(t.dtype)[6:]))
    return t.numpy()


def here(t, **more) -> str:
    default = str(torch.get_default_dtype()).removeprefix("torch.")
    more.setdefault("requires_grad", t.requires_grad)
    more.setdefault("grad_fn_name", type(t.grad_fn).__name__ if t.grad_fn is not None else None)
    return tensor_repr(as_numpy(t), dtype_name=str(t.dtype).removeprefix("torch."), default_dtype_name=default, **more)


@pytest.fixture(params=[{}, {"profile": "short"}, {"sci_mode": True}, {"sci_mode": False}], ids=str)
def options(request):
    torch.set_printoptions(**request.param)
    printing.set_printoptions(**request.param)
    yield request.param
    torch.set_printoptions(profile="default")
    printing.set_printoptions(profile="default")


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str, options: dict) -> None:
    assert here(VALUES[name]) == repr(VALUES[name])


@pytest.mark.parametrize("more", [
    {"precision": 0}, {"precision": 8}, {"threshold": 5}, {"edgeitems": 1, "threshold": 5}, {"edgeitems": 0, "threshold": 5},
    {"linewidth": 30}, {"linewidth": 5}, {"linewidth": 200, "precision": 6, "sci_mode": True}, {"profile": "full"},
    {"profile": "short", "threshold": 3}, {"threshold": math.inf},
], ids=str)  # fmt: skip
def test_options(more: dict) -> None:
    with torch._tensor_str.printoptions(**more), printing.printoptions(**more):
        wrong = [name for name, t in VALUES.items() if here(t) != repr(t)]
        assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
    assert wrong == []
    assert printing.get_printoptions() == torch._tensor_str.get_printoptions()


def test_unknown_profile() -> None:
    with pytest.raises(ValueError, match="profile"):
        printing.set_printoptions(profile="other")


@pytest.mark.parametrize("n", range(1, 14))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients(n: int, dtype: str) -> None:
    leaf = noise(n, dtype=dtype).requires_grad_()
    node = leaf * 2 + 1
    for t in (leaf, node, leaf.detach(), node.sum()):
        assert here(t) == repr(t)
    parameter = torch.nn.Parameter(leaf.detach())
    assert here(parameter, tensor_class="Parameter") == repr(parameter)
    parameter = torch.nn.Parameter(leaf.detach(), requires_grad=False)
    assert here(parameter, tensor_class="Parameter") == repr(parameter)


@pytest.mark.parametrize("default", ["float64", "float16", "bfloat16"])
def test_default_dtype(default: str) -> None:
    torch.set_default_dtype(getattr(torch, default))
    try:
        wrong = [name for name, t in VALUES.items() if here(t) != repr(t)]
    finally:
        torch.set_default_dtype(torch.float32)
    assert wrong == []


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
@pytest.mark.parametrize("dtype", ["float32", "int64", "float64"])
def test_meta(shape: tuple, dtype: str) -> None:
    t = torch.empty(shape, dtype=getattr(torch, dtype), device="meta")
    assert tensor_repr(None, dtype_name=dtype, device="meta", shape=shape) == repr(t)


def test_subclass() -> None:
    class Special(torch.Tensor):
        pass

    t = noise(4, 30).as_subclass(Special)
    assert here(t, tensor_class="Special") == repr(t)

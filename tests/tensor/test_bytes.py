"""Elements as bytes: addresses that can be read, views in other dtypes, and the eight-bit floats."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch

import torchlike

FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
LIBRARIES = pytest.mark.parametrize("t", [torch, torchlike], ids=["torch", "torchlike"])


def read(address: int, size: int) -> bytes:
    return bytes((ctypes.c_ubyte * size).from_address(address))


@LIBRARIES
def test_data_ptr(t) -> None:
    """It is the address of the elements, aligned, the same for aliases and after writes in place."""
    x = t.arange(12.0).reshape(3, 4)
    address = x.data_ptr()
    assert address % 64 == 0
    assert read(address, 48) == np.arange(12, dtype=np.float32).tobytes()
    assert x[1].data_ptr() == x.view(-1)[4:].data_ptr() == address + 16
    assert x.t().data_ptr() == x.detach().data_ptr() == x.untyped_storage().data_ptr() == address
    x.add_(1)
    assert x.data_ptr() == address
    assert read(x[2].data_ptr(), 16) == np.arange(9, 13, dtype=np.float32).tobytes()
    assert x.clone().data_ptr() != address
    assert x[:0].data_ptr() == t.empty(0).data_ptr() == t.empty(2, device="meta").data_ptr() == 0
    image = t.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=t.channels_last)
    stored = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4).transpose(0, 2, 3, 1).tobytes()
    assert read(image.data_ptr(), 96) == stored
    p = t.nn.Parameter(t.ones(2))
    assert p.data_ptr() == p.data.data_ptr()


@LIBRARIES
def test_from_file(t, tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(np.arange(6, dtype=np.int32).tobytes())
    storage = t.UntypedStorage.from_file(str(path), False, 24)
    assert storage.nbytes() == 24
    assert t.asarray(storage[4:12], dtype=t.uint8).view(t.int32).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match=r"unable to open file|No such file"):
        t.UntypedStorage.from_file(str(tmp_path / "none"), False, 4)


@pytest.mark.parametrize("new", ["complex64", "complex128", "int64", "float16", "uint8", "float32"])
@pytest.mark.parametrize("old", ["complex64", "complex128", "uint8", "float64"])
def test_views_as_other_dtypes(old: str, new: str) -> None:
    """Of tensors on the device and of those that have not left the host."""
    data = np.arange(1, 129, dtype=np.uint8).tobytes()
    array = np.frombuffer(data, np.dtype(old)).reshape(2, -1)
    theirs = torch.from_numpy(array.copy()).view(getattr(torch, new)).numpy()
    for x in (torchlike.from_numpy(array), torchlike.from_numpy(array).clone()):
        found = x.view(getattr(torchlike, new))
        assert found.numpy().tobytes() == theirs.tobytes()
        assert tuple(found.shape) == theirs.shape


@pytest.mark.parametrize("name", FLOAT8)
def test_float8(name: str) -> None:
    """Casts from and to, byte for byte with torch's: rounding, overflow, zeros, infinities; finfo; zero-filled ones."""
    g = np.random.default_rng(0)
    special = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        448,
        464,
        465,
        480,
        240,
        57344,
        61440,
        1e9,
        -1e9,
        2.0**-127,
        1.5 * 2.0**-127,
        2.0**-140,
    ]
    special += [2.0**-127, 1.5 * 2.0**-127, 2.0**-140, 1.5, 3.0, 6.0, 5.9, 2.0**127, 3.3e38]
    x = np.concatenate([g.normal(size=2000) * 10.0 ** g.integers(-6, 7, 2000), special]).astype(np.float32)
    ours, theirs = (t.tensor(x).to(getattr(t, name)) for t in (torchlike, torch))
    assert ours.view(torchlike.uint8).tolist() == theirs.view(torch.uint8).tolist()
    # NaNs keep their bits in torch only
    codes = np.arange(256, dtype=np.uint8)
    back = [t.from_numpy(codes).view(getattr(t, name)).float().numpy() for t in (torchlike, torch)]
    np.testing.assert_array_equal(*back)
    assert repr(torchlike.finfo(getattr(torchlike, name))) == repr(torch.finfo(getattr(torch, name)))
    w = torchlike.tensor([1.0, 500.0, 3.0], requires_grad=True)
    w.to(getattr(torchlike, name)).float().sum().backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_sizes_of_numpy() -> None:
    """numpy's integers count as sizes, as a program has them from a space's number of actions."""
    n = np.int64(2)
    assert torchlike.zeros(n).shape == torchlike.ones(4).view(n, n).shape[:1] == (2,)
    assert torchlike.nn.Linear(3, n)(torchlike.ones(1, 3)).shape == (1, 2)

"""`safetensors_files.py FOLDER write`, then `... read` under the other library: every dtype, scalars, empty ones, slices."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, load_model, save, save_file, save_model

DTYPES = (
    "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 float8_e4m3fn "
    "float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
).split()
SHAPES = ((), (0, 2), (2, 3))
OF_FILES_ONLY = ("float8_e8m0fnu",)  # safetensors' own `load` of bytes does not know its name
folder, mode = Path(sys.argv[1]), sys.argv[2]


def expected(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    kind = getattr(torch, name)
    count = torch.Size(shape).numel()
    if name == "bool":
        return (torch.arange(count) % 2 == 0).reshape(shape)
    return torch.arange(1, 1 + count * kind.itemsize, dtype=torch.uint8).view(kind).reshape(shape)


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    if a.dtype == torch.bool:
        assert torch.equal(a, b)
    else:
        assert a.reshape(-1).view(torch.uint8).tolist() == b.reshape(-1).view(torch.uint8).tolist(), a.dtype


def model() -> torch.nn.Module:
    torch.manual_seed(0)
    made = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 3))
    made[2].weight = made[0].weight  # tied: saved once
    return made


for name in DTYPES:
    tensors = {str(len(shape)): expected(name, shape) for shape in SHAPES}
    path = folder / f"{name}.safetensors"
    if mode == "write":
        save_file(tensors, path, metadata={"format": "pt", "of": name})
        (folder / f"{name}.bytes").write_bytes(save(tensors))
        continue
    for key, tensor in load_file(path).items():
        same(tensor, tensors[key])
    if name not in OF_FILES_ONLY:
        for key, tensor in load((folder / f"{name}.bytes").read_bytes()).items():
            same(tensor, tensors[key])
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt", "of": name}
        assert sorted(file.keys()) == sorted(tensors)
        same(file.get_tensor("2"), tensors["2"])
        same(file.get_slice("2")[:, 1:].contiguous(), tensors["2"][:, 1:].contiguous())
if mode == "write":
    save_model(model(), str(folder / "model.safetensors"))
else:
    loaded = model()
    with torch.no_grad():
        for p in loaded.parameters():
            p.zero_()
    assert load_model(loaded, str(folder / "model.safetensors")) == (set(), [])
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model().parameters(), strict=True))
print(mode, torch.__name__)

"""`.pth` files, both ways with real torch; and files that are not to be trusted."""

from __future__ import annotations

import collections
import io
import os
import pickle
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import torchlike
from torchlike import serialization
from torchlike.serialization import load, save

DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip


def written(write, obj, **options) -> io.BytesIO:
    file = io.BytesIO()
    write(obj, file, **options)
    file.seek(0)
    return file


def to_torch(obj, **options):
    """Saved here, loaded by torch, which trusts it."""
    return torch.load(written(save, obj, **options), weights_only=True)


def from_torch(obj, **options):
    return load(written(torch.save, obj, **options))


def both(obj, **options):
    return load(written(save, obj, **options))


def raw(t) -> tuple:
    """What two tensors must agree in, of whichever library."""
    if isinstance(t, torch.Tensor):
        values = t.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
    else:
        values = np.ascontiguousarray(t.detach()._read().numpy()).reshape(-1).view(np.uint8)
    return str(t.dtype), tuple(t.shape), tuple(t.stride()), t.storage_offset(), t.requires_grad, values.tobytes()


def pair(dtype: str, shape: tuple) -> tuple:
    """The same numbers here and in torch."""
    theirs = (torch.arange(torch.Size(shape).numel()) % 3).reshape(shape).to(getattr(torch, dtype))
    plain = theirs.to(torch.complex128 if theirs.is_complex() else torch.float64).numpy()
    return torchlike.tensor(plain).to(getattr(torchlike, dtype)), theirs


# ---- both ways ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (5,), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: str, shape: tuple) -> None:
    ours, theirs = pair(dtype, shape)
    assert raw(to_torch(ours)) == raw(theirs)
    assert raw(from_torch(theirs)) == raw(theirs)
    assert raw(both(ours)) == raw(theirs)


@pytest.mark.parametrize("zipped", [True, False])
def test_formats(zipped: bool) -> None:
    ours, theirs = pair("float32", (2, 3))
    more, others = pair("int64", (7,))
    found = to_torch({"a": ours, "b": [more]}, _use_new_zipfile_serialization=zipped)
    assert (raw(found["a"]), raw(found["b"][0])) == (raw(theirs), raw(others))
    found = from_torch({"a": theirs, "b": [others]}, _use_new_zipfile_serialization=zipped)
    assert (raw(found["a"]), raw(found["b"][0])) == (raw(theirs), raw(others))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_protocols(protocol: int) -> None:
    ours, theirs = pair("float32", (2, 3))
    obj = {"a": ours, "d": torchlike.float64, "s": ours.shape}
    file = written(save, obj, pickle_protocol=protocol)
    found = torch.load(file, weights_only=False)
    assert (raw(found["a"]), found["d"], found["s"]) == (raw(theirs), torch.float64, torch.Size([2, 3]))
    file.seek(0)
    assert raw(load(file)["a"]) == raw(theirs)


def test_containers_and_scalars() -> None:
    obj = collections.OrderedDict(
        numbers=[1, -(2**40), 2.5, True, None, 1j, "ä", b"bytes", bytearray(b"x")],
        nested={"t": (1, (2, [3, {4}])), 5: {"deep": []}},
        counter=collections.Counter("aab"),
    )
    assert to_torch(obj) == obj == both(obj) == from_torch(obj)
    assert type(both(obj)) is collections.OrderedDict


def test_names_of_torch() -> None:
    ours = [torchlike.Size([2, 3]), torchlike.bfloat16, torchlike.device("cpu"), torchlike.device("cuda", 1)]
    theirs = [torch.Size([2, 3]), torch.bfloat16, torch.device("cpu"), torch.device("cuda", 1)]
    assert to_torch(ours) == theirs
    for found in (from_torch(theirs), both(ours)):
        assert found == ours
        assert type(found[0]) is torchlike.Size
        assert found[1] is torchlike.bfloat16


@pytest.mark.parametrize("requires_grad", [True, False])
def test_parameters(requires_grad: bool) -> None:
    ours, theirs = pair("float32", (2, 3))
    ours, theirs = torchlike.nn.Parameter(ours, requires_grad), torch.nn.Parameter(theirs, requires_grad)
    found = to_torch(ours)
    assert isinstance(found, torch.nn.Parameter)
    assert raw(found) == raw(theirs)
    for loaded in (from_torch(theirs), both(ours)):
        assert type(loaded) is torchlike.nn.Parameter
        assert raw(loaded) == raw(theirs)
    ours.note = theirs.note = {"x": 1}
    assert to_torch(ours).note == from_torch(theirs).note == both(ours).note == {"x": 1}


def test_tensor_attributes_and_grad() -> None:
    ours, theirs = torchlike.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert raw(to_torch(ours)) == raw(from_torch(theirs)) == raw(theirs)
    ours.note = theirs.note = "n"
    assert to_torch(ours).note == from_torch(theirs).note == both(ours).note == "n"
    result = ours * 2
    assert to_torch(result).requires_grad
    assert to_torch(result).is_leaf


def test_buffer() -> None:
    found = to_torch(torchlike.nn.Buffer(torchlike.ones(2), persistent=False))
    assert isinstance(found, torch.nn.Buffer)
    assert not found.persistent
    for loaded in (from_torch(found), both(torchlike.nn.Buffer(torchlike.ones(2), persistent=False))):
        assert isinstance(loaded, torchlike.nn.Buffer)
        assert not loaded.persistent


def test_meta() -> None:
    theirs = torch.empty(3, 2, device="meta").T
    found = from_torch(theirs)
    assert (found.device.type, tuple(found.shape), tuple(found.stride())) == ("meta", (2, 3), (1, 2))
    again = to_torch(found)
    assert (again.device.type, again.shape, again.stride()) == ("meta", theirs.shape, theirs.stride())


def test_conjugate() -> None:
    theirs = torch.tensor([1 + 2j, 3 - 4j]).conj()
    assert from_torch(theirs).tolist() == theirs.tolist()


# ---- storages -----------------------------------------------------------------------------------------------------

VIEWS = {
    "slice": lambda x: x[1:3],
    "row": lambda x: x[1],
    "column": lambda x: x[:, 1],
    "step": lambda x: x[::2, 1::2],
    "transposed": lambda x: x.t(),
    "transposed slice": lambda x: x.t()[1:],
    "expanded": lambda x: x[:, :1].expand(4, 6),
    "reshaped": lambda x: x.view(2, 2, 6),
    "permuted": lambda x: x.view(2, 2, 6).permute(2, 0, 1),
    "diagonal": lambda x: x.diagonal(),
    "element": lambda x: x[1, 2],
    "nothing": lambda x: x[:0],
    "detached": lambda x: x.detach(),
    "whole": lambda x: x[:],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    ours, theirs = pair("float32", (4, 6))
    ours, theirs = VIEWS[name](ours), VIEWS[name](theirs)
    found = to_torch(ours)
    assert raw(found) == raw(theirs)
    assert found.untyped_storage().nbytes() == theirs.untyped_storage().nbytes()
    if name == "nothing":  # its strides and offset matter to nobody
        assert from_torch(theirs).shape == both(ours).shape == theirs.shape
    else:
        assert raw(from_torch(theirs)) == raw(both(ours)) == raw(theirs)


@pytest.mark.parametrize("name", [n for n in VIEWS if n not in ("nothing", "expanded")])
@pytest.mark.parametrize("base_first", [True, False])
def test_sharing(name: str, base_first: bool) -> None:
    """A write to one shows in the other, after a trip in either direction."""
    ours, theirs = pair("float32", (4, 6))
    order = slice(None) if base_first else slice(None, None, -1)
    for back, base, view in (
        (to_torch, ours, VIEWS[name](ours)), (from_torch, theirs, VIEWS[name](theirs)), (both, ours, VIEWS[name](ours)),
    ):  # fmt: skip
        new_base, new_view = back([base, view][order])[order]
        new_view.fill_(9)
        assert (new_base == 9).sum().item() == view.numel()
        new_base.fill_(5)
        assert (new_view == 5).all().item()


def test_storage_is_written_once() -> None:
    x = torchlike.ones(1000)
    assert len(written(save, [x, x[1:], x.view(10, 100), x.detach()]).getvalue()) < 8000
    a, b = both([x, x])
    assert a is b


def test_not_contiguous() -> None:
    theirs = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    found = from_torch(theirs)
    assert raw(found) == raw(theirs)
    assert raw(to_torch(found)) == raw(theirs)
    a, b = from_torch([theirs, theirs[1:]])
    assert a.tolist() == theirs.tolist()
    assert b.tolist() == theirs[1:].tolist()


def test_pending_and_written_values() -> None:
    x = torchlike.arange(6.0)
    v = x[2:4]
    v.mul_(10)
    found = to_torch([x + 1, x, v])
    assert [t.tolist() for t in found] == [[1, 2, 21, 31, 5, 6], [0, 1, 20, 30, 4, 5], [20, 30]]


# ---- modules and optimizers ---------------------------------------------------------------------------------------


def networks() -> tuple:
    ours, theirs = (
        nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)) for nn in (torchlike.nn, torch.nn)
    )
    return ours, theirs


def test_state_dicts() -> None:
    ours, theirs = networks()
    theirs.load_state_dict(to_torch(ours.state_dict()))
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    ours.eval(), theirs.eval()
    np.testing.assert_allclose(ours(torchlike.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), 1e-5, 1e-6)
    torch.nn.init.normal_(theirs[0].weight)
    state = from_torch(theirs.state_dict())
    assert list(state) == list(theirs.state_dict())
    assert dict(state._metadata) == dict(theirs.state_dict()._metadata)
    ours.load_state_dict(state)
    np.testing.assert_array_equal(ours[0].weight.detach().numpy(), theirs[0].weight.detach().numpy())


def test_whole_module() -> None:
    ours, theirs = networks()
    file = written(save, ours)
    found = torch.load(file, weights_only=False)
    assert isinstance(found, torch.nn.Sequential)
    assert [raw(p) for p in found.parameters()] == [raw(p) for p in ours.parameters()]
    assert found(torch.ones(2, 3)).shape == (2, 2)
    found = load(written(torch.save, theirs), weights_only=False)
    assert isinstance(found, torchlike.nn.Sequential)
    assert found(torchlike.ones(2, 3)).shape == (2, 2)
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.nn\.modules\.container\.Sequential was not an allowed"):
        load(written(torch.save, theirs))


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_optimizer_state(name: str) -> None:
    states = []
    for library in (torchlike, torch):
        w = library.nn.Parameter(library.ones(3))
        optimizer = getattr(library.optim, name)([w], lr=0.1)
        (w * w).sum().backward()
        optimizer.step()
        states.append((optimizer, w))
    (ours, _), (theirs, _) = states
    theirs.load_state_dict(to_torch(ours.state_dict()))
    ours.load_state_dict(from_torch(theirs.state_dict()))


# ---- where tensors go ---------------------------------------------------------------------------------------------


def cuda_file() -> io.BytesIO:
    """A file whose tensor was on a GPU."""
    file = written(torch.save, torch.ones(2))
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    out.seek(0)
    return out


def test_map_location() -> None:
    with pytest.raises(RuntimeError, match="map_location"):
        load(cuda_file())
    places = ("cpu", torchlike.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage, lambda s, _: s.cpu())
    for place in places:
        assert load(cuda_file(), map_location=place).device == torchlike.device("cpu")
    assert load(cuda_file(), "cpu").tolist() == [1, 1]


def test_mmap(tmp_path: Path) -> None:
    theirs = {"a": torch.arange(10.0), "b": torch.arange(3)}
    torch.save(theirs, tmp_path / "t.pth")
    found = load(tmp_path / "t.pth", mmap=True)
    assert {k: raw(v) for k, v in found.items()} == {k: raw(v) for k, v in theirs.items()}
    save(found, tmp_path / "o.pth")
    assert torch.load(tmp_path / "o.pth", mmap=True)["a"].tolist() == list(range(10))
    with pytest.raises(ValueError, match="path"):
        load(io.BytesIO(), mmap=True)


# ---- the archive --------------------------------------------------------------------------------------------------


def test_archive(tmp_path: Path) -> None:
    save({"a": torchlike.ones(3), "b": torchlike.ones(50)}, tmp_path / "model.v1.pth")
    data = (tmp_path / "model.v1.pth").read_bytes()
    with zipfile.ZipFile(tmp_path / "model.v1.pth") as archive:
        names = [n.removeprefix("model.v1/") for n in archive.namelist()]
        assert names == ["data.pkl", ".format_version", ".storage_alignment", "byteorder", "data/0", "data/1", "version"]
        for info in archive.infolist():
            lengths = struct.unpack("<HH", data[info.header_offset + 26 : info.header_offset + 30])
            assert (info.header_offset + 30 + sum(lengths)) % 64 == 0
            assert info.compress_type == zipfile.ZIP_STORED


def test_same_object_same_bytes() -> None:
    x = {"a": torchlike.ones(3)}
    assert written(save, x).getvalue() == written(save, x).getvalue()


def test_big_endian() -> None:
    out = io.BytesIO()
    file = written(save, [torchlike.tensor([1.5]), torchlike.tensor([1 + 2j])])
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            swapped = data[::-1] if name.endswith("/0") else data[3::-1] + data[:3:-1] if name.endswith("/1") else data
            new.writestr(name, b"big" if name.endswith("byteorder") else swapped)
    out.seek(0)
    assert [t.tolist() for t in load(out)] == [[1.5], [1 + 2j]]


# ---- damage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated(zipped: bool) -> None:
    data = written(save, {"a": torchlike.ones(100)}, _use_new_zipfile_serialization=zipped).getvalue()
    for length in (0, 1, 3, 4, 10, 100, len(data) // 2, len(data) - 30, len(data) - 1):
        with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError)):
            load(io.BytesIO(data[:length]))
    with pytest.raises(RuntimeError, match="corrupt"):
        load(io.BytesIO(data[:-30]))


def test_flipped_bytes() -> None:
    data = bytearray(written(save, {"a": torchlike.ones(100)}).getvalue())
    at = data.index(np.ones(100, np.float32).tobytes())
    data[at + 7] ^= 1
    with pytest.raises(RuntimeError, match="CRC"):
        load(io.BytesIO(bytes(data)))


def test_garbage() -> None:
    for data in (b"garbage garbage", bytes(1000), b"PK\x03\x04" + bytes(100), pickle.dumps({"a": 1})):
        with pytest.raises((RuntimeError, pickle.UnpicklingError), match="orrupt"):
            load(io.BytesIO(data))
    with pytest.raises(FileNotFoundError):
        load("/nonexistent/file")
    with pytest.raises(AttributeError, match="seek"):
        load(5)
    with pytest.raises(AttributeError, match="write"):
        save(1, 5)
    with pytest.raises(RuntimeError, match="does not exist"):
        save(1, "/nonexistent/file")


def pickle_file(data: bytes, storage: bytes = bytes(8)) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/data/0", storage)
    file.seek(0)
    return file


def tensor_pickle(offset: int, size: bytes, stride: bytes, length: int = 2) -> bytes:
    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuK"
        + bytes([length])
        + b"tQK"
        + bytes([offset])
        + size
        + stride
        + b"\x89ccollections\nOrderedDict\n)RtR."
    )


@pytest.mark.parametrize(
    "data",
    [
        tensor_pickle(0, b"K\x03\x85", b"K\x01\x85"),
        tensor_pickle(1, b"K\x02\x85", b"K\x01\x85"),
        tensor_pickle(0, b"K\x02\x85", b"K\x09\x85"),
        tensor_pickle(0, b"K\x02\x85", b"J\xff\xff\xff\xff\x85"),
        tensor_pickle(0, b"J\xfe\xff\xff\xff\x85", b"K\x01\x85"),
        tensor_pickle(0, b"K\x02\x85", b"K\x01\x85", length=200),
        tensor_pickle(0, b"K\x02\x85", b"K\x01K\x01\x86"),
    ],
)
def test_window_outside_of_storage(data: bytes) -> None:
    with pytest.raises((RuntimeError, pickle.UnpicklingError), match=r"corrupt|damaged"):
        load(pickle_file(data))
    assert load(pickle_file(tensor_pickle(0, b"K\x02\x85", b"K\x01\x85"))).tolist() == [0, 0]


# ---- trust --------------------------------------------------------------------------------------------------------


class Reduces:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


class Own:
    def __init__(self, x=0):
        self.x = x

    def __eq__(self, other):
        return type(other) is Own and other.x == self.x

    __hash__ = None


HARMFUL = {
    "os.system": Reduces(os.system, ("touch {}",)),
    "eval": Reduces(eval, ("open('{}', 'w')",)),
    "exec": Reduces(exec, ("open('{}', 'w')",)),
    "subprocess": Reduces(subprocess.call, (["touch", "{}"],)),
    "getattr": Reduces(getattr, (os, "system")),
    "nested": [{"a": (1, Reduces(os.mkdir, ("{}",)))}],
    "open": Reduces(open, ("{}", "w")),
    "in a set": Reduces(set, ([Reduces(os.mkdir, ("{}",))],)),
    "instance": Own(),
}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", HARMFUL)
def test_refusal(name: str, legacy: bool, tmp_path: Path) -> None:
    target = tmp_path / "harm"

    def aimed(obj):
        if isinstance(obj, Reduces):
            return Reduces(obj.call[0], aimed(obj.call[1]))
        if isinstance(obj, (list, tuple)):
            return type(obj)(map(aimed, obj))
        if isinstance(obj, dict):
            return {k: aimed(v) for k, v in obj.items()}
        return obj.replace("{}", str(target)) if isinstance(obj, str) else obj

    if name == "getattr":
        data = b"\x80\x02cbuiltins\ngetattr\ncos\nsystem\n\x85R."
    else:
        data = pickle.dumps(aimed(HARMFUL[name]), 2)
    file = pickle_file(data)
    if legacy:
        parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
        file = io.BytesIO(b"".join(pickle.dumps(p, 2) for p in parts) + data + pickle.dumps([], 2))
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load(file)
    assert not target.exists()


DEVICE = b"ctorch\ndevice\nX\x03\x00\x00\x00cpu\x85R"
OPCODES = {
    "state of a class": b"\x80\x02ctorch\nSize\n}X\x05\x00\x00\x00numelK\x01s\x86b.",
    "state of a shared object": b"\x80\x02" + DEVICE + b"}X\x04\x00\x00\x00typeX\x04\x00\x00\x00metas\x86b.",
    "attributes of a device": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\ndevice\nctorch\nTensor\n"
    b"X\x03\x00\x00\x00cpu\x85}X\x05\x00\x00\x00indexK\x01stR.",
    "inst": b"(ios\nsystem\n.", "obj": b"(cos\nsystem\nX\x02\x00\x00\x00hio.", "ext": b"\x82\x01.", "persid": b"P0\n.",
    "call of a storage": b"\x80\x02ctorch\nFloatStorage\n)R.", "call of a dtype": b"\x80\x02ctorch\nfloat32\n)R.",
    "call of a string": b"\x80\x02X\x01\x00\x00\x00a)R.", "eval": b"\x80\x02cbuiltins\neval\n.",
    "load": b"\x80\x02ctorchlike\nload\n.", "torch.load": b"\x80\x02ctorch\nload\n.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
}  # fmt: skip


@pytest.mark.parametrize("data", OPCODES.values(), ids=OPCODES)
def test_refusal_of_opcodes(data: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, RuntimeError)):
        load(pickle_file(data))
    assert torchlike.device("cpu").type == "cpu"
    assert torchlike.Size([3]).numel() == 3


def test_file_cannot_change_how_tensors_work() -> None:
    t = torch.ones(2)
    t._storage = "x"
    with pytest.raises(RuntimeError, match="_storage"):
        load(written(torch.save, t))


def test_safe_globals() -> None:
    file = written(save, {"own": Own(3)}, pickle_protocol=4)
    with serialization.safe_globals([Own]):
        assert serialization.get_safe_globals() == [Own]
        assert load(file)["own"] == Own(3)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="add_safe_globals"):
        load(file)
    file.seek(0)
    assert load(file, weights_only=False)["own"] == Own(3)
    file.seek(0)
    serialization.add_safe_globals([(Own, f"{Own.__module__}.Own")])
    assert load(file)["own"] == Own(3)
    serialization.clear_safe_globals()
    file = written(torch.save, torch.nn.Linear(2, 2))
    with serialization.safe_globals([torchlike.nn.Linear]):
        assert load(file).weight.shape == (2, 2)


def test_pickle_module() -> None:
    with pytest.raises(RuntimeError, match="pickle_module"):
        load(io.BytesIO(), pickle_module=pickle, weights_only=True)
    file = written(save, Own(2), pickle_module=pickle)
    assert load(file, pickle_module=pickle) == Own(2)


# ---- breaking off -------------------------------------------------------------------------------------------------


def test_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    save({"a": 1}, path)
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        save({"a": threading.Lock()}, path)
    assert load(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["a.pth"]


def test_permissions_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "a.pth", tmp_path / "link.pth"
    save(1, path)
    assert path.stat().st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o22))
    path.chmod(0o600)
    link.symlink_to(path)
    save(2, link)
    assert link.is_symlink()
    assert (load(path), path.stat().st_mode & 0o777) == (2, 0o600)


KILLED = """
import sys, numpy as np
import torchlike
from torchlike.serialization import archive, save
write = archive.Writer.write
def slow(self, name, data):
    write(self, name, data)
    if name == "data/3":
        print("half", flush=True)
        sys.stdin.read()
archive.Writer.write = slow
save([torchlike.ones(1000) for _ in range(6)], sys.argv[1])
"""


def test_kill_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    save("old", path)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while child.stdout.readline() != b"half\n":
        assert child.poll() is None
    child.kill()
    child.communicate()
    assert load(path) == "old"
    save("new", path)
    assert load(path) == "new"

"""Datasets on small files written here in the real sets' formats."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import tarfile
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import torchlike
from torchlike.utils.data import DataLoader
from torchlike.vision import datasets, transforms


def idx(array: np.ndarray) -> bytes:
    """An array of bytes in the idx format."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def write_mnist(folder: Path, prefixes: dict[str, str], rng: np.random.Generator) -> np.ndarray:
    folder.mkdir(parents=True)
    images = rng.integers(0, 256, (5, 28, 28), np.uint8)
    for prefix in prefixes.values():
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(5, dtype=np.uint8)))
    return images


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_mnist(tmp_path: Path, rng: np.random.Generator, name: str) -> None:
    images = write_mnist(tmp_path / name / "raw", {"train": "train", "test": "t10k"}, rng)
    kind = getattr(datasets, name)
    with pytest.raises(RuntimeError, match=r"Dataset not found\. You can use download=True"):
        kind(tmp_path / "elsewhere")
    made = kind(str(tmp_path), transform=transforms.ToTensor(), target_transform=lambda n: n + 1)
    assert len(made) == 5 and made.data.dtype is torchlike.uint8 and made.targets.dtype is torchlike.int64
    image, target = made[3]
    np.testing.assert_array_equal(image.numpy()[0], images[3] / np.float32(255))
    assert target == 4 and len(made.classes) == len(made.class_to_idx) == 10
    assert repr(made).startswith(
        f"Dataset {name}\n    Number of datapoints: 5\n    Root location: {tmp_path}\n    Split: Train\n"
    )
    batch, targets = next(iter(DataLoader(kind(tmp_path, train=False, transform=transforms.ToTensor()), batch_size=5)))
    np.testing.assert_array_equal((batch.numpy()[:, 0] * 255).round(), images)
    assert targets.tolist() == [0, 1, 2, 3, 4]
    made.data = made.data[1:3]  # as scripts that take a subset do
    made.targets = made.targets[1:3]
    assert len(made) == 2 and made[0][1] == 2


def test_mnist_unpacks_what_is_there(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives with the right MD5 are unpacked without a network; without them the error says where they belong."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    resources = []
    for name, md5 in datasets.MNIST.resources:
        content = idx(rng.integers(0, 9, (4, 28, 28) if "images" in name else (4,), np.uint8))
        (raw / name).write_bytes(gzip.compress(content))
        resources.append((name, hashlib.md5((raw / name).read_bytes()).hexdigest()))
        assert len(md5) == 32
    with monkeypatch.context() as patch:
        patch.setattr(datasets.MNIST, "resources", resources)
        assert len(datasets.MNIST(tmp_path, download=True)) == 4

    def unreachable(*args: object, **options: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    with pytest.raises(RuntimeError, match=r"could not download .*no network.*put it at .*train-images") as caught:
        datasets.MNIST(tmp_path / "other", download=True)
    assert isinstance(caught.value, urllib.error.URLError)


def test_emnist_and_qmnist(tmp_path: Path, rng: np.random.Generator) -> None:
    write_mnist(tmp_path / "EMNIST" / "raw", {"train": "emnist-letters-train"}, rng)
    letters = datasets.EMNIST(tmp_path, split="letters")
    assert len(letters) == 5 and len(letters.classes) == 27
    assert {name: len(found) for name, found in datasets.EMNIST.classes_split_dict.items()} == {
        "byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10,
    }  # fmt: skip
    with pytest.raises(ValueError, match="Unknown value 'x' for argument split"):
        datasets.EMNIST(tmp_path, split="x")
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    labels = np.arange(24, dtype=">i4").reshape(3, 8)
    (raw / "qmnist-train-images-idx3-ubyte").write_bytes(idx(np.zeros((3, 28, 28), np.uint8)))
    (raw / "qmnist-train-labels-idx2-int").write_bytes(
        bytes([0, 0, 12, 2]) + (3).to_bytes(4, "big") + (8).to_bytes(4, "big") + labels.tobytes()
    )
    assert datasets.QMNIST(tmp_path)[1][1] == 8
    assert datasets.QMNIST(tmp_path, compat=False)[1][1].tolist() == list(range(8, 16))


@pytest.mark.parametrize("name, key", [("CIFAR10", "labels"), ("CIFAR100", "fine_labels")])
def test_cifar(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, name: str, key: str) -> None:
    kind = getattr(datasets, name)
    folder = tmp_path / kind.base_folder
    folder.mkdir()
    sums = {}

    def write(file: str, content: dict) -> None:
        (folder / file).write_bytes(pickle.dumps(content))
        sums[file] = hashlib.md5((folder / file).read_bytes()).hexdigest()

    data = rng.integers(0, 256, (2, 3072), np.uint8)
    for file, _ in (*kind.train_list, *kind.test_list):
        write(file, {"data": data, key: [1, 0]})
    write(kind.meta["filename"], {kind.meta["key"]: ["cat", "dog"]})
    with pytest.raises(RuntimeError, match="not found or corrupted"):  # the real MD5s are others
        kind(tmp_path)
    for part in ("train_list", "test_list"):
        monkeypatch.setattr(kind, part, [[file, sums[file]] for file, _ in getattr(kind, part)])
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": sums[kind.meta["filename"]]})
    made = kind(tmp_path)
    assert made.data.shape == (2 * len(kind.train_list), 32, 32, 3)
    image, target = made[1]
    np.testing.assert_array_equal(np.asarray(image).transpose(2, 0, 1).ravel(), data[1])
    assert target == 0 and made.class_to_idx == {"cat": 0, "dog": 1}


def test_svhn(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.io import savemat

    pixels = rng.integers(0, 256, (32, 32, 3, 4), np.uint8)
    savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": np.array([[10], [1], [2], [3]], np.uint8)})
    md5 = hashlib.md5((tmp_path / "test_32x32.mat").read_bytes()).hexdigest()
    url, file, _ = datasets.SVHN.split_list["test"]
    monkeypatch.setitem(datasets.SVHN.split_list, "test", [url, file, md5])
    made = datasets.SVHN(tmp_path, split="test")
    np.testing.assert_array_equal(np.asarray(made[2][0]), pixels[..., 2])
    assert [made[i][1] for i in range(4)] == [0, 1, 2, 3]


def test_folders(tmp_path: Path) -> None:
    for path in ("a/1.png", "a/deep/0.JPG", "b/2.bmp"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), 7).save(tmp_path / path)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    made = datasets.ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert made.classes == ["a", "b"] and made.targets == [0, 0, 1] and made.imgs is made.samples
    assert [Path(path).name for path, _ in made.samples] == ["1.png", "0.JPG", "2.bmp"]
    assert made[0][0].shape == (3, 3, 4) and made[0][0][0, 0, 0].item() == pytest.approx(7 / 255)
    texts = datasets.DatasetFolder(tmp_path, lambda path: Path(path).read_text(), (".txt",), allow_empty=True)
    assert texts[0] == ("no image", 0) and len(texts) == 1
    with pytest.raises(FileNotFoundError, match=r"Found no valid file for the classes b. Supported extensions are: .txt"):
        datasets.DatasetFolder(tmp_path, str, (".txt",))
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        datasets.ImageFolder(tmp_path / "b")


def test_fake_data() -> None:
    """The first pixels and the targets are torchvision 0.29.1's."""
    fake = datasets.FakeData(3, (3, 4, 5), 10)
    assert [fake[i][1] for i in range(3)] == FAKE_TARGETS
    assert np.asarray(fake[0][0])[0, :2].tolist() == FAKE_PIXELS
    with pytest.raises(IndexError):
        fake[3]


FAKE_TARGETS = [9, 5, 3]
FAKE_PIXELS = [[225, 152, 230], [219, 116, 202]]


def test_archives(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "x.txt", "inner/x.txt")
    datasets.utils.extract_archive(tmp_path / "x.tar.gz", tmp_path / "out")
    assert (tmp_path / "out" / "inner" / "x.txt").read_text() == "hello"
    assert datasets.utils.list_dir(tmp_path) == ["out"] and "x.txt" in datasets.utils.list_files(tmp_path, ".txt")
    with pytest.raises(RuntimeError, match=r"Unknown archive or compression '\.txt'"):
        datasets.utils.extract_archive(tmp_path / "x.txt")

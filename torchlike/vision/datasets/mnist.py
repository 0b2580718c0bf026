"""MNIST and the sets that have its format, idx files of unsigned bytes."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import string
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare
from torchlike.vision._pillow import Image
from torchlike.vision.datasets.utils import (
    DownloadError,
    check_integrity,
    download_and_extract_archive,
    extract_archive,
    verify_str_arg,
)
from torchlike.vision.datasets.vision import VisionDataset

__all__ = ["EMNIST", "KMNIST", "MNIST", "QMNIST", "FashionMNIST"]

# The third byte of an idx file: the numbers' type, big-endian.
_IDX_TYPES: dict[int, Any] = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_sn3_pascalvincent_tensor(path: str | os.PathLike, strict: bool = True) -> Tensor:
    """The numbers in an idx file, which may be compressed (.gz, .xz), in the shape that its head gives.

    Raises:
        ValueError: for what is no idx file, or (with `strict`) has another length than its head says.
    """
    name = str(path)
    opened: Callable[..., Any] = gzip.open if name.endswith(".gz") else lzma.open if name.endswith(".xz") else open
    with opened(path, "rb") as file:
        content = file.read()
    magic = int.from_bytes(content[:4], "big")
    kind, ndim = magic // 256, magic % 256
    if kind not in _IDX_TYPES or not 1 <= ndim <= 3:
        raise ValueError(f"{path} is no idx file: it begins with {content[:4].hex()}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", ndim, 4))
    stored = np.dtype(_IDX_TYPES[kind])
    numbers = np.frombuffer(content, stored, offset=4 + 4 * ndim).astype(stored.newbyteorder("="))
    if strict and numbers.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"{path} has {numbers.size} numbers, its head says {shape}")
    return bare(host(np.array(numbers.reshape(shape) if strict else numbers[: int(np.prod(shape))].reshape(shape))))


def read_label_file(path: str | os.PathLike) -> Tensor:
    """Labels as int64 (N,)."""
    return read_sn3_pascalvincent_tensor(path, strict=False).long()


def read_image_file(path: str | os.PathLike) -> Tensor:
    """Images as uint8 (N, H, W)."""
    return read_sn3_pascalvincent_tensor(path, strict=False)


class MNIST(VisionDataset):
    """70,000 handwritten digits (28, 28), a seventh of them for tests (LeCun et al. 1998; torchvision.datasets.MNIST).

    Args:
        root: the folder that has, or gets, `MNIST/raw/train-images-idx3-ubyte` and its kin.
        train: the training images, not the test images.
        download: fetch the files that are not there. Archives (.gz) that are there already are only unpacked.

    Attributes:
        data: uint8 (N, 28, 28). targets: int64 (N,). classes, class_to_idx: the classes' names.

    Raises:
        RuntimeError: where the files are missing.
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources: Any = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file = "training.pt"
    test_file = "test.pt"
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data, self.targets = self._load_data()

    def _files(self) -> tuple[str, str]:
        prefix = "train" if self.train else "t10k"
        return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"

    def _load_data(self) -> tuple[Tensor, Tensor]:
        images, labels = self._files()
        return read_image_file(Path(self.raw_folder, images)), read_label_file(Path(self.raw_folder, labels))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = Image.fromarray(_numpy(self.data)[index])
        return self.transformed(image, int(_numpy(self.targets)[index]))

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """Where the idx files are."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision kept tensors."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The classes' numbers."""
        return {name: i for i, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        return all(check_integrity(Path(self.raw_folder, Path(name).stem)) for name, _ in self.resources)

    def download(self) -> None:
        """Fetch and unpack the files that are not there, from the first mirror that answers.

        Raises:
            DownloadError: where none does.
        """
        if self._check_exists():
            return
        for name, md5 in self.resources:
            errors = []
            for mirror in self.mirrors:
                try:
                    download_and_extract_archive(mirror + name, self.raw_folder, filename=name, md5=md5)
                    break
                except urllib.error.URLError as error:
                    errors.append(str(error))
            else:
                raise DownloadError(f"Error downloading {name}:\n" + "\n".join(errors))

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    train_data = test_data = property(lambda self: self.data)  # their names of old
    train_labels = test_labels = property(lambda self: self.targets)


def _numpy(x: Any) -> np.ndarray:
    """Whatever somebody has put in place of the data, to read from."""
    return x._read().numpy() if isinstance(x, Tensor) else np.asarray(x)


class FashionMNIST(MNIST):
    """Articles of clothing in MNIST's format (Xiao et al. 2017; torchvision.datasets.FashionMNIST); see MNIST."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class KMNIST(MNIST):
    """Cursive Japanese letters in MNIST's format (Clanuwat et al. 2018; torchvision.datasets.KMNIST); see MNIST."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_DIGITS, _UPPER, _LOWER = list(string.digits), list(string.ascii_uppercase), list(string.ascii_lowercase)
_APART = [letter for letter in _LOWER if letter not in "cijklmopsuvwxyz"]  # the others look like their capitals


class EMNIST(MNIST):
    """Handwritten letters and digits in MNIST's format (Cohen et al. 2017; torchvision.datasets.EMNIST).

    Args:
        split: "byclass", "bymerge", "balanced", "letters", "digits" or "mnist". The rest is MNIST's.
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": sorted([*_DIGITS, *_UPPER, *_LOWER]),
        "bymerge": sorted([*_DIGITS, *_UPPER, *_APART]),
        "balanced": sorted([*_DIGITS, *_UPPER, *_APART]),
        "letters": ["N/A", *_LOWER],
        "digits": _DIGITS,
        "mnist": _DIGITS,
    }

    def __init__(self, root: str | os.PathLike, split: str, **kwargs: Any):
        self.split = verify_str_arg(split, "split", self.splits)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    def _files(self) -> tuple[str, str]:
        prefix = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"

    def _check_exists(self) -> bool:
        return all(check_integrity(Path(self.raw_folder, name)) for name in self._files())

    def download(self) -> None:
        """Fetch and unpack all splits, unless the files are there."""
        if self._check_exists():
            return
        download_and_extract_archive(self.url, self.raw_folder, md5=self.md5)
        packed = Path(self.raw_folder, "gzip")
        for archive in packed.glob("*.gz"):
            extract_archive(archive, Path(self.raw_folder, archive.stem))
        shutil.rmtree(packed)


_QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


class QMNIST(MNIST):
    """MNIST made anew with where each digit came from (Yadav and Bottou 2019; torchvision.datasets.QMNIST).

    Args:
        what: "train", "test", "test10k", "test50k" or "nist"; by default what `train` says.
        compat: whether a target is the class alone, or all eight numbers as int64 (8,).
    """

    subsets = {"train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist"}
    resources = {
        "train": [
            (_QMNIST + "qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            (_QMNIST + "qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            (_QMNIST + "qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            (_QMNIST + "qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            (_QMNIST + "xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            (_QMNIST + "xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(
        self, root: str | os.PathLike, what: str | None = None, compat: bool = True, train: bool = True, **kwargs: Any
    ):
        self.what = verify_str_arg(what or ("train" if train else "test"), "what", tuple(self.subsets))
        self.compat = compat
        super().__init__(root, train, **kwargs)

    def _files(self) -> tuple[str, str]:
        (images, _), (labels, _) = self.resources[self.subsets[self.what]]
        return Path(images).stem, Path(labels).stem

    def _check_exists(self) -> bool:
        return all(check_integrity(Path(self.raw_folder, name)) for name in self._files())

    def _load_data(self) -> tuple[Tensor, Tensor]:
        images, labels = (read_sn3_pascalvincent_tensor(Path(self.raw_folder, name)) for name in self._files())
        part = {"test10k": slice(0, 10000), "test50k": slice(10000, None)}.get(self.what, slice(None))
        return images[part].clone(), labels[part].long()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target: Any = self.targets[index]
        image = Image.fromarray(_numpy(self.data)[index])
        return self.transformed(image, int(target[0]) if self.compat else target)

    def download(self) -> None:
        """Fetch and unpack the files, unless they are there."""
        if not self._check_exists():
            for url, md5 in self.resources[self.subsets[self.what]]:
                download_and_extract_archive(url, self.raw_folder, md5=md5)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"

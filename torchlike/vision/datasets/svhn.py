"""Street View House Numbers (Netzer et al., Reading Digits in Natural Images, 2011)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.vision._pillow import Image
from torchlike.vision.datasets.utils import check_integrity, download_url, verify_str_arg
from torchlike.vision.datasets.vision import VisionDataset

__all__ = ["SVHN"]

_URL = "http://ufldl.stanford.edu/housenumbers/"


class SVHN(VisionDataset):
    """Digits of house numbers, (32, 32, 3), in Matlab files; the digit 0 has the class 0 (torchvision.datasets.SVHN).

    Args:
        split: "train", "test" or "extra".
        download: fetch the file if it is not there.

    Attributes:
        data: uint8 (N, 3, 32, 32). labels: int64 (N,).

    Raises:
        RuntimeError: where the file is missing or has another MD5.
    """

    split_list = {
        "train": [_URL + "train_32x32.mat", "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"],
        "test": [_URL + "test_32x32.mat", "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"],
        "extra": [_URL + "extra_32x32.mat", "extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7"],
    }

    def __init__(
        self,
        root: str | os.PathLike,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", tuple(self.split_list))
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        from scipy.io import loadmat  # a dependency of jax, but slow to import

        found = loadmat(os.path.join(self.root, self.filename))
        self.labels = found["y"].astype(np.int64).squeeze() % 10  # the files call the digit 0 the class 10
        self.data = found["X"].transpose(3, 2, 0, 1)  # (N, 3, 32, 32)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = Image.fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.transformed(image, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def _check_integrity(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.file_md5)

    def download(self) -> None:
        """Fetch the file, unless it is there."""
        download_url(self.url, self.root, self.filename, self.file_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"

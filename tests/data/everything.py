"""A dataset for workers. Spawned ones import this file, so that it does not import torch."""

from __future__ import annotations

import numpy as np

import torchlike


class Everything:
    """What users' datasets give: tensors of all kinds and computed ones, arrays, text, nested."""

    def __init__(self, lib):
        self.lib = lib
        self.table = lib.arange(20.0).reshape(4, 5) * 2  # an array of XLA's by the time of the fork

    def __len__(self):
        return 4

    def __getitem__(self, index):
        lib = self.lib
        image = np.arange(3 * 40 * 40, dtype=np.uint8).reshape(40, 40, 3)
        tensor = lib.from_numpy(image).permute(2, 0, 1).float().div(255)
        mean = lib.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)
        tensor = (tensor - mean) / 0.25
        if index % 2:
            tensor = tensor.flip(-1)
        return {
            "image": tensor[:, 2:34, 3:35],
            "small": lib.tensor(index),
            "half": (self.table[index] / 3).bfloat16(),
            "row": self.table[index],
            "bool": tensor[0, 0, :5] > 0,
            "name": f"n{index}",
            "list": [index, 0.5 * index, (lib.zeros(2, dtype=lib.int32), np.float32(3))],
            "array": np.full((2, 3), index, np.int16),
            "pooled": lib.nn.functional.avg_pool2d(tensor[None], 4)[0],
            "empty": lib.zeros(0, 3),
        }


class Library:
    """torchlike by its name, so that it pickles."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(torchlike, name)

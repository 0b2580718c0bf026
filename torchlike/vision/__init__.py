"""`torchvision` under its own names: datasets, transforms, models, operations and files of images."""

from __future__ import annotations

from torchlike.base.errors import absent, missing
from torchlike.vision import datasets, io, models, ops, transforms, tv_tensors, utils
from torchlike.vision.version import __version__

__all__ = [
    "datasets", "disable_beta_transforms_warning", "get_image_backend", "io", "models", "ops", "set_image_backend",
    "transforms", "tv_tensors", "utils",
]  # fmt: skip


def disable_beta_transforms_warning() -> None:
    """Nothing: there is no such warning any more, but old scripts turn it off."""


def get_image_backend() -> str:
    """What reads images: "PIL"."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Only "PIL" is known here; NotImplementedError for "accimage", ValueError for anything else."""
    if backend == "accimage":
        raise missing('torchvision.set_image_backend("accimage")', 'images are read by Pillow, "PIL"')
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")


__getattr__ = absent("torchvision")

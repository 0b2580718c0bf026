"""What transforms give for seeds and images, in a few numbers each; run under torchvision this writes the facts of the tests.

    python tests/vision/transform_cases.py > tests/vision/transform_facts.json

in an environment with torch and torchvision (the facts here are of torch 2.14.1, torchvision 0.29.1 and Pillow 13.0.0).
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SEEDS = 2
POLICIES = (
    "autoaugment", "autoaugment cifar10", "autoaugment svhn", "randaugment", "trivial", "augmix", "v2 autoaugment",
    "v2 randaugment", "v2 trivial",
)  # fmt: skip


def picture() -> np.ndarray:
    """An image (45, 61, 3) of bytes: slopes and noise."""
    noise = np.random.RandomState(0).randint(0, 80, (45, 61, 3))
    slopes = np.add.outer(np.arange(45) * 3, np.arange(61) * 2)[..., None] * np.array([1, 0.5, 0.7])
    return (slopes + noise).astype(np.uint8)


def images(torch: Any) -> dict[str, Any]:
    """The picture in every form that transforms take."""
    from PIL import Image

    array = picture()
    rgb = Image.fromarray(array)
    as_bytes = torch.tensor(array.transpose(2, 0, 1).copy())
    return {"rgb": rgb, "gray": rgb.convert("L"), "bytes": as_bytes, "floats": as_bytes.float() / 255}


def cases(T: Any, torch: Any) -> dict[str, tuple[str, Callable[[], Any]]]:
    """By name: the images it is for, and what makes the transform."""
    mode = T.InterpolationMode
    every, pil, tensors, in_bytes = "rgb gray bytes floats", "rgb gray", "bytes floats", "rgb gray bytes"
    F = T.functional
    return {
        "random crop": (every, lambda: T.RandomCrop(32, padding=4)),
        "random crop, reflected": (every, lambda: T.RandomCrop((50, 70), (2, 3), True, padding_mode="reflect")),
        "random crop, edges": (every, lambda: T.RandomCrop(40, padding=(1, 2, 3, 4), padding_mode="edge")),
        "random crop, symmetric": (every, lambda: T.RandomCrop(40, padding=3, padding_mode="symmetric")),
        "random crop, filled": (every, lambda: T.RandomCrop(40, padding=9, fill=7)),
        "resized crop": (every, lambda: T.RandomResizedCrop(24)),
        "resized crop, cubic": (every, lambda: T.RandomResizedCrop((20, 30), interpolation=mode.BICUBIC)),
        "resized crop, nearest": (every, lambda: T.RandomResizedCrop((20, 30), interpolation=mode.NEAREST)),
        "resized crop, no fit": (every, lambda: T.RandomResizedCrop(20, scale=(0.9, 1.0), ratio=(3.0, 4.0))),
        "horizontal flip": (every, lambda: T.RandomHorizontalFlip()),
        "vertical flip": (every, lambda: T.RandomVerticalFlip(0.3)),
        "colour jitter": (every, lambda: T.ColorJitter(0.4, 0.4, 0.4, 0.2)),
        "rotation": (every, lambda: T.RandomRotation(30)),
        "rotation, expanded": (every, lambda: T.RandomRotation(50, expand=True, interpolation=mode.BILINEAR, fill=9)),
        "rotation around": (every, lambda: T.RandomRotation((10, 80), center=(5, 9))),
        "affine": (every, lambda: T.RandomAffine(30, (0.1, 0.2), (0.7, 1.3), (-10, 10, -5, 5))),
        "affine, linear": (every, lambda: T.RandomAffine(30, (0.1, 0.2), None, 12, mode.BILINEAR, 3, (10, 20))),
        "perspective": (every, lambda: T.RandomPerspective(0.6, 1.0)),
        "perspective, nearest": (every, lambda: T.RandomPerspective(0.4, 0.7, mode.NEAREST, 5)),
        "blur": (every, lambda: T.GaussianBlur(5)),
        "blur, oblong": (every, lambda: T.GaussianBlur((3, 7), (1.0, 2.0))),
        "invert": (every, lambda: T.RandomInvert()),
        "sharper": (every, lambda: T.RandomAdjustSharpness(2.5, 1.0)),
        "softer": (every, lambda: T.RandomAdjustSharpness(0.3, 1.0)),
        "autocontrast": (every, lambda: T.RandomAutocontrast(1.0)),
        "solarize": (in_bytes, lambda: T.RandomSolarize(128, 1.0)),
        "solarize floats": ("floats", lambda: T.RandomSolarize(0.5, 1.0)),
        "posterize": (in_bytes, lambda: T.RandomPosterize(3, 1.0)),
        "equalize": (in_bytes, lambda: T.RandomEqualize(1.0)),
        "random gray": (every, lambda: T.RandomGrayscale(0.5)),
        "gray": (every, lambda: T.Grayscale(3)),
        "apply": (every, lambda: T.RandomApply([T.RandomHorizontalFlip(1.0), T.RandomRotation(20)], 0.5)),
        "choice": (every, lambda: T.RandomChoice([T.RandomVerticalFlip(1.0), T.RandomRotation(20)], p=[0.3, 0.7])),
        "order": (every, lambda: T.RandomOrder([T.RandomHorizontalFlip(), T.RandomRotation(20), T.CenterCrop(30)])),
        "five crops": (every, lambda: T.Compose([T.FiveCrop(20), T.Lambda(lambda crops: crops[3])])),
        "ten crops": (every, lambda: T.Compose([T.TenCrop(20, True), T.Lambda(lambda crops: crops[7])])),
        "center crop": (every, lambda: T.CenterCrop((51, 30))),
        "resize": (every, lambda: T.Resize(20)),
        "resize, larger": (every, lambda: T.Resize((70, 90))),
        "resize, at most": (every, lambda: T.Resize(20, max_size=25)),
        "resize, cubic": (every, lambda: T.Resize((20, 100), mode.BICUBIC)),
        "resize, nearest": (every, lambda: T.Resize((31, 90), mode.NEAREST)),
        "resize, nearest exact": (tensors, lambda: T.Resize((31, 90), mode.NEAREST_EXACT)),
        "resize, aliased": ("floats", lambda: T.Resize(20, antialias=False)),
        "resize, lanczos": (pil, lambda: T.Resize(20, mode.LANCZOS)),
        "pad": (every, lambda: T.Pad((1, 2, 3, 4), fill=9)),
        "pad, negative": (every, lambda: T.Pad((-2, 3, 4, -5), fill=1)),
        "pad, edges": (every, lambda: T.Pad((-2, 3, 4, -5), padding_mode="edge")),
        "elastic": (every, lambda: T.ElasticTransform(60.0, 4.0)),
        "erase": (tensors, lambda: T.RandomErasing(0.7)),
        "erase, noise": ("floats", lambda: T.RandomErasing(0.9, value="random")),
        "erase, colour": ("floats", lambda: T.RandomErasing(0.9, value=(1, 2, 3))),
        "gamma": (every, lambda: lambda x: F.adjust_gamma(x, 0.7, 1.2)),
        "hue": (every, lambda: lambda x: F.adjust_hue(x, -0.3)),
        "saturation": (every, lambda: lambda x: F.adjust_saturation(x, 1.7)),
        "contrast": (every, lambda: lambda x: F.adjust_contrast(x, 0.4)),
        "brightness": (every, lambda: lambda x: F.adjust_brightness(x, 1.6)),
        "crop beyond": (every, lambda: lambda x: F.crop(x, -5, 40, 30, 40)),
        "quarter turn": (every, lambda: lambda x: F.rotate(x, 90, expand=True)),
        "to tensor": (pil, lambda: T.ToTensor()),
        "pil to tensor": (pil, lambda: T.PILToTensor()),
        "to pil": (tensors, lambda: T.ToPILImage()),
        "to int16": (tensors, lambda: T.ConvertImageDtype(torch.int16)),
        "to double": (tensors, lambda: T.ConvertImageDtype(torch.float64)),
        "normalize": ("floats", lambda: T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))),
        "autoaugment": (in_bytes, lambda: T.AutoAugment()),
        "autoaugment cifar10": (in_bytes, lambda: T.AutoAugment(T.AutoAugmentPolicy.CIFAR10, fill=4)),
        "autoaugment svhn": (in_bytes, lambda: T.AutoAugment(T.AutoAugmentPolicy.SVHN)),
        "randaugment": (in_bytes, lambda: T.RandAugment()),
        "trivial": (in_bytes, lambda: T.TrivialAugmentWide(interpolation=mode.BILINEAR)),
        "augmix": (in_bytes, lambda: T.AugMix()),
    }  # fmt: skip


def cases_v2(T: Any, torch: Any) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Those of version 2 that draw or compute otherwise than version 1."""
    every, in_bytes = "rgb bytes floats", "rgb bytes"
    return {
        "v2 random crop": (every, lambda: T.RandomCrop((50, 58), (2, 3), True, padding_mode="reflect")),
        "v2 resized crop": (every, lambda: T.RandomResizedCrop(24)),
        "v2 colour jitter": (every, lambda: T.ColorJitter(0.4, 0.4, 0.4, 0.2)),
        "v2 affine": (every, lambda: T.RandomAffine(30, (0.1, 0.2), (0.7, 1.3), 9, interpolation="bilinear", fill=3)),
        "v2 perspective": (every, lambda: T.RandomPerspective(0.6, 0.6)),
        "v2 choice": (every, lambda: T.RandomChoice([T.RandomVerticalFlip(1.0), T.RandomCrop(30)], p=[0.3, 0.7])),
        "v2 order": (every, lambda: T.RandomOrder([T.RandomHorizontalFlip(), T.Resize(40), T.RandomCrop(30)])),
        "v2 resize, cubic": (every, lambda: T.Resize((20, 100), interpolation=T.InterpolationMode.BICUBIC)),
        "v2 shortest size": (every, lambda: T.RandomShortestSize([10, 20, 30], 40)),
        "v2 to dtype": (every, lambda: T.Compose([T.ToImage(), T.ToDtype(torch.float32, scale=True)])),
        "v2 autoaugment": (in_bytes, lambda: T.AutoAugment()),
        "v2 randaugment": (in_bytes, lambda: T.RandAugment()),
        "v2 trivial": (in_bytes, lambda: T.TrivialAugmentWide()),
    }


def mixtures(T: Any, torch: Any) -> dict[str, Callable[[], list]]:
    """MixUp and CutMix of a small batch, images and labels in one."""

    def run(kind: str) -> list:
        torch.manual_seed(1)
        images, labels = torch.rand(4, 3, 8, 10), torch.tensor([0, 1, 2, 3])
        images, labels = getattr(T, kind)(num_classes=5, alpha=0.7)(images, labels)
        return [*summary(images), *summary(labels)[2:], float(f"{torch.rand(1).item():.6g}")]

    return {f"v2 {kind}": lambda kind=kind: run(kind) for kind in ("MixUp", "CutMix")}


def summary(x: Any) -> list:
    """Shape, dtype, mean, and the values at some places."""
    array = np.asarray(x.detach().numpy() if hasattr(x, "detach") else x)
    wide = array.astype(np.float64).ravel()
    places = np.linspace(0, wide.size - 1, 7).astype(int)
    numbers = [float(f"{v:.6g}") for v in (wide.mean(), *wide[places])]
    return [list(array.shape), array.dtype.name, *numbers]


def runs(table: dict[str, Any], torch: Any) -> Iterator[tuple[str, Callable[[], list]]]:
    """A name and what gives its numbers, the last one being the random number drawn next."""
    given = images(torch)
    for name, (kinds, make) in table.items():
        for kind in kinds.split():
            for seed in range(5 * SEEDS if name in POLICIES else SEEDS):

                def run(make: Any = make, kind: str = kind, seed: int = seed) -> list:
                    torch.manual_seed(seed)
                    random.seed(seed)
                    done = make()(given[kind])
                    return [*summary(done), float(f"{torch.rand(1).item():.6g}")]

                yield f"{name} | {kind} | {seed}", run


if __name__ == "__main__":
    import torch
    from torchvision import transforms
    from torchvision.transforms import v2

    table = cases(transforms, torch) | cases_v2(v2, torch)
    facts = {name: run() for name, run in runs(table, torch)}
    facts |= {name: run() for name, run in mixtures(v2, torch).items()}
    json.dump(facts, sys.stdout, separators=(",", ":"), indent=None)
    print()

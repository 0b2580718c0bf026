"""Transforms against what torchvision gave for the same images and seeds (see transform_cases.py), and their errors."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import torchlike
from tests.vision import transform_cases
from torchlike.vision import transforms as T
from torchlike.vision import tv_tensors
from torchlike.vision.transforms import functional as F
from torchlike.vision.transforms import v2

FACTS = json.loads((Path(__file__).parent / "transform_facts.json").read_text())
CASES = transform_cases.cases(T, torchlike) | transform_cases.cases_v2(v2, torchlike)

# A byte may be rounded the other way where sums are made in another order; nearest sampling may take the other neighbour of a
# place that lies between two, which a mean shows as little as a single probe may show it wholly.
LEVELS = 1.0
NEAREST = ("rotation", "rotation around", "affine", "perspective, nearest", *transform_cases.POLICIES)


def differs(name: str, found: list, expected: list) -> str:
    """What is wrong, or nothing."""
    if found[:2] != expected[:2]:
        return f"{name}: {found[:2]} instead of {expected[:2]}"
    in_bytes = found[1] == "uint8"
    wrong = np.abs(np.array(found[2:]) - np.array(expected[2:])) > (LEVELS if in_bytes else 2e-4 * max(1, abs(expected[2])))
    allowed = 1 if name.split(" | ")[0] in NEAREST else 0
    mean, probes, draw = wrong[0], wrong[1:-1], abs(found[-1] - expected[-1]) > 1e-5
    return f"{name}: {found[2:]} instead of {expected[2:]}" if mean or draw or probes.sum() > allowed else ""


@pytest.mark.parametrize("case", CASES)
def test_as_torchvision(case: str) -> None:
    runs = dict(transform_cases.runs({case: CASES[case]}, torchlike))
    found = [differs(name, run(), FACTS[name]) for name, run in runs.items()]
    assert runs and not any(found), "\n".join(filter(None, found))


def test_mixtures() -> None:
    for name, run in transform_cases.mixtures(v2, torchlike).items():
        found = run()
        assert found[:2] == FACTS[name][:2]
        np.testing.assert_allclose(found[2:], FACTS[name][2:], atol=1e-5, err_msg=name)
    with pytest.raises(ValueError, match="num_classes must be passed"):
        v2.MixUp()(torchlike.rand(2, 3, 4, 4), torchlike.tensor([0, 1]))


def test_samples_of_any_structure() -> None:
    """An image, its mask and its boxes are changed alike; labels and the second plain tensor stay."""
    image = tv_tensors.Image(torchlike.arange(24, dtype=torchlike.uint8).reshape(1, 4, 6))
    boxes = tv_tensors.BoundingBoxes([[0, 1, 2, 3]], format="XYXY", canvas_size=(4, 6))
    sample = {"image": image, "mask": tv_tensors.Mask(image[0]), "boxes": boxes, "rest": [torchlike.ones(2), "text", None]}
    flipped = v2.RandomHorizontalFlip(1.0)(sample)
    assert type(flipped["image"]) is tv_tensors.Image and type(flipped["mask"]) is tv_tensors.Mask
    assert flipped["image"][0, 0].tolist() == flipped["mask"][0].tolist() == [5, 4, 3, 2, 1, 0]
    assert flipped["boxes"].tolist() == [[4, 1, 6, 3]] and flipped["rest"][1:] == ["text", None]
    assert flipped["rest"][0] is sample["rest"][0]
    padded = v2.Pad(1)(sample)
    assert padded["boxes"].tolist() == [[1, 2, 3, 4]] and padded["boxes"].canvas_size == (6, 8)
    cropped = v2.CenterCrop(2)(sample)
    assert cropped["image"].shape == (1, 2, 2) and cropped["boxes"].tolist() == [[0, 0, 0, 2]]
    larger = v2.Resize((8, 12))(sample)
    assert larger["boxes"].tolist() == [[0, 2, 4, 6]] and larger["mask"].shape == (8, 12)
    plain, labels = v2.ToDtype(torchlike.float32, scale=True)(torchlike.full((1, 2, 2), 255, dtype=torchlike.uint8), 3)
    assert plain.max().item() == 1.0 and labels == 3
    assert type(v2.ToPureTensor()(sample)["mask"]) is torchlike.Tensor
    again = pickle.loads(pickle.dumps(boxes))
    assert again.canvas_size == (4, 6) and again.tolist() == boxes.tolist()
    with pytest.raises(ValueError, match="multiple HxW"):
        v2.RandomCrop(2)(image, tv_tensors.Mask(torchlike.ones(3, 3)))
    with pytest.raises(NotImplementedError, match="of bounding boxes"):
        v2.RandomRotation(3)(sample)


def test_recorded_and_differentiable() -> None:
    """On values with a history a transform is recorded, and gives what it gives on the host: here all in one program."""
    host = torchlike.tensor(transform_cases.picture()[:12, :16].transpose(2, 0, 1).copy()).float() / 255
    host = torchlike.tensor(host.numpy())
    changes: list[Any] = [
        lambda t: F.resize(t, 20), lambda t: F.rotate(t, 30.0, fill=[0.5]), lambda t: F.adjust_hue(t, 0.2), F.hflip,
        lambda t: F.gaussian_blur(t, 5), lambda t: F.pad(t, [1, 2], padding_mode="reflect"), F.autocontrast,
        lambda t: F.normalize(t, [0.5], [0.2]), lambda t: F.erase(t, 1, 2, 3, 4, 0.5), lambda t: F.adjust_sharpness(t, 2.0),
    ]  # fmt: skip
    leaves = [host.clone().requires_grad_() for _ in changes]
    recorded = [change(leaf * 1) for change, leaf in zip(changes, leaves, strict=True)]
    sum(r.sum() for r in recorded).backward()
    for change, leaf, made in zip(changes, leaves, recorded, strict=True):
        np.testing.assert_allclose(made.detach().numpy(), change(host).numpy(), atol=2e-5)
        assert leaf.grad is not None and leaf.grad.abs().sum() > 0


def test_whole_pipeline_stays_on_the_host() -> None:
    """No program is compiled or run for an image; a pipeline can be pickled, for worker processes."""
    pipeline = T.Compose(
        [
            T.RandomCrop(32, padding=4),
            T.RandomHorizontalFlip(),
            T.ToTensor(),
            T.Normalize([0.5] * 3, [0.5] * 3),
            T.RandomErasing(),
        ]
    )
    image = Image.fromarray(transform_cases.picture())
    made = pickle.loads(pickle.dumps(pipeline))(image)
    assert type(made._read().array) is np.ndarray and made.shape == (3, 32, 32)


def test_shown() -> None:
    shown = {
        "Compose(\n    ToTensor()\n    ToPILImage(mode=RGB)\n)": T.Compose([T.ToTensor(), T.ToPILImage("RGB")]),
        "Resize(size=3, interpolation=bilinear, max_size=None, antialias=True)": T.Resize(3),
        "RandomCrop(size=(32, 32), padding=4)": T.RandomCrop(32, padding=4),
        "RandomApply(\n    p=0.5\n    ToTensor()\n)": T.RandomApply([T.ToTensor()]),
        "RandomChoice(\n    ToTensor()\n)(p=[1])": T.RandomChoice([T.ToTensor()], p=[1]),
        "RandomRotation(degrees=[-30.0, 30.0], interpolation=nearest, expand=False, fill=0)": T.RandomRotation(30),
        "RandomPosterize(bits=2,p=0.5)": T.RandomPosterize(2),
        "ColorJitter(brightness=(0.9, 1.1), contrast=None, saturation=None, hue=(-0.1, 0.1))": T.ColorJitter(0.1, hue=0.1),
        "AutoAugment(policy=AutoAugmentPolicy.IMAGENET, fill=None)": T.AutoAugment(),
    }
    for text, transform in shown.items():
        assert repr(transform) == text


ERRORS: list[tuple[type[Exception], str, Any]] = [
    (ValueError, "larger than input image size", lambda: T.RandomCrop(5)(torchlike.zeros(3, 4, 4))),
    (TypeError, "pic should be PIL Image or ndarray", lambda: T.ToTensor()(3)),
    (ValueError, "pic should be 2/3 dimensional. Got 1", lambda: T.ToTensor()(np.zeros(3))),
    (TypeError, "img should be Tensor Image", lambda: T.Normalize([0], [1])(3)),
    (TypeError, "should be a float tensor", lambda: T.Normalize([0], [1])(torchlike.zeros(3, 3, 3, dtype=torchlike.uint8))),
    (ValueError, "std evaluated to zero", lambda: T.Normalize([0], [0])(torchlike.zeros(3, 3, 3))),
    (TypeError, "inappropriate padding arg", lambda: T.Pad("x")),
    (ValueError, "1, 2, or 4 element tuple", lambda: T.Pad((1, 2, 3))),
    (ValueError, "constant, edge, reflect or symmetric", lambda: T.Pad(1, padding_mode="z")),
    (ValueError, "must be non negative", lambda: T.ColorJitter(-1)),
    (ValueError, r"hue values should be between \(-0.5, 0.5\)", lambda: T.ColorJitter(hue=3)),
    (ValueError, "probability should be between 0 and 1", lambda: T.RandomErasing(p=3)),
    (ValueError, "odd and positive number", lambda: T.GaussianBlur(2)),
    (ValueError, "it must be positive", lambda: T.RandomRotation(-3)),
    (ValueError, "between 0 and 1", lambda: T.RandomAffine(10, (2, 3))),
    (ValueError, "should not have > 4 channels", lambda: T.ToPILImage()(torchlike.zeros(5, 3, 3))),
    (ValueError, "are supported for 3D inputs", lambda: T.ToPILImage("L")(torchlike.zeros(3, 2, 2))),
    (ValueError, "must be strictly greater", lambda: T.Resize(7, max_size=5)(torchlike.zeros(1, 9, 9))),
    (RuntimeError, "cannot be performed safely", lambda: T.ConvertImageDtype(torchlike.int32)(torchlike.zeros(3, 3))),
    (ValueError, r"is not in \[-0.5, 0.5\]", lambda: F.adjust_hue(torchlike.zeros(3, 3, 3), 0.6)),
    (TypeError, r"permitted channel values are \[1, 3\]", lambda: F.adjust_brightness(torchlike.zeros(2, 3, 3), 1)),
    (TypeError, "Only torch.uint8 image tensors", lambda: F.equalize(torchlike.zeros(3, 3, 3))),
    (ValueError, "is bigger than input size", lambda: F.five_crop(torchlike.zeros(3, 3, 3), 5)),
    (TypeError, "Threshold should be less than bound", lambda: F.solarize(torchlike.zeros(3, 3, 3), 4)),
    (TypeError, "Unexpected type", lambda: F.crop(3, 1, 1, 1, 1)),
]  # fmt: skip


@pytest.mark.parametrize("kind, message, call", ERRORS, ids=[message for _, message, _ in ERRORS])
def test_errors(kind: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(kind, match=message):
        call()

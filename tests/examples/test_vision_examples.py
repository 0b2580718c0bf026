"""The examples on images, each on a small set written here, as programs under the redirect."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import torchlike
from torchlike.vision import models

ROOT = Path(__file__).parents[2]


def run(name: str, *arguments: str) -> str:
    """What the example prints."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    environment.pop("XLA_FLAGS", None)  # one device, as the user has
    command = [sys.executable, "-m", "torchlike.compat", "run", str(ROOT / "examples" / f"{name}.py"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def numbers(text: str, what: str) -> list[float]:
    return [float(x) for x in re.findall(rf"{what} ([0-9.]+)", text)]


def bars(label: int, rng: np.random.Generator, size: int = 28) -> np.ndarray:
    """A noisy image of `label + 1` vertical stripes (or, from 5 on, horizontal ones)."""
    wave = np.sin(np.arange(size) / size * 2 * np.pi * (label % 5 + 1) + rng.uniform(0, 6))
    image = np.tile(wave, (size, 1)) * 90 + 128 + rng.normal(0, 12, (size, size))
    return np.clip(image if label < 5 else image.T, 0, 255).astype(np.uint8)


def test_fashion_mnist(tmp_path: Path, rng: np.random.Generator) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 1280), ("t10k", 200)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.stack([bars(int(label), rng) for label in labels])
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
            (raw / f"{prefix}-{kind}-ubyte").write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())
    text = run("fashion_mnist", "--data", str(tmp_path), "--epochs", "3", "--batch-size", "64")
    losses = numbers(text, "loss")
    assert len(losses) == 3 and losses[-1] < losses[0]
    assert numbers(text, "test accuracy")[-1] > 0.9, text


@pytest.mark.timeout(300)
def test_image_folder(tmp_path: Path, rng: np.random.Generator) -> None:
    """From a file of weights, all layers but the last frozen."""
    for part, count in (("train", 12), ("val", 4)):
        for label, name in ((0, "one"), (7, "three")):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                image = Image.fromarray(bars(label, rng, 48)).convert("RGB")
                image.save(tmp_path / part / name / f"{i}.png")
    torchlike.manual_seed(0)
    weights = tmp_path / "squeezenet.pth"
    torchlike.save(models.squeezenet1_1().state_dict(), weights)
    arguments = ["--data", str(tmp_path), "--arch", "squeezenet1_1", "--size", "48", "--batch-size", "8", "--freeze"]
    saved = tmp_path / "out.pth"
    text = run("image_folder", *arguments, "--weights", str(weights), "--epochs", "4", "--lr", "0.05", "--out", str(saved))
    assert "squeezenet1_1, 2 classes, 1,026 parameters to train" in text
    assert len(numbers(text, "train loss")) == 4 and numbers(text, "best accuracy")[0] >= 0.5
    before, after = torchlike.load(weights), torchlike.load(saved)
    assert torchlike.equal(before["features.0.weight"], after["features.0.weight"])
    assert after["classifier.1.weight"].shape == (2, 512, 1, 1)

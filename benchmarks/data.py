"""Loading data: `python -m benchmarks --only data`, batches of torchlike's DataLoader and of torch's in turn."""

from __future__ import annotations

import gc
import importlib
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TARGETS = {"2 workers": 0.9, "in this process": 1.0}


class Pictures:
    """JPEG pictures that are decoded, cropped and turned into normalized tensors, as for a network on ImageNet."""

    def __init__(self, lib: Any, count: int = 384):
        from PIL import Image  # comes with matplotlib

        self.lib, self.image = lib, Image
        rng = np.random.default_rng(0)
        self.files = []
        for _ in range(count):
            coarse = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
            file = io.BytesIO()
            Image.fromarray(coarse).resize((400, 300), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
            self.files.append(file.getvalue())
        self.mean, self.deviation = (lib.tensor(v).reshape(3, 1, 1) for v in (MEAN, DEVIATION))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        picture = self.image.open(io.BytesIO(self.files[index])).convert("RGB")
        left, top = np.random.randint(0, 60, 2).tolist()  # noqa: NPY002 - as most transforms do it
        picture = picture.resize((SIZE, SIZE), self.image.Resampling.BILINEAR, (left, top, left + 300, top + 240))
        pixels = self.lib.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float().div(255)
        return (pixels - self.mean) / self.deviation, index % 10


class Rows:
    """Rows of a tensor, one by one."""

    def __init__(self, lib: Any):
        self.rows = lib.from_numpy(np.random.default_rng(0).normal(size=(4096, 256)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.rows[index], index


def _tensors(lib: Any) -> Any:
    rng = np.random.default_rng(0)
    images = lib.from_numpy(rng.normal(size=(4096, 3, 32, 32)).astype(np.float32))
    return lib.utils.data.TensorDataset(images, lib.from_numpy(rng.integers(0, 10, 4096)))


WORKERS = {"num_workers": 2, "persistent_workers": True}
# what is loaded -> (makes the dataset, the loader's options)
JOBS: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "pictures, 2 workers": (Pictures, {"batch_size": 16, "shuffle": True, **WORKERS}),
    "rows of 1 KB, 2 workers": (Rows, {"batch_size": 64, "shuffle": True, **WORKERS}),
    "tensors of 12 KB, in this process": (_tensors, {"batch_size": 64, "shuffle": True}),
    "rows of 1 KB, in this process": (Rows, {"batch_size": 64, "shuffle": True}),
}


def measure(rounds: int = 5) -> dict[str, tuple[float, float]]:
    """Per job: torchlike's batches a second, and that rate as a multiple of torch's. Whole epochs, in turn."""
    figures = {}
    for name, (dataset, options) in JOBS.items():
        libraries = {lib: importlib.import_module(lib) for lib in ("torchlike", "torch")}
        loaders = {who: lib.utils.data.DataLoader(dataset(lib), **options) for who, lib in libraries.items()}
        seconds: dict[str, list[float]] = {who: [] for who in loaders}
        for turn in range(rounds + 1):
            for who in sorted(loaders, reverse=bool(turn % 2)):
                gc.collect()
                taken = epoch(loaders[who])
                if turn:  # the first one starts the workers
                    seconds[who].append(taken)
        medians = {who: statistics.median(taken) for who, taken in seconds.items()}
        figures[name] = (len(loaders["torch"]) / medians["torchlike"], medians["torch"] / medians["torchlike"])
    return figures


def epoch(loader: Any) -> float:
    """Seconds that an epoch takes."""
    start = time.perf_counter()
    for images, _labels in loader:
        images[0]
    images.numpy()  # the last of what was recorded is computed
    return time.perf_counter() - start


def table(figures: dict[str, tuple[float, float]]) -> str:
    """The figures in Markdown, beside what they must be."""
    lines = ["| batches a second | torchlike | x of torch's | target |", "|---|---|---|---|"]
    for name, (rate, ratio) in figures.items():
        target = next(limit for kind, limit in TARGETS.items() if kind in name)
        lines.append(f"| {name} | {rate:.3g} | {ratio:.2f} | >= {target:g} |")
    return "\n".join(lines)

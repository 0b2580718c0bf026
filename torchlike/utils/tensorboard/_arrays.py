"""Values as numpy arrays, and images and sounds as the bytes of files."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np

from torchlike.tensor import Tensor


def array(x: Any) -> np.ndarray:
    """A tensor, array, number or list as a numpy array; bfloat16 and narrower as float32.

    Raises:
        NotImplementedError: for anything else.
    """
    if isinstance(x, Tensor):
        x = x.detach().cpu()
        if x.is_floating_point() and x.dtype.itemsize < 4:
            x = x.float()
        return x.numpy()
    if isinstance(x, (np.ndarray, np.generic, bool, int, float, complex, list, tuple)):
        return np.asarray(x)
    raise NotImplementedError(f"Got {type(x)}, but numpy array or torch tensor are expected.")


def as_images(x: Any, layout: str) -> np.ndarray:
    """Images as one in the layout HWC with three channels: a batch (a layout with N) becomes a grid, 8 in a row."""
    found, layout = array(x), layout.upper()
    if found.ndim != len(layout):
        raise AssertionError(f"size of input tensor and input format are different: {found.shape}, {layout}")
    if "N" in layout:
        found = _grid(found.transpose([layout.index(c) for c in "NCHW" if c in layout] if "C" in layout else [0, 1, 2]), layout)
    elif "C" in layout:
        found = found.transpose([layout.index(c) for c in "HWC"])
    else:
        found = found.transpose([layout.index(c) for c in "HW"])[..., None]
    return np.repeat(found, 3, 2) if found.shape[2] == 1 else found


def _grid(images: np.ndarray, layout: str) -> np.ndarray:
    """A batch (N, C, H, W), or (N, H, W), as one image (H', W', 3)."""
    if "C" not in layout:
        images = images[:, None]
    if images.shape[1] == 1:
        images = np.repeat(images, 3, 1)
    n, c, h, w = images.shape
    columns = min(n, 8)
    rows = -(-n // columns)
    sheet = np.zeros((c, h * rows, w * columns), images.dtype)
    for i, image in enumerate(images):
        y, x = divmod(i, columns)
        sheet[:, y * h : (y + 1) * h, x * w : (x + 1) * w] = image
    return sheet.transpose(1, 2, 0)


def levels(x: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1 as 0 to 255; uint8 as it is."""
    return x if x.dtype == np.uint8 else (x * 255.0).clip(0, 255).astype(np.uint8)


def png(image: np.ndarray, rescale: float = 1.0) -> bytes:
    """An image (H, W, C) of 0 to 255 as a file."""
    from PIL import Image  # optional: only images need it

    made = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)
    if rescale != 1:
        made = made.resize((int(made.width * rescale), int(made.height * rescale)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    made.save(file, format="PNG")
    return file.getvalue()


def gif(frames: np.ndarray, rate: float) -> bytes:
    """Frames (T, H, W, 3) of 0 to 255 as a file; `rate` in frames per second."""
    from PIL import Image  # optional: only images need it

    first, *rest = [Image.fromarray(f) for f in frames]
    file = io.BytesIO()
    first.save(file, format="GIF", save_all=True, append_images=rest, duration=1000 / rate, loop=0)
    return file.getvalue()


def wav(sound: np.ndarray, rate: int) -> bytes:
    """A sound (L,) of -1 to 1 as a file of 16 bits; `rate` in samples per second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def figure_image(figure: Any, close: bool) -> np.ndarray:
    """A matplotlib figure, or several, drawn: (H, W, 3), or (N, 3, H, W)."""
    if isinstance(figure, (list, tuple)):
        return np.stack([figure_image(f, close).transpose(2, 0, 1) for f in figure])
    from matplotlib import pyplot  # optional: whoever has a figure has it
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    if close:
        pyplot.close(figure)
    return drawn

"""`add_embedding`: the files of TensorBoard's projector, which shows points of many dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import EmbeddingInfo, ProjectorConfig

from torchlike.utils.tensorboard import _arrays as arrays

_SAFE = str.maketrans({c: f"%{ord(c):02x}" for c in "%/\\"})  # as torch names folders


def add_embedding(
    self: Any, mat: Any, metadata: Any = None, label_img: Any = None, global_step: Any = None, tag: str = "default",
    metadata_header: Any = None,
) -> None:  # fmt: skip
    """Points (N, D), with labels (N, or N rows of them under `metadata_header`) and images (N, C, H, W).

    Raises:
        AssertionError: if there are not as many labels or images as points, or the images are not square.
    """
    points = arrays.array(mat)
    step = 0 if global_step is None else int(global_step)
    folder = Path(self._get_file_writer().get_logdir())
    place = f"{step:05d}/{str(tag).translate(_SAFE)}"
    path = folder / place
    path.mkdir(parents=True, exist_ok=True)
    info = EmbeddingInfo(tensor_name=f"{tag}:{step:05d}", tensor_path=f"{place}/tensors.tsv")
    if metadata is not None:
        if len(metadata) != len(points):
            raise AssertionError("#labels should equal with #data points")
        rows = [metadata_header, *metadata] if metadata_header else list(metadata)
        lines = ["\t".join(map(str, r)) if isinstance(r, (list, tuple)) else str(r) for r in rows]
        (path / "metadata.tsv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        info.metadata_path = f"{place}/metadata.tsv"
    if label_img is not None:
        images = arrays.array(label_img)
        if len(images) != len(points):
            raise AssertionError("#images should equal with #data points")
        if images.shape[2] != images.shape[3]:
            raise AssertionError("Image should be square, see tensorflow/tensorboard#670")
        (path / "sprite.png").write_bytes(arrays.png(_sprite(images)))
        info.sprite.image_path = f"{place}/sprite.png"
        info.sprite.single_image_dim.extend([images.shape[3], images.shape[2]])
    if points.ndim != 2:
        raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
    (path / "tensors.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in points.tolist()), encoding="utf-8")
    if not hasattr(self, "_projector_config"):
        self._projector_config = ProjectorConfig()
    self._projector_config.embeddings.extend([info])
    text = text_format.MessageToString(self._projector_config)
    (folder / "projector_config.pbtxt").write_text(text, encoding="utf-8")


def _sprite(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, H) as one square of rows, (H', W', 3), of 0 to 255."""
    side = int(np.ceil(len(images) ** 0.5))
    blank = np.zeros((side * side - len(images), *images.shape[1:]), images.dtype)
    full = np.concatenate([images, blank])
    rows = full.reshape(side, side, *images.shape[1:]).transpose(2, 0, 3, 1, 4)
    sheet = rows.reshape(images.shape[1], side * images.shape[2], side * images.shape[3]).transpose(1, 2, 0)
    return arrays.levels(np.repeat(sheet, 3, 2) if sheet.shape[2] == 1 else sheet)

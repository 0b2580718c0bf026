"""Files of images, grids of them, and drawing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import torchlike
from tests.vision.transform_cases import picture
from torchlike.vision import io as image_io
from torchlike.vision import utils


def test_files(tmp_path: Path) -> None:
    array = picture()
    image = torchlike.tensor(array.transpose(2, 0, 1).copy())
    image_io.write_png(image, tmp_path / "a.png")
    assert torchlike.equal(image_io.read_image(tmp_path / "a.png"), image)
    assert torchlike.equal(image_io.decode_image(image_io.read_file(tmp_path / "a.png"), mode="RGB"), image)
    assert image_io.read_image(tmp_path / "a.png", image_io.ImageReadMode.RGB_ALPHA).shape == (4, 45, 61)
    gray = image_io.read_image(str(tmp_path / "a.png"), image_io.ImageReadMode.GRAY)
    np.testing.assert_array_equal(gray[0].numpy(), np.asarray(Image.fromarray(array).convert("L")))
    image_io.write_jpeg(image, tmp_path / "a.jpg", quality=95)
    again = image_io.read_image(tmp_path / "a.jpg")
    assert (
        again.dtype is torchlike.uint8 and (again.float() - image.float()).abs().mean().item() < 25
    )  # noise is what JPEG drops
    assert torchlike.equal(image_io.decode_jpeg(image_io.encode_jpeg(image, 95)), again)
    Image.fromarray(array[..., 0].astype(np.uint16) * 200).save(tmp_path / "wide.png")
    wide = image_io.read_image(tmp_path / "wide.png")
    assert wide.dtype is torchlike.uint16 and wide[0, 3, 4].item() == int(array[3, 4, 0]) * 200
    with pytest.raises(RuntimeError, match="could not decode the image"):
        image_io.decode_image(torchlike.arange(9, dtype=torchlike.uint8))
    with pytest.raises(RuntimeError, match="1 or 3 channels"):
        image_io.encode_png(torchlike.zeros(2, 3, 3, dtype=torchlike.uint8))


def test_grid(tmp_path: Path) -> None:
    images = torchlike.arange(5.0).view(5, 1, 1, 1) * torchlike.ones(5, 3, 2, 3)
    grid = utils.make_grid(images, nrow=2, padding=1, pad_value=9.0)
    assert grid.shape == (3, 10, 9)
    assert grid[0, :, 1].tolist() == [9, 0, 0, 9, 2, 2, 9, 4, 4, 9] and grid[0, 8].tolist() == [9, 4, 4, 4, 9, 9, 9, 9, 9]
    scaled = utils.make_grid(images, padding=0, normalize=True)
    assert scaled[0, 0].tolist() == [v for k in range(5) for v in [k / 4] * 3]
    assert utils.make_grid([torchlike.ones(1, 2, 2)] * 2).shape == (3, 6, 10)
    utils.save_image(images / 4, tmp_path / "grid.png", padding=0)
    assert image_io.read_image(tmp_path / "grid.png")[0, 0].tolist() == [v for k in (0, 64, 128, 191, 255) for v in [k] * 3]
    buffer = io.BytesIO()
    utils.save_image(images, buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid(3)


def test_drawing() -> None:
    image = torchlike.zeros(3, 20, 30, dtype=torchlike.uint8)
    corners = torchlike.tensor([[2, 3, 10, 12], [15, 5, 25, 18]])
    drawn = utils.draw_bounding_boxes(image, corners, colors=["red", (0, 200, 0)])
    assert drawn[0, 3, 2:11].tolist() == [255] * 9 and drawn[0, 5, 5].item() == 0 and drawn[1, 18, 20].item() == 200
    filled = utils.draw_bounding_boxes(image, corners, labels=["a", None], colors=["red", "blue"], fill=True)
    assert filled[2, 10, 20].item() == 100 and filled[0, 5, 5].item() > 0
    assert image.sum().item() == 0
    masks = torchlike.zeros(2, 20, 30, dtype=torchlike.bool)
    masks[0, :5], masks[1, :, :5] = True, True
    painted = utils.draw_segmentation_masks(image + 100, masks, alpha=0.5, colors=["red", "blue"])
    assert painted[:, 1, 10].tolist() == [177, 50, 50] and painted[:, 1, 1].tolist() == [50, 50, 50]
    assert painted[:, 10, 10].tolist() == [100, 100, 100]
    with pytest.raises(ValueError, match="xmin, ymin, xmax, ymax"):
        utils.draw_bounding_boxes(image, torchlike.tensor([[5, 5, 1, 1]]))
    with pytest.raises(ValueError, match="mismatch"):
        utils.draw_bounding_boxes(image, corners, labels=["a"])

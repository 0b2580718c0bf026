"""Boxes, regions and layers: against values that torchvision 0.29.1 gave, and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchlike
from torchlike.vision import ops

# The numbers come from torchvision 0.29.1 with these inputs.
BOXES = [
    [0.0, 0.0, 10.0, 10.0],
    [1.0, 1.0, 11.0, 9.0],
    [20.0, 20.0, 30.0, 35.0],
    [21.0, 19.0, 30.0, 33.0],
    [5.0, 5.0, 6.0, 25.0],
]
SCORES = [0.6, 0.9, 0.3, 0.8, 0.5]


def boxes() -> torchlike.Tensor:
    return torchlike.tensor(BOXES)


def test_nms() -> None:
    scores = torchlike.tensor(SCORES)
    assert ops.nms(boxes(), scores, 0.5).tolist() == [1, 3, 4]
    assert ops.nms(boxes(), scores, 0.9).tolist() == [1, 3, 0, 4, 2]
    classes = torchlike.tensor([0, 1, 0, 0, 0])
    assert ops.batched_nms(boxes(), scores, classes, 0.5).tolist() == [1, 3, 0, 4]
    assert ops.nms(torchlike.zeros(0, 4), torchlike.zeros(0), 0.5).tolist() == []
    with pytest.raises(ValueError, match=r"shape \(N, 4\)"):
        ops.nms(torchlike.zeros(4), torchlike.zeros(1), 0.5)
    rng = np.random.default_rng(0)
    many = rng.uniform(0, 50, (80, 4)).astype(np.float32)
    many[:, 2:] += many[:, :2] + 1
    kept = ops.nms(torchlike.tensor(many), torchlike.tensor(rng.random(80, np.float32)), 0.3)
    overlap = ops.box_iou(torchlike.tensor(many)[kept], torchlike.tensor(many)[kept]).fill_diagonal_(0)
    assert overlap.max().item() <= 0.3


def test_overlaps() -> None:
    one, two = boxes()[:2], boxes()[2:]
    np.testing.assert_allclose(ops.box_iou(one, boxes()[:2])[0].tolist(), [1.0, 72 / 108], rtol=1e-6)
    np.testing.assert_allclose(
        ops.generalized_box_iou(one, two)[:, 2].tolist(), [5 / 115 - 135 / 250, 4 / 96 - 144 / 240], rtol=1e-5
    )
    assert ops.distance_box_iou(one, one)[0, 0].item() == pytest.approx(1.0)
    assert ops.complete_box_iou(one, two).shape == (2, 3)
    for loss, pairwise in (
        (ops.generalized_box_iou_loss, ops.generalized_box_iou),
        (ops.distance_box_iou_loss, ops.distance_box_iou),
        (ops.complete_box_iou_loss, ops.complete_box_iou),
    ):
        moved = boxes()[:2].requires_grad_()
        value = loss(moved, boxes()[3:], reduction="sum")
        value.backward()
        expected = (1 - pairwise(boxes()[:2], boxes()[3:]).diagonal()).sum()
        np.testing.assert_allclose(value.item(), expected.item(), rtol=1e-5)
        assert torchlike.isfinite(moved.grad).all() and moved.grad.abs().sum() > 0
    with pytest.raises(ValueError, match="Supported reduction modes"):
        ops.sigmoid_focal_loss(torchlike.zeros(2), torchlike.zeros(2), reduction="all")


@pytest.mark.parametrize("fmt", ["xyxy", "xywh", "cxcywh"])
def test_formats(fmt: str) -> None:
    there = ops.box_convert(boxes(), "xyxy", fmt)
    np.testing.assert_allclose(ops.box_convert(there, fmt, "xyxy").numpy(), BOXES)
    np.testing.assert_allclose(ops.box_area(there, fmt).numpy(), [100, 80, 150, 126, 20])
    np.testing.assert_allclose(ops.box_iou(there, there, fmt).numpy(), ops.box_iou(boxes(), boxes()).numpy(), rtol=1e-6)


def test_boxes_in_images() -> None:
    clipped = ops.clip_boxes_to_image(boxes(), (8, 22))
    assert clipped[1].tolist() == [1, 1, 11, 8] and clipped[3].tolist() == [21, 8, 22, 8]
    assert ops.remove_small_boxes(boxes(), 9.0).tolist() == [0, 2, 3]
    masks = torchlike.zeros(2, 6, 7)
    masks[0, 2:4, 1:6] = 1
    masks[1, 5, 6] = 2
    assert ops.masks_to_boxes(masks).tolist() == [[1, 2, 5, 3], [6, 5, 6, 5]]


def test_focal_loss() -> None:
    logits, targets = torch.linspace(-3, 3, 7), torch.tensor([0.0, 1, 0, 1, 0, 1, 1])
    p = torch.sigmoid(logits)
    right = torch.where(targets == 1, p, 1 - p)
    expected = torch.where(targets == 1, 0.25, 0.75) * (1 - right) ** 2 * -right.log()
    found = ops.sigmoid_focal_loss(torchlike.tensor(logits.numpy()), torchlike.tensor(targets.numpy()))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5)


def test_regions() -> None:
    """A slope's mean in a part is its value at the part's centre; maxima are the part's last pixel; gradients add up."""
    slope = torchlike.arange(12.0).repeat(12, 1)[None, None].repeat(2, 1, 1, 1) + torchlike.tensor([0.0, 100.0]).view(
        2, 1, 1, 1
    )
    regions = [torchlike.tensor([[2.0, 2.0, 8.0, 8.0]]), torchlike.tensor([[4.0, 0.0, 8.0, 6.0]])]
    for ratio in (2, -1):
        found = ops.roi_align(slope, regions, 3, sampling_ratio=ratio, aligned=True)
        np.testing.assert_allclose(found[0, 0, 0].numpy(), [2.5, 4.5, 6.5], rtol=1e-5)
        np.testing.assert_allclose(found[1, 0, 2].numpy(), 100 + np.array([4 + 1 / 6, 5.5, 6 + 5 / 6]), rtol=1e-5)
    leaf = slope.clone().requires_grad_()
    ops.RoIAlign((2, 2), 1.0, 2)(leaf, regions).sum().backward()
    assert leaf.grad.sum().item() == pytest.approx(8.0, rel=1e-5)
    pooled = ops.roi_pool(slope, torchlike.tensor([[0.0, 2.0, 2.0, 7.0, 7.0]]), (2, 3))
    assert pooled[0, 0].tolist() == [[3, 5, 7]] * 2
    with pytest.raises(ValueError, match=r"Tensor\[K, 5\]"):
        ops.roi_pool(slope, torchlike.zeros(1, 4), 2)


def test_layers() -> None:
    maps = {"large": torchlike.randn(2, 3, 8, 8), "small": torchlike.randn(2, 5, 4, 4)}
    pyramid = ops.FeaturePyramidNetwork([3, 5], 4, ops.feature_pyramid_network.LastLevelMaxPool())
    assert {name: tuple(x.shape) for name, x in pyramid(maps).items()} == {
        "large": (2, 4, 8, 8), "small": (2, 4, 4, 4), "pool": (2, 4, 2, 2),
    }  # fmt: skip
    assert list(pyramid.state_dict())[:2] == ["inner_blocks.0.0.weight", "inner_blocks.0.0.bias"]
    x = torchlike.ones(1000, 1, 1)
    dropped = ops.stochastic_depth(x, 0.25, "row")
    assert sorted({round(v, 5) for v in dropped.flatten().tolist()}) == [0, 1.33333]
    assert 0.7 < (dropped != 0).float().mean().item() < 0.8
    assert ops.StochasticDepth(0.5, "batch").eval()(x) is x
    with pytest.raises(ValueError, match="drop probability has to be between 0 and 1"):
        ops.stochastic_depth(x, 2.0, "row")
    mlp = ops.MLP(3, [4, 5], norm_layer=torchlike.nn.LayerNorm, dropout=0.1)
    assert [type(layer).__name__ for layer in mlp] == ["Linear", "LayerNorm", "ReLU", "Dropout", "Linear", "Dropout"]
    assert ops.Conv3dNormActivation(1, 2)(torchlike.ones(1, 1, 3, 3, 3)).shape == (1, 2, 3, 3, 3)
    assert ops.Conv2dNormActivation(3, 4, (3, 5))[0].padding == (1, 2)

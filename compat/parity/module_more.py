"""Inputs for the public modules of `torch.nn` that torch's module database leaves out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import common_modules as database


class Whole(NamedTuple):
    """Whole numbers of a shape, below a bound, sorted where asked for."""

    shape: tuple[int, ...]
    below: int
    in_order: bool = False


_X, _SEQ, _IMG, _VOL = (3, 4), (2, 4, 6), (2, 4, 6, 6), (2, 4, 3, 4, 5)

# (class, arguments, keywords, inputs): an input is the shape of a tensor of the entry's dtype, whole numbers, or a value.
# Rows of one class stand together.
INPUTS: tuple[tuple[str, tuple, dict[str, Any], tuple], ...] = (
    ("Identity", (3,), {"unused": 1}, (_X,)),
    ("Flatten", (), {}, (_IMG,)),
    ("Flatten", (2, -2), {}, (_VOL,)),
    ("Unflatten", (1, (2, -1)), {}, (_SEQ,)),
    ("Sequential", (torch.nn.Tanh(), torch.nn.Sigmoid()), {}, (_X,)),
    ("LazyLinear", (3,), {}, (_X,)),
    ("LazyLinear", (3,), {"bias": False}, (_SEQ,)),
    ("LazyBatchNorm1d", (), {}, (_SEQ,)),
    ("LazyBatchNorm2d", (1e-3, 0.2), {}, (_IMG,)),
    ("LazyBatchNorm3d", (), {"affine": False}, (_VOL,)),
    ("LazyInstanceNorm1d", (), {}, (_SEQ,)),
    ("LazyInstanceNorm2d", (), {"affine": True, "track_running_stats": True}, (_IMG,)),
    ("LazyInstanceNorm3d", (), {"affine": True}, (_VOL,)),
    ("SyncBatchNorm", (4,), {}, (_IMG,)),
    ("CrossMapLRN2d", (3,), {}, (_IMG,)),
    ("Hardsigmoid", (), {}, (_X,)),
    ("RReLU", (), {}, (_X,)),
    ("RReLU", (0.1, 0.4), {"inplace": False}, (_IMG,)),
    ("Dropout", (0.3,), {}, (_X,)),
    ("Dropout1d", (0.4,), {}, (_SEQ,)),
    ("Dropout2d", (0.4,), {}, (_IMG,)),
    ("Dropout3d", (0.4,), {}, (_VOL,)),
    ("AlphaDropout", (0.3,), {}, (_X,)),
    ("FeatureAlphaDropout", (0.3,), {}, (_IMG,)),
    ("PixelShuffle", (2,), {}, (_IMG,)),
    ("PixelUnshuffle", (3,), {}, (_IMG,)),
    ("ChannelShuffle", (2,), {}, (_IMG,)),
    ("Upsample", (), {"scale_factor": 2}, (_IMG,)),
    ("Upsample", ((9, 4),), {"mode": "bilinear", "align_corners": True}, (_IMG,)),
    ("Upsample", (), {"scale_factor": 1.5, "mode": "bicubic"}, (_IMG,)),
    ("Upsample", (9,), {"mode": "linear"}, (_SEQ,)),
    ("Upsample", (), {"scale_factor": 2, "mode": "trilinear"}, (_VOL,)),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, (_IMG,)),
    ("UpsamplingNearest2d", ((5, 8),), {}, (_IMG,)),
    ("Fold", ((4, 5), (2, 2)), {}, ((2, 12, 12),)),
    ("Fold", ((4, 4), 2), {"stride": 2, "padding": 1}, ((8, 9),)),
    ("Unfold", ((2, 3),), {"dilation": 2, "padding": 1}, (_IMG,)),
    ("MaxUnpool1d", (2,), {}, ((2, 3), Whole((2, 3), 6, True))),
    ("MaxUnpool2d", (2, 2), {}, ((2, 3, 3), Whole((2, 3, 3), 36, True))),
    ("MaxUnpool3d", (2,), {}, ((2, 2, 2, 2), Whole((2, 2, 2, 2), 64, True))),
    ("CosineSimilarity", (), {}, (_X, _X)),
    ("CosineSimilarity", (-1, 1e-2), {}, (_SEQ, (4, 6))),
    ("PairwiseDistance", (), {}, (_X, _X)),
    ("PairwiseDistance", (1.0,), {"keepdim": True}, (_X, (4,))),
    ("NLLLoss2d", (), {}, (_IMG, Whole((2, 6, 6), 4))),
    ("TripletMarginLoss", (), {}, (_X, _X, _X)),
    ("TripletMarginLoss", (0.5, 1.0), {"swap": True, "reduction": "sum"}, (_X, _X, _X)),
    ("TripletMarginWithDistanceLoss", (), {"margin": 0.7, "swap": True}, (_X, _X, _X)),
    ("AdaptiveLogSoftmaxWithLoss", (4, 12, (3, 7)), {}, ((5, 4), Whole((5,), 12))),
    ("AdaptiveLogSoftmaxWithLoss", (8, 12, [4]), {"div_value": 2.0, "head_bias": True}, ((5, 8), Whole((5,), 12))),
    ("EmbeddingBag", (9, 4), {}, (Whole((3, 5), 9),)),
    ("EmbeddingBag", (9, 4), {"mode": "sum", "padding_idx": 2}, (Whole((8,), 9), Whole((3,), 1))),
    ("EmbeddingBag", (9, 4), {"mode": "max", "include_last_offset": True}, (Whole((8,), 9), torch.tensor([0, 2, 5, 8]))),
    ("TransformerDecoder", (torch.nn.TransformerDecoderLayer(4, 2, 8, 0.0, batch_first=True), 2), {}, ((2, 3, 4), (2, 5, 4))),
)  # fmt: skip


def _inputs(
    rows: list[tuple], info: Any, device: str, dtype: torch.dtype, requires_grad: bool, training: bool
) -> Iterator[Any]:
    make = partial(torch.testing.make_tensor, device=device, dtype=dtype, requires_grad=requires_grad)
    for _, args, keywords, given in rows:
        made = [_whole(x) if isinstance(x, Whole) else make(x) if isinstance(x, tuple) else x for x in given]
        yield database.ModuleInput(database.FunctionInput(*args, **keywords), database.FunctionInput(*made))


def _whole(wanted: Whole) -> torch.Tensor:
    made = torch.randint(0, wanted.below, wanted.shape)
    if not wanted.in_order:
        return made
    # Places are told apart, so that no two values go to the same.
    return torch.randperm(wanted.below)[: made.numel()].sort().values.reshape(wanted.shape)


def more() -> Iterator[Any]:
    """A `ModuleInfo` for each class of `INPUTS`."""
    for name, rows in groupby(INPUTS, key=lambda row: row[0]):
        yield database.ModuleInfo(getattr(torch.nn, name), module_inputs_func=partial(_inputs, list(rows)))

"""What `test_functional.py` runs: calls of nn.functional, each a function of the namespace and of its tensors.

A tuple stands for random numbers of that shape (differentiated), an array for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    name: str
    call: Callable[..., Any]
    inputs: tuple[Any, ...]


CASES: list[Case] = []


def case(call: Callable[..., Any], *inputs: Any) -> None:
    """Add a case, named after the functions that it calls and a number."""
    names = [n for n in call.__code__.co_names if n not in SKIPPED]
    named(f"{len(CASES)}-{names[0] if names else 'case'}", call, *inputs)


def named(name: str, call: Callable[..., Any], *inputs: Any) -> None:
    """Add a case with a name of its own."""
    CASES.append(Case(name, call, inputs))


SKIPPED = {"sigmoid", "detach", "abs"}
IMAGE = (2, 4, 7, 8)

# --- activations: all joints are among the numbers ---------------------------------------------------------------

JOINTS = np.array([-30.0, -6, -3, -2.5, -1, -0.5, -0.2, 0, 0.2, 0.5, 1, 2.5, 3, 5, 6, 21, 30], np.float32)


class Given(NamedTuple):
    """These numbers, differentiated."""

    values: np.ndarray


for name in (
    "relu", "relu6", "elu", "selu", "celu", "leaky_relu", "gelu", "silu", "mish", "softplus", "logsigmoid", "softsign",
    "tanhshrink", "softshrink", "hardshrink", "hardtanh", "hardsigmoid", "hardswish", "sigmoid", "tanh", "rrelu",
):  # fmt: skip
    named(f"activation-{name}", lambda F, x, name=name: getattr(F, name)(x), Given(JOINTS))
for name in ("relu", "relu6", "elu", "selu", "celu", "leaky_relu", "silu", "mish", "hardtanh", "hardsigmoid", "hardswish"):
    named(f"inplace-{name}", lambda F, x, name=name: getattr(F, name)(x * 1, inplace=True), Given(JOINTS))
case(lambda F, x: F.relu_(x * 2), (3, 4))
case(lambda F, x: F.gelu(x, approximate="tanh"), Given(JOINTS))
case(lambda F, x: F.elu(x, 0.7), Given(JOINTS))
case(lambda F, x: F.celu(x, alpha=0.7), Given(JOINTS))
case(lambda F, x: F.softplus(x, beta=2, threshold=5), Given(JOINTS))
case(lambda F, x: F.threshold(x, 0.5, 2.0), Given(JOINTS))
case(lambda F, x, w: F.prelu(x, w), IMAGE, (4,))
case(lambda F, x, w: F.prelu(x, w), (5,), (1,))
case(lambda F, x: F.glu(x, dim=1), IMAGE)
for dim in (0, -1):
    case(lambda F, x, dim=dim: F.softmax(x, dim), (3, 4))
    case(lambda F, x, dim=dim: F.log_softmax(x, dim=dim), (3, 4))
    case(lambda F, x, dim=dim: F.softmin(x, dim=dim), (3, 4))
case(lambda F, x: F.softmax(x, 0), ())

# --- convolution and linear ---------------------------------------------------------------------------------------

case(lambda F, x, w, b: F.conv2d(x, w, b, stride=2, padding=1), IMAGE, (6, 4, 3, 2), (6,))
case(lambda F, x, w, b: F.conv2d(x, w, b, padding="same", dilation=(2, 1)), IMAGE, (6, 4, 3, 4), (6,))
case(lambda F, x, w: F.conv2d(x, w, padding="valid"), IMAGE, (6, 4, 3, 4))
case(lambda F, x, w, b: F.conv2d(x, w, b, groups=2, padding=[1, 2]), IMAGE, (6, 2, 3, 3), (6,))
case(lambda F, x, w, b: F.conv2d(x, w, b), (4, 7, 8), (6, 4, 3, 3), (6,))
case(lambda F, x, w, b: F.conv2d(x, w, b), (0, 4, 7, 8), (6, 4, 3, 3), (6,))
case(lambda F, x, w, b: F.conv1d(x, w, b, 2, 1, 2, 2), (4, 9), (6, 2, 3), (6,))
case(lambda F, x, w, b: F.conv3d(x, w, b, padding=1, groups=2), (2, 4, 5, 5, 5), (6, 2, 3, 2, 1), (6,))
case(
    lambda F, x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, groups=2, output_padding=(1, 0)),
    IMAGE, (4, 3, 3, 2), (6,),
)  # fmt: skip
case(lambda F, x, w: F.conv_transpose1d(x, w, stride=3, padding=1, dilation=2, output_padding=2), (4, 9), (4, 2, 3))
case(lambda F, x, w, b: F.conv_transpose3d(x, w, b, 2, 2), (1, 4, 3, 3, 3), (4, 2, 3, 3, 2), (2,))
case(lambda F, x, w, b: F.linear(x, w, b), (2, 3, 4), (5, 4), (5,))
case(lambda F, x, w, b: F.linear(x, w, b), (4,), (5, 4), (5,))
case(lambda F, x, w: F.linear(x, w), (3, 4), (4,))
case(lambda F, x, w, b: F.linear(x, w, b), (0, 4), (5, 4), (5,))
case(lambda F, x, y, w, b: F.bilinear(x, y, w, b), (2, 3, 4), (2, 3, 5), (6, 4, 5), (6,))

# --- normalization --------------------------------------------------------------------------------------------------

case(lambda F, x, w, b: F.layer_norm(x, [7, 8], w, b), IMAGE, (7, 8), (7, 8))
case(lambda F, x: F.layer_norm(x, (8,), eps=1e-3), IMAGE)
case(lambda F, x, w, b: F.batch_norm(x, None, None, w, b, training=True), IMAGE, (4,), (4,))
case(lambda F, x, w, b: F.batch_norm(x, b.detach(), w.detach() ** 2, w, b), (5, 4), (4,), (4,))
case(lambda F, x, w, b: F.instance_norm(x, weight=w, bias=b), IMAGE, (4,), (4,))
case(lambda F, x, w, b: F.group_norm(x, 2, w, b), IMAGE, (4,), (4,))
case(lambda F, x, w: F.rms_norm(x, (8,), w), IMAGE, (8,))
case(lambda F, x: F.local_response_norm(x, 3, alpha=0.5), IMAGE)
case(lambda F, x: F.normalize(x), IMAGE)
case(lambda F, x: F.normalize(x * (x.abs() > 0.3), p=3.0, dim=-1), IMAGE)
case(lambda F, x: F.normalize(x * 0, dim=-1), (3, 4))
for p in (1.0, 2.0, 3.5, float("inf")):
    case(lambda F, x, y, p=p: F.pairwise_distance(x, y, p=p), (4, 6, 5), (4, 1, 5))
case(lambda F, x: F.pdist(x), (5, 4))
case(lambda F, x, y: F.cosine_similarity(x, y, -1), (4, 6, 5), (4, 1, 5))

# --- losses ---------------------------------------------------------------------------------------------------------

CLASSES = np.array([1, 4, 0, -100, 2])
PIXELS = np.array([[1, 4, 0], [2, -100, 3]])
SIGNS = np.array([1, -1, 1, 1, -1])
for r in ("none", "mean", "sum"):
    for s in (0.0, 0.1):
        case(
            lambda F, x, w, t, r=r, s=s: F.cross_entropy(x, t, w.detach() ** 2, reduction=r, label_smoothing=s),
            (5, 6), (6,), CLASSES,
        )  # fmt: skip
        case(lambda F, x, t, r=r, s=s: F.cross_entropy(x, t, reduction=r, label_smoothing=s), (2, 6, 3), PIXELS)
        case(lambda F, x, t, r=r, s=s: F.cross_entropy(x, t, reduction=r, label_smoothing=s), (6,), np.array(3))
        case(lambda F, x, t, r=r, s=s: F.cross_entropy(x, t, reduction=r, label_smoothing=s), (2, 6, 4), (2, 6, 4))
    case(lambda F, x, t, r=r: F.cross_entropy(x, t, reduction=r), (0, 6), np.zeros(0, np.int64))
    case(lambda F, x, w, t, r=r: F.nll_loss(x, t, w.detach(), reduction=r), (5, 6), (6,), CLASSES)
    case(lambda F, x, t, r=r: F.nll_loss(x, t, reduction=r, ignore_index=4), (2, 6, 3), np.abs(PIXELS) % 6)
    case(
        lambda F, x, t, w, r=r: F.binary_cross_entropy(x.sigmoid(), t.sigmoid(), w.detach(), reduction=r), (5, 6), (5, 6), (6,)
    )
    case(
        lambda F, x, t, w, p, r=r: F.binary_cross_entropy_with_logits(
            x * 20, t, w.detach(), reduction=r, pos_weight=p.detach() ** 2
        ),
        (5, 6), (5, 6), (6,), (6,),
    )  # fmt: skip
    for loss in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        named(f"{loss}-{r}", lambda F, x, t, r=r, n=loss: getattr(F, n)(x, t, reduction=r), (5, 6), (5, 6))
    for loss in ("mse_loss", "l1_loss", "huber_loss"):
        weighted = lambda F, x, t, w, r=r, n=loss: getattr(F, n)(x, t, reduction=r, weight=w.detach() ** 2)  # noqa: E731 - short
        named(f"{loss}-weighted-{r}", weighted, (5, 6), (5, 6), (5, 6))
    case(lambda F, x, t, r=r: F.kl_div(x, t.sigmoid(), reduction=r.replace("mean", "batchmean")), (5, 6), (5, 6))
    case(lambda F, x, t, r=r: F.kl_div(x, t, reduction=r.replace("mean", "batchmean"), log_target=True), (5, 6), (5, 6))
    case(lambda F, x, y, t, r=r: F.cosine_embedding_loss(x, y, t, 0.1, reduction=r), (5, 6), (5, 6), SIGNS)
    case(lambda F, x, y, t, r=r: F.margin_ranking_loss(x, y, t, 0.1, reduction=r), (5,), (5,), SIGNS)
    case(lambda F, x, t, r=r: F.hinge_embedding_loss(x, t, 0.7, reduction=r), (5,), SIGNS)
    case(lambda F, x, t, r=r: F.soft_margin_loss(x, t, reduction=r), (5,), SIGNS)
    for p in (1, 2, 3.0):
        case(lambda F, x, y, z, r=r, p=p: F.triplet_margin_loss(x, y, z, p=p, reduction=r, swap=p == 2), (5, 6), (5, 6), (5, 6))
    case(lambda F, x, w, t, r=r: F.multi_margin_loss(x, t, 2, 0.5, w.detach(), reduction=r), (5, 6), (6,), np.abs(CLASSES) % 6)
    case(
        lambda F, x, t, r=r: F.multilabel_margin_loss(x, t, reduction=r),
        (2, 5), np.array([[1, 3, -1, 2, 2], [0, 1, 2, 3, 4]]),
    )  # fmt: skip
    case(lambda F, x, t, r=r: F.multilabel_soft_margin_loss(x, t.detach(), reduction=r), (2, 5), (2, 5))
    case(lambda F, x, t, r=r: F.poisson_nll_loss(x, t.abs().detach(), full=True, reduction=r), (5, 6), (5, 6))
    case(lambda F, x, t, r=r: F.poisson_nll_loss(x.abs(), t.abs(), log_input=False, reduction=r), (5, 6), (5, 6))
    case(lambda F, x, t, v, r=r: F.gaussian_nll_loss(x, t, v**2, full=True, reduction=r), (5, 6), (5, 6), (5, 6))
case(lambda F, x, t: F.binary_cross_entropy(x, t.detach()), Given(np.array([0.0, 1, 0, 1])), Given(np.array([1.0, 0, 0, 1])))
case(lambda F, x, t: F.smooth_l1_loss(x, t, beta=0.3), (5, 6), (5, 6))
case(lambda F, x, t: F.huber_loss(x, t, delta=0.3), (5, 6), (5, 6))

# --- pooling: small whole numbers, so that there are ties -------------------------------------------------------------

TIES = Given(np.random.default_rng(0).integers(0, 4, (2, 3, 7, 9)).astype(np.float32))
for ceil in (False, True):
    case(lambda F, x, c=ceil: F.max_pool2d(x, 2, ceil_mode=c), TIES)
    case(lambda F, x, c=ceil: F.max_pool2d(x, 3, 2, 1, ceil_mode=c), TIES)
    case(lambda F, x, c=ceil: F.max_pool2d(x, (3, 2), (2, 3), (1, 0), (2, 3), ceil_mode=c, return_indices=True), TIES)
    case(lambda F, x, c=ceil: F.max_pool2d(x, 9, 5, 4, ceil_mode=c), (2, 3, 17, 19))
    case(lambda F, x, c=ceil: F.max_pool1d(x, 3, ceil_mode=c), (3, 10))
    case(lambda F, x, c=ceil: F.max_pool3d(x, 2, ceil_mode=c), (2, 3, 5, 6, 7))
    for inside in (True, False):
        case(lambda F, x, c=ceil, i=inside: F.avg_pool2d(x, 3, 2, 1, c, i), (2, 3, 7, 8))
        case(lambda F, x, c=ceil, i=inside: F.avg_pool2d(x, 9, 5, 4, c, i), (2, 3, 17, 19))
        case(lambda F, x, c=ceil, i=inside: F.avg_pool1d(x, 3, 2, 1, c, i), (3, 10))
        case(lambda F, x, c=ceil, i=inside: F.avg_pool3d(x, 2, 2, 1, c, i), (2, 3, 5, 6, 7))
case(lambda F, x: F.avg_pool2d(x, 2, divisor_override=3), (2, 3, 7, 9))
case(lambda F, x: F.avg_pool2d(x, 9), (2, 3, 18, 9))
case(lambda F, x: F.lp_pool2d(x.abs(), 3, 2), (2, 3, 7, 9))
for size in (1, 3, (9, None)):
    case(lambda F, x, s=size: F.adaptive_avg_pool2d(x, s), (2, 3, 7, 9))
    case(lambda F, x, s=size: F.adaptive_max_pool2d(x, s, return_indices=True), TIES)
case(lambda F, x: F.adaptive_avg_pool1d(x, 4), (3, 7))
case(lambda F, x: F.adaptive_max_pool3d(x, (3, 2, 2)), (2, 3, 7, 4, 5))
case(lambda F, x, i: F.max_unpool2d(x, i, 2), (1, 1, 2, 2), np.array([[[[0, 3], [9, 14]]]]))

# --- embedding, attention, padding --------------------------------------------------------------------------------------

INDEX = np.array([[1, 2, 1], [0, 2, 4]])
case(lambda F, w, i: F.embedding(i, w), (5, 3), INDEX)
case(lambda F, w, i: F.embedding(i, w, padding_idx=-3, scale_grad_by_freq=True), (5, 3), INDEX)
case(lambda F, w, i: F.embedding(i, w * 1, max_norm=0.5), (5, 3), INDEX)
case(lambda F, i: F.one_hot(i), INDEX)
case(lambda F, i: F.one_hot(i, 7), INDEX)
for mode in ("sum", "mean", "max"):
    case(lambda F, w, i, m=mode: F.embedding_bag(i, w, mode=m, padding_idx=2), (5, 3), INDEX)
    case(
        lambda F, w, i, o, m=mode: F.embedding_bag(i, w, o, mode=m, include_last_offset=True),
        (5, 3), INDEX.ravel(), np.array([0, 2, 2, 6]),
    )  # fmt: skip
case(lambda F, w, p, i: F.embedding_bag(i, w, mode="sum", per_sample_weights=p), (5, 3), (2, 3), INDEX)

MASK = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
QKV = ((2, 4, 3, 6), (2, 4, 5, 6), (2, 4, 5, 7))
case(lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v), *QKV)
case(lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3), *QKV)
case(lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m), *QKV, MASK)
case(lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m), *QKV, (4, 3, 5))
case(lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v), (3, 6), (5, 6), (5, 7))
case(
    lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True, is_causal=True),
    (2, 4, 5, 6), (2, 2, 5, 6), (2, 2, 5, 6),
)  # fmt: skip


def _heads(F: Any, q: Any, k: Any, v: Any, w: Any, b: Any, out: Any, **options: Any) -> Any:
    return F.multi_head_attention_forward(
        q, k, v, 8, 2, w * 0.3, b, None, None, options.pop("zero", False), 0.0, out * 0.1, None, **options
    )


HEADS = ((3, 2, 8), (5, 2, 8), (5, 2, 8), (24, 8), (24,), (8, 8))
PADDED = np.array([[0, 0, 0, 1, 1], [0, 0, 1, 0, 0]], bool)
case(lambda F, *t: _heads(F, *t), *HEADS)
case(lambda F, *t: _heads(F, *t, average_attn_weights=False), *HEADS)
case(lambda F, *t: _heads(F, *t[:-1], key_padding_mask=t[-1], zero=True), *HEADS, PADDED)
case(lambda F, *t: _heads(F, *t[:-2], attn_mask=t[-2], key_padding_mask=t[-1], need_weights=False)[0], *HEADS, ~MASK, PADDED)
case(lambda F, *t: _heads(F, *t[:-1], attn_mask=t[-1]), *HEADS, (4, 3, 5))
case(lambda F, x, *t: _heads(F, x, x, x, *t), (3, 8), (24, 8), (24,), (8, 8))
case(
    lambda F, q, k, v, wq, wk, wv, b, bk, bv, out: F.multi_head_attention_forward(
        q, k, v, 8, 2, None, b, bk, bv, True, 0.0, out * 0.1, b[:8],
        use_separate_proj_weight=True, q_proj_weight=wq * 0.3, k_proj_weight=wk * 0.3, v_proj_weight=wv,
    ),
    (3, 2, 8), (5, 2, 6), (5, 2, 4), (8, 8), (8, 6), (8, 4), (24,), (1, 1, 8), (1, 1, 8), (8, 8),
)  # fmt: skip

case(lambda F, x: F.pad(x, (1, 2, 0, 3), value=1.5), IMAGE)
case(lambda F, x: F.pad(x, (-1, 2, 3, -4)), IMAGE)
for mode in ("reflect", "replicate", "circular"):
    case(lambda F, x, m=mode: F.pad(x, (2, 3, 1, 4), mode=m), IMAGE)
case(lambda F, x: F.pad(x, (-1, 2), mode="reflect"), (2, 5))
case(lambda F, x: F.pixel_shuffle(x, 2), IMAGE)
case(lambda F, x: F.pixel_unshuffle(x, 2), (2, 4, 6, 8))
case(lambda F, x: F.channel_shuffle(x, 2), IMAGE)
case(lambda F, x: F.unfold(x, (3, 2), dilation=2, padding=1, stride=(2, 1)), IMAGE)
case(lambda F, x: F.fold(x, (7, 8), (3, 2), dilation=2, padding=1, stride=(2, 1)), (2, 24, 24))

# --- interpolation ------------------------------------------------------------------------------------------------------

for options in (
    {"size": (5, 11)}, {"scale_factor": 2}, {"scale_factor": (0.7, 1.6)}, {"scale_factor": 1.3, "recompute_scale_factor": True},
):  # fmt: skip
    for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area"):
        case(lambda F, x, o=options, m=mode: F.interpolate(x, mode=m, **o), IMAGE)
    for mode in ("bilinear", "bicubic"):
        case(lambda F, x, o=options, m=mode: F.interpolate(x, mode=m, align_corners=True, **o), IMAGE)
        case(lambda F, x, o=options, m=mode: F.interpolate(x, mode=m, antialias=True, **o), IMAGE)
case(lambda F, x: F.interpolate(x, 9, mode="linear"), (2, 3, 5))
case(lambda F, x: F.interpolate(x, scale_factor=1.5, mode="trilinear"), (1, 2, 3, 4, 5))
case(lambda F, x: F.interpolate(x, scale_factor=2), (1, 2, 3, 4, 5))

# --- connectionist temporal classification --------------------------------------------------------------------------------

LABELS = np.array([[1, 2, 2, 0, 0], [3, 1, 1, 1, 2], [1, 0, 0, 0, 0]])
for r in ("none", "mean", "sum"):
    case(
        lambda F, x, t, n, m, r=r: F.ctc_loss(F.log_softmax(x, 2), t, n, m, reduction=r, zero_infinity=True),
        (9, 3, 4), LABELS, np.array([9, 6, 7]), np.array([3, 5, 1]),
    )  # fmt: skip
case(lambda F, x, t: F.ctc_loss(x, t, (9, 8), (2, 3), blank=3), (9, 2, 4), np.array([1, 2, 2, 0, 1]))

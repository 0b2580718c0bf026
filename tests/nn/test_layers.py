"""Every layer against real torch: arguments, repr, state, seeded initial values, forward values and input gradients."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import torchlike as tl

X = (2, 4)
SEQ = (2, 4, 6)
IMG = (2, 4, 6, 6)
VOL = (2, 4, 4, 4, 4)

# name -> (class, arguments, keywords, input shapes)
LAYERS = {
    "Identity": ("Identity", (3,), {"a": 2}, [X]),
    "Linear": ("Linear", (4, 3), {}, [(5, 2, 4)]),
    "Linear no bias": ("Linear", (4, 3, False), {"dtype": "float64"}, [X]),
    "Bilinear": ("Bilinear", (4, 3, 5), {}, [(2, 4), (2, 3)]),
    "Flatten": ("Flatten", (), {}, [IMG]),
    "Unflatten": ("Unflatten", (1, (2, 2)), {}, [X]),
    "Conv1d": ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1}, [SEQ]),
    "Conv1d same": ("Conv1d", (4, 6, 4), {"padding": "same", "dilation": 2, "padding_mode": "circular"}, [(2, 4, 9)]),
    "Conv2d": ("Conv2d", (4, 6, 3), {}, [IMG]),
    "Conv2d all": ("Conv2d", (4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, False), {}, [IMG]),
    "Conv2d reflect": ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "reflect"}, [IMG]),
    "Conv2d valid": ("Conv2d", (4, 6, 3), {"padding": "valid", "padding_mode": "replicate"}, [IMG]),
    "Conv3d": ("Conv3d", (4, 2, 2), {"groups": 2}, [VOL]),
    "ConvTranspose1d": ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, [SEQ]),
    "ConvTranspose2d": ("ConvTranspose2d", (4, 6, 3, 2, 1, 1, 2, False, 2), {}, [IMG]),
    "ConvTranspose3d": ("ConvTranspose3d", (4, 2, 2), {}, [VOL]),
    "MaxPool1d": ("MaxPool1d", (2,), {"stride": 1, "padding": 1}, [SEQ]),
    "MaxPool2d": ("MaxPool2d", ((2, 3),), {"ceil_mode": True}, [IMG]),
    "MaxPool2d indices": ("MaxPool2d", (2,), {"return_indices": True}, [IMG]),
    "MaxPool3d": ("MaxPool3d", (2, 1), {"dilation": 2}, [VOL]),
    "AvgPool1d": ("AvgPool1d", (2,), {}, [SEQ]),
    "AvgPool2d": ("AvgPool2d", (3, 2, 1), {"count_include_pad": False}, [IMG]),
    "AvgPool3d": ("AvgPool3d", (2, (1, 1, 2)), {"divisor_override": 3}, [VOL]),
    "AdaptiveAvgPool1d": ("AdaptiveAvgPool1d", (4,), {}, [SEQ]),
    "AdaptiveAvgPool2d": ("AdaptiveAvgPool2d", ((None, 2),), {}, [IMG]),
    "AdaptiveAvgPool3d": ("AdaptiveAvgPool3d", (2,), {}, [VOL]),
    "AdaptiveMaxPool1d": ("AdaptiveMaxPool1d", (4,), {}, [SEQ]),
    "AdaptiveMaxPool2d": ("AdaptiveMaxPool2d", (2, True), {}, [IMG]),
    "AdaptiveMaxPool3d": ("AdaptiveMaxPool3d", (2,), {}, [VOL]),
    "FractionalMaxPool2d": ("FractionalMaxPool2d", (2, (3, 4)), {}, [IMG]),
    "FractionalMaxPool2d ratio": ("FractionalMaxPool2d", (2,), {"output_ratio": 0.5, "return_indices": True}, [IMG]),
    "FractionalMaxPool3d": ("FractionalMaxPool3d", ((2, 1, 2), 2), {}, [VOL]),
    "CrossMapLRN2d": ("CrossMapLRN2d", (3, 0.3), {}, [(2, 7, 2, 2)]),
    "LPPool1d": ("LPPool1d", (2, 3), {}, [SEQ]),
    "LPPool2d": ("LPPool2d", (2, 2, 2), {"ceil_mode": True}, [IMG]),
    "BatchNorm1d": ("BatchNorm1d", (4,), {}, [X]),
    "BatchNorm1d all": ("BatchNorm1d", (4, 1e-3, None, False), {}, [SEQ]),
    "BatchNorm1d no bias": ("BatchNorm1d", (4,), {"bias": False}, [SEQ]),
    "BatchNorm2d": ("BatchNorm2d", (4,), {"momentum": None}, [IMG]),
    "BatchNorm2d no stats": ("BatchNorm2d", (4,), {"track_running_stats": False}, [IMG]),
    "BatchNorm3d": ("BatchNorm3d", (4,), {}, [VOL]),
    "InstanceNorm1d": ("InstanceNorm1d", (4,), {}, [SEQ]),
    "InstanceNorm1d unbatched": ("InstanceNorm1d", (4,), {"affine": True}, [(4, 6)]),
    "InstanceNorm2d": ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, [IMG]),
    "InstanceNorm3d": ("InstanceNorm3d", (4,), {}, [VOL]),
    "LayerNorm": ("LayerNorm", (6,), {}, [SEQ]),
    "LayerNorm no bias": ("LayerNorm", ([4, 6],), {"bias": False}, [SEQ]),
    "LayerNorm plain": ("LayerNorm", (6,), {"elementwise_affine": False}, [SEQ]),
    "GroupNorm": ("GroupNorm", (2, 4), {}, [IMG]),
    "GroupNorm plain": ("GroupNorm", (2, 4), {"affine": False}, [IMG]),
    "RMSNorm": ("RMSNorm", (6,), {}, [SEQ]),
    "RMSNorm plain": ("RMSNorm", ((4, 6), 1e-3, False), {}, [SEQ]),
    "LocalResponseNorm": ("LocalResponseNorm", (2,), {"alpha": 0.1}, [IMG]),
    "Dropout": ("Dropout", (0.3,), {}, [IMG]),
    "Dropout1d": ("Dropout1d", (), {}, [SEQ]),
    "Dropout2d": ("Dropout2d", (), {}, [IMG]),
    "Dropout3d": ("Dropout3d", (), {}, [VOL]),
    "AlphaDropout": ("AlphaDropout", (0.2,), {}, [X]),
    "FeatureAlphaDropout": ("FeatureAlphaDropout", (0.2,), {}, [IMG]),
    "ReLU": ("ReLU", (), {}, [X]),
    "ReLU inplace": ("ReLU", (True,), {}, [X]),
    "ReLU6": ("ReLU6", (), {"inplace": True}, [X]),
    "ELU": ("ELU", (0.5,), {}, [X]),
    "SELU": ("SELU", (), {}, [X]),
    "CELU": ("CELU", (2.0,), {}, [X]),
    "LeakyReLU": ("LeakyReLU", (0.2,), {}, [X]),
    "PReLU": ("PReLU", (4,), {}, [IMG]),
    "PReLU one": ("PReLU", (), {"init": 0.1}, [X]),
    "GELU": ("GELU", (), {}, [X]),
    "GELU tanh": ("GELU", ("tanh",), {}, [X]),
    "SiLU": ("SiLU", (), {}, [X]),
    "Mish": ("Mish", (), {}, [X]),
    "Softplus": ("Softplus", (2, 1.0), {}, [X]),
    "Softsign": ("Softsign", (), {}, [X]),
    "Tanh": ("Tanh", (), {}, [X]),
    "Sigmoid": ("Sigmoid", (), {}, [X]),
    "Hardtanh": ("Hardtanh", (-0.5, 0.3), {}, [X]),
    "Hardtanh old": ("Hardtanh", (), {"min_value": -0.5}, [X]),
    "Hardsigmoid": ("Hardsigmoid", (), {}, [X]),
    "Hardswish": ("Hardswish", (), {}, [X]),
    "LogSigmoid": ("LogSigmoid", (), {}, [X]),
    "GLU": ("GLU", (1,), {}, [IMG]),
    "Threshold": ("Threshold", (0.1, 2.0), {}, [X]),
    "Softmax": ("Softmax", (1,), {}, [SEQ]),
    "Softmax no dim": ("Softmax", (), {}, [X]),
    "LogSoftmax": ("LogSoftmax", (), {"dim": -1}, [SEQ]),
    "Softmin": ("Softmin", (0,), {}, [SEQ]),
    "Softmax2d": ("Softmax2d", (), {}, [IMG]),
    "Tanhshrink": ("Tanhshrink", (), {}, [X]),
    "Softshrink": ("Softshrink", (), {}, [X]),
    "Hardshrink": ("Hardshrink", (0.3,), {}, [X]),
    "RReLU": ("RReLU", (), {}, [X]),
    "ZeroPad1d": ("ZeroPad1d", (2,), {}, [SEQ]),
    "ZeroPad2d": ("ZeroPad2d", ((1, 2, 0, 1),), {}, [IMG]),
    "ZeroPad3d": ("ZeroPad3d", (1,), {}, [VOL]),
    "ConstantPad1d": ("ConstantPad1d", ((1, 2), 3.5), {}, [SEQ]),
    "ConstantPad2d": ("ConstantPad2d", (1, -1), {}, [IMG]),
    "ConstantPad3d": ("ConstantPad3d", (1, 2), {}, [VOL]),
    "ReflectionPad1d": ("ReflectionPad1d", (2,), {}, [SEQ]),
    "ReflectionPad2d": ("ReflectionPad2d", ((1, 2, 0, 1),), {}, [IMG]),
    "ReflectionPad3d": ("ReflectionPad3d", (1,), {}, [VOL]),
    "ReplicationPad1d": ("ReplicationPad1d", (2,), {}, [SEQ]),
    "ReplicationPad2d": ("ReplicationPad2d", (2,), {}, [IMG]),
    "ReplicationPad3d": ("ReplicationPad3d", (1,), {}, [VOL]),
    "CircularPad1d": ("CircularPad1d", (2,), {}, [SEQ]),
    "CircularPad2d": ("CircularPad2d", ((1, 2, 0, 1),), {}, [IMG]),
    "CircularPad3d": ("CircularPad3d", (1,), {}, [VOL]),
    "PixelShuffle": ("PixelShuffle", (2,), {}, [IMG]),
    "PixelUnshuffle": ("PixelUnshuffle", (3,), {}, [IMG]),
    "ChannelShuffle": ("ChannelShuffle", (2,), {}, [IMG]),
    "Upsample": ("Upsample", (), {"scale_factor": 2}, [IMG]),
    "Upsample size": ("Upsample", ((4, 5), None, "bilinear", False), {}, [IMG]),
    "UpsamplingNearest2d": ("UpsamplingNearest2d", (4,), {}, [IMG]),
    "UpsamplingBilinear2d": ("UpsamplingBilinear2d", (), {"scale_factor": 2}, [IMG]),
    "CosineSimilarity": ("CosineSimilarity", (), {"dim": -1}, [X, X]),
    "PairwiseDistance": ("PairwiseDistance", (1.5,), {"keepdim": True}, [X, X]),
    "Unfold": ("Unfold", (2,), {"stride": 2}, [IMG]),
    "Fold": ("Fold", ((4, 4), 2), {"stride": 2}, [(2, 8, 4)]),
    "MultiheadAttention": ("MultiheadAttention", (4, 2), {}, [(3, 2, 4), (5, 2, 4), (5, 2, 4)]),
    "MultiheadAttention all": (
        "MultiheadAttention", (4, 2), {"bias": False, "add_bias_kv": True, "add_zero_attn": True, "kdim": 3, "vdim": 5,
        "batch_first": True}, [(2, 3, 4), (2, 5, 3), (2, 5, 5)],
    ),
    "MultiheadAttention unbatched": ("MultiheadAttention", (4, 1), {"batch_first": True}, [(3, 4), (3, 4), (3, 4)]),
    "TransformerEncoderLayer": ("TransformerEncoderLayer", (4, 2, 8), {"dropout": 0.0, "activation": "gelu"}, [(3, 2, 4)]),
    "TransformerDecoderLayer": (
        "TransformerDecoderLayer", (4, 2, 8), {"dropout": 0.0, "norm_first": True, "batch_first": True, "bias": False},
        [(2, 3, 4), (2, 5, 4)],
    ),
    "Transformer": ("Transformer", (4, 2, 2, 2, 8, 0.0), {"batch_first": True}, [(2, 3, 4), (2, 5, 4)]),
}  # fmt: skip

# Warnings about which torch says more than there is to say here.
SILENT = {"Transformer"}

# The forward values need random numbers in an order that only some paths of torch have.
RANDOM = {"RReLU"}


def array(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def build(t, name):
    kind, args, keywords, _ = LAYERS[name]
    keywords = {k: getattr(t, v) if k == "dtype" else v for k, v in keywords.items()}
    return getattr(t.nn, kind)(*args, **keywords)


def inputs(t, name):
    found = [t.from_numpy(array(shape, i)) for i, shape in enumerate(LAYERS[name][3])]
    if "dtype" in LAYERS[name][2]:
        found = [x.double() for x in found]
    return [x.requires_grad_() for x in found]


@pytest.mark.parametrize("name", LAYERS)
def test_made_alike(same, name):
    """The same text, the same keys and the same numbers at the same seed."""

    def code(t):
        m = build(t, name)
        plain = {k: v for k, v in sorted(vars(m).items()) if isinstance(v, int | float | str | tuple | list | None)}
        plain.pop("activation_relu_or_gelu", None)  # torch's own bookkeeping
        return m, plain, t.rand(1)

    if name in SILENT:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert repr(build(tl, name)) == repr(build(torch, name))
    else:
        same(code)


@pytest.mark.parametrize("name", sorted(set(LAYERS) - RANDOM - SILENT))
def test_forward_and_gradients(same, name):
    def code(t):
        m = build(t, name)
        xs = inputs(t, name)
        given = [x * 1 for x in xs]  # in-place layers may not write to a leaf
        out = m(*given)
        first = out[0] if isinstance(out, tuple) else out
        (first * first).sum().backward()
        return out, [x.grad for x in xs], {n: p.grad for n, p in m.named_parameters()}, dict(m.named_buffers())

    same(code, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", sorted(n for n in LAYERS if n.startswith(("Batch", "Instance", "Drop", "Alpha", "RReLU"))))
def test_forward_in_evaluation(same, name):
    def code(t):
        m = build(t, name)
        m(*inputs(t, name))
        m.eval()
        with t.no_grad():
            return m(*inputs(t, name)), m

    same(code, rtol=2e-4, atol=2e-5)


def test_transformer(same):
    def code(t):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            m = build(t, "Transformer")
            return m, m(*inputs(t, "Transformer")), t.nn.Transformer.generate_square_subsequent_mask(3)

    same(code, rtol=2e-4, atol=2e-5)


PROBABILITIES = np.random.default_rng(1).random((3, 4)).astype(np.float32)
TARGETS = np.array([1, 0, 3])
SIGNS = np.array([1.0, -1.0, 1.0], np.float32)
VALUES = array((3, 4), 5)
OTHERS = array((3, 4), 6)

# name -> (class, keywords, arguments)
LOSSES = {
    "CrossEntropyLoss": ("CrossEntropyLoss", {}, (VALUES, TARGETS)),
    "CrossEntropyLoss all": (
        "CrossEntropyLoss", {"weight": np.float32([1, 2, 3, 4]), "ignore_index": 0, "label_smoothing": 0.1}, (VALUES, TARGETS)),
    "NLLLoss": ("NLLLoss", {"reduction": "sum"}, (VALUES, TARGETS)),
    "MSELoss": ("MSELoss", {}, (VALUES, OTHERS)),
    "MSELoss old": ("MSELoss", {"size_average": False}, (VALUES, OTHERS)),
    "L1Loss": ("L1Loss", {"reduction": "none"}, (VALUES, OTHERS)),
    "L1Loss old": ("L1Loss", {"reduce": False}, (VALUES, OTHERS)),
    "SmoothL1Loss": ("SmoothL1Loss", {"beta": 0.5}, (VALUES, OTHERS)),
    "HuberLoss": ("HuberLoss", {"delta": 0.5}, (VALUES, OTHERS)),
    "BCELoss": ("BCELoss", {}, (PROBABILITIES, PROBABILITIES)),
    "BCEWithLogitsLoss": ("BCEWithLogitsLoss", {"pos_weight": np.float32([1, 2, 3, 4])}, (VALUES, PROBABILITIES)),
    "KLDivLoss": ("KLDivLoss", {"reduction": "batchmean", "log_target": True}, (VALUES, OTHERS)),
    "CosineEmbeddingLoss": ("CosineEmbeddingLoss", {"margin": 0.1}, (VALUES, OTHERS, SIGNS)),
    "MarginRankingLoss": ("MarginRankingLoss", {"margin": 0.1}, (VALUES[:, 0], OTHERS[:, 0], SIGNS)),
    "TripletMarginLoss": ("TripletMarginLoss", {"swap": True}, (VALUES, OTHERS, VALUES * OTHERS)),
    "TripletMarginWithDistanceLoss": ("TripletMarginWithDistanceLoss", {}, (VALUES, OTHERS, VALUES * OTHERS)),
    "HingeEmbeddingLoss": ("HingeEmbeddingLoss", {}, (VALUES[:, 0], SIGNS)),
    "SoftMarginLoss": ("SoftMarginLoss", {}, (VALUES[:, 0], SIGNS)),
    "PoissonNLLLoss": ("PoissonNLLLoss", {"full": True}, (VALUES, PROBABILITIES * 5)),
    "GaussianNLLLoss": ("GaussianNLLLoss", {}, (VALUES, OTHERS, PROBABILITIES)),
    "MultiMarginLoss": ("MultiMarginLoss", {"p": 2}, (VALUES, TARGETS)),
    "MultiLabelMarginLoss": ("MultiLabelMarginLoss", {}, (VALUES, np.array([[1, 0, -1, 2], [3, -1, 0, 1], [0, 1, 2, 3]]))),
    "MultiLabelSoftMarginLoss": ("MultiLabelSoftMarginLoss", {}, (VALUES, (PROBABILITIES > 0.5).astype(np.float32))),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses(same, name):
    kind, keywords, arguments = LOSSES[name]

    def code(t):
        given = {k: t.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in keywords.items()}
        m = getattr(t.nn, kind)(**given)
        xs = [t.from_numpy(a) for a in arguments]
        xs[0].requires_grad_()
        out = m(*xs)
        out.sum().backward()
        return m, m.reduction, out, xs[0].grad

    same(code, rtol=2e-4, atol=2e-5)


ERRORS = {
    "padding word": lambda t, n: n.Conv2d(3, 4, 3, padding="same", stride=2),
    "groups in": lambda t, n: n.Conv2d(3, 4, 3, groups=2),
    "groups out": lambda t, n: n.Conv2d(4, 3, 3, groups=2),
    "groups 0": lambda t, n: n.Conv2d(4, 4, 3, groups=0),
    "transpose mode": lambda t, n: n.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    "output_size": lambda t, n: n.ConvTranspose2d(1, 1, 3, 2)(t.ones(1, 1, 3, 3), output_size=(20, 20)),
    "output_size count": lambda t, n: n.ConvTranspose2d(1, 1, 3, 2)(t.ones(1, 1, 3, 3), output_size=(20,)),
    "output_size fits": lambda t, n: n.ConvTranspose2d(1, 1, 3, 2)(t.ones(1, 3, 3), output_size=(1, 8, 7)).shape,
    "group norm": lambda t, n: n.GroupNorm(3, 4),
    "dropout p": lambda t, n: n.Dropout(1.5),
    "padding_idx": lambda t, n: n.Embedding(3, 4, padding_idx=5),
    "padding_idx below": lambda t, n: n.Embedding(3, 4, padding_idx=-5),
    "embedding weight": lambda t, n: n.Embedding(3, 4, _weight=t.ones(3, 2)),
    "pretrained 1d": lambda t, n: n.Embedding.from_pretrained(t.ones(3)),
    "hardtanh": lambda t, n: n.Hardtanh(2, 1),
    "triplet": lambda t, n: n.TripletMarginLoss(margin=-1),
    "multi margin p": lambda t, n: n.MultiMarginLoss(3),
    "multi margin weight": lambda t, n: n.MultiMarginLoss(weight=t.ones(2, 2)),
    "unflatten word": lambda t, n: n.Unflatten(1, "a"),
    "unflatten element": lambda t, n: n.Unflatten(1, (2, "a")),
    "bilinear": lambda t, n: n.Bilinear(0, 1, 2),
    "linear 0": lambda t, n: n.Linear(0, 3),
    "batch norm 1d": lambda t, n: n.BatchNorm1d(2)(t.ones(2)),
    "batch norm 2d": lambda t, n: n.BatchNorm2d(2)(t.ones(2, 2)),
    "instance norm": lambda t, n: n.InstanceNorm2d(2)(t.ones(2)),
    "instance norm channels": lambda t, n: n.InstanceNorm1d(3, affine=True)(t.ones(1, 2, 4)),
    "softmax2d": lambda t, n: n.Softmax2d()(t.ones(2)),
    "heads": lambda t, n: n.MultiheadAttention(4, 3),
    "heads 0": lambda t, n: n.MultiheadAttention(4, 0),
    "NLLLoss2d": lambda t, n: n.NLLLoss2d(),
    "activation": lambda t, n: n.TransformerEncoderLayer(4, 2, activation="tanh"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(same, name):
    same(lambda t: ERRORS[name](t, t.nn))


EMBEDDINGS = {
    "plain": lambda n, t: n.Embedding(5, 3),
    "all": lambda n, t: n.Embedding(5, 3, padding_idx=-1, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True),
    "pretrained": lambda n, t: n.Embedding.from_pretrained(t.ones(5, 3), freeze=False, padding_idx=1),
    "frozen": lambda n, t: n.Embedding.from_pretrained(t.ones(5, 3)),
    "bag": lambda n, t: n.EmbeddingBag(5, 3),
    "bag sum": lambda n, t: n.EmbeddingBag(5, 3, mode="sum", padding_idx=1),
    "bag pretrained": lambda n, t: n.EmbeddingBag.from_pretrained(t.ones(5, 3)),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings(same, name):
    def code(t):
        m = EMBEDDINGS[name](t.nn, t)
        out = m(t.tensor([[0, 1, 4], [4, 4, 2]]))
        if m.weight.requires_grad:
            (out * out).sum().backward()
        return m, vars(m)["padding_idx"], out, m.weight.grad, m.weight.requires_grad

    same(code)


def test_attention_masks(same):
    def code(t):
        m = t.nn.MultiheadAttention(4, 2, batch_first=True)
        x = t.from_numpy(array((2, 3, 4)))
        padding = t.tensor([[False, False, True], [False, False, False]])
        causal = t.nn.Transformer.generate_square_subsequent_mask(3)
        return [
            m(x, x, x, key_padding_mask=padding),
            m(x, x, x, attn_mask=causal, average_attn_weights=False),
            m(x, x, x, attn_mask=causal, is_causal=True, need_weights=False),
        ]

    same(code, rtol=2e-4, atol=2e-5)


def test_signatures():
    """The same parameters in the same order with the same defaults."""
    for name in tl.nn.modules.__all__:
        ours = list(inspect.signature(getattr(tl.nn, name).__init__).parameters.values())
        theirs = list(inspect.signature(getattr(torch.nn, name).__init__).parameters.values())
        if any(p.kind is p.VAR_POSITIONAL for p in theirs):
            continue
        assert [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in theirs], name
        for one, other in zip(ours, theirs, strict=True):
            if not callable(other.default) or other.default is inspect.Parameter.empty:
                assert one.default == other.default, f"{name}({one.name})"

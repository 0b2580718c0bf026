"""Transformer layers and MultiheadAttention against real torch: every mask and argument, in training and evaluation.

Each case compiles programs of its own; of the larger modules a few run by default, the rest with
`pytest tests/nn/test_transformer.py -m full`.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import torchlike as tl


def array(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def tensors(t, *shapes):
    return [t.from_numpy(array(shape, i)).requires_grad_() for i, shape in enumerate(shapes)]


def few(table, *kept):
    """The names of a table, those that are not kept marked as long."""
    return [name if name in kept else pytest.param(name, marks=pytest.mark.full) for name in table]


def quietly(same, code):
    """torch warns about nested tensors and mixed masks, which say nothing here."""

    def silent(t):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return code(t)

    same(silent, rtol=2e-4, atol=2e-5)


def causal(t, n, m=None):
    return t.ones(n, n if m is None else m, dtype=t.bool).triu(1)


def padding(t, batch, n):
    mask = np.zeros((batch, n), bool)
    mask[0, n - 2 :] = True
    return t.from_numpy(mask)


def numbers(t, *shape):
    return t.from_numpy(array(shape, 7))


# name -> (constructor's keywords, forward's keywords)
ATTENTION = {
    "plain": ({}, lambda t: {}),
    "no bias": ({"bias": False}, lambda t: {}),
    "no weights": ({}, lambda t: {"need_weights": False}),
    "weights by head": ({}, lambda t: {"average_attn_weights": False}),
    "kdim vdim": ({"kdim": 3, "vdim": 5}, lambda t: {}),
    "bias_kv": ({"add_bias_kv": True}, lambda t: {"attn_mask": causal(t, 3, 5)}),
    "zero_attn": ({"add_zero_attn": True}, lambda t: {"key_padding_mask": padding(t, 2, 5)}),
    "all of them": (
        {"kdim": 3, "vdim": 5, "add_bias_kv": True, "add_zero_attn": True, "batch_first": True},
        lambda t: {"key_padding_mask": padding(t, 2, 5), "attn_mask": numbers(t, 3, 5)},
    ),
    "bool mask": ({}, lambda t: {"attn_mask": causal(t, 3, 5)}),
    "float mask": ({}, lambda t: {"attn_mask": numbers(t, 3, 5)}),
    "mask by head": ({}, lambda t: {"attn_mask": numbers(t, 4, 3, 5)}),
    "padding": ({}, lambda t: {"key_padding_mask": padding(t, 2, 5), "need_weights": False}),
    "float padding": ({}, lambda t: {"key_padding_mask": numbers(t, 2, 5)}),
    "both masks": ({}, lambda t: {"key_padding_mask": padding(t, 2, 5), "attn_mask": causal(t, 3, 5)}),
    "causal": ({}, lambda t: {"attn_mask": causal(t, 3, 5), "is_causal": True, "need_weights": False}),
    "dropout": ({"dropout": 0.4}, lambda t: {}),
    "dropout no weights": ({"dropout": 0.4, "batch_first": True}, lambda t: {"need_weights": False}),
    "causal without mask": ({}, lambda t: {"is_causal": True}),
    "mask shape": ({}, lambda t: {"attn_mask": causal(t, 3, 4)}),
    "padding shape": ({}, lambda t: {"key_padding_mask": padding(t, 2, 4)}),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTENTION)
def test_attention(same, name):
    def code(t):
        options, keywords = ATTENTION[name]
        m = t.nn.MultiheadAttention(4, 2, **options)
        first = options.get("batch_first")
        sizes = [(3, 4), (5, options.get("kdim", 4)), (5, options.get("vdim", 4))]
        xs = tensors(t, *[(2, n, e) if first else (n, 2, e) for n, e in sizes])
        try:
            out, weights = m(*xs, **keywords(t))
        except (RuntimeError, AssertionError) as error:
            return type(error).__name__
        out.square().sum().backward()
        found = [out, weights, [x.grad for x in xs], {n: p.grad for n, p in m.named_parameters()}]
        m.eval()
        with t.no_grad():
            return found, m(*xs, **keywords(t))

    quietly(same, code)


LAYER = {"d_model": 4, "nhead": 2, "dim_feedforward": 8}
LAYERS = {
    "plain": ({"dropout": 0.0}, lambda t: {}),
    "dropout": ({"dropout": 0.3}, lambda t: {}),
    "norm_first": ({"norm_first": True, "dropout": 0.0}, lambda t: {"src_mask": causal(t, 3)}),
    "gelu no bias": (
        {"activation": "gelu", "bias": False, "dropout": 0.0},
        lambda t: {"src_key_padding_mask": padding(t, 2, 3)},
    ),
    "causal": ({"batch_first": True, "dropout": 0.0}, lambda t: {"src_mask": causal(t, 3), "is_causal": True}),
    "float masks": (
        {"dropout": 0.0, "layer_norm_eps": 1e-3},
        lambda t: {"src_mask": numbers(t, 3, 3), "src_key_padding_mask": numbers(t, 2, 3)},
    ),
}


def run(t, m, xs, keywords):
    out = m(*xs, **keywords(t))
    out.square().sum().backward()
    found = [out, [x.grad for x in xs], {n: p.grad for n, p in m.named_parameters()}, list(m.state_dict())]
    m.eval()
    with t.no_grad():
        return found, m(*xs, **keywords(t))


@pytest.mark.parametrize("name", LAYERS)
def test_encoder_layer(same, name):
    def code(t):
        options, keywords = LAYERS[name]
        m = t.nn.TransformerEncoderLayer(**LAYER, **options)
        return run(t, m, tensors(t, (2, 3, 4) if options.get("batch_first") else (3, 2, 4)), keywords)

    quietly(same, code)


ENCODERS = {
    "plain": ({}, lambda t: {}),
    "nested off": ({"enable_nested_tensor": False}, lambda t: {"src_key_padding_mask": padding(t, 2, 3)}),
    "nested on": ({}, lambda t: {"src_key_padding_mask": padding(t, 2, 3)}),
    "mask": ({"mask_check": False}, lambda t: {"mask": causal(t, 3)}),
    "causal": ({}, lambda t: {"mask": t.nn.Transformer.generate_square_subsequent_mask(3), "is_causal": True}),
    "detected": ({}, lambda t: {"mask": t.nn.Transformer.generate_square_subsequent_mask(3), "is_causal": None}),
}


@pytest.mark.parametrize("name", few(ENCODERS, "nested off", "causal"))
@pytest.mark.parametrize("norm", few([False, True], True))
def test_encoder(same, name, norm):
    def code(t):
        options, keywords = ENCODERS[name]
        layer = t.nn.TransformerEncoderLayer(**LAYER, dropout=0.0, batch_first=True)
        m = t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(4) if norm else None, **options)
        m.train()
        out = m(*tensors(t, (2, 3, 4)), **keywords(t))
        out.square().sum().backward()
        m.eval()
        x = tensors(t, (2, 3, 4))[0]
        evaluated = m(x, **keywords(t)) * (1 if name != "nested on" else ~padding(t, 2, 3).unsqueeze(-1))
        return out, {n: p.grad for n, p in m.named_parameters()}, evaluated.detach()

    quietly(same, code)


DECODERS = {
    "plain": lambda t: {},
    "masks": lambda t: {"tgt_mask": causal(t, 3), "memory_mask": causal(t, 3, 5)},
    "padding": lambda t: {"tgt_key_padding_mask": padding(t, 2, 3), "memory_key_padding_mask": padding(t, 2, 5)},
    "causal": lambda t: {
        "tgt_mask": causal(t, 3), "tgt_is_causal": True, "memory_mask": causal(t, 3, 5), "memory_is_causal": True},
}  # fmt: skip


@pytest.mark.parametrize("name", few(DECODERS, "padding"))
@pytest.mark.parametrize("norm_first", few([False, True], True))
def test_decoder(same, name, norm_first):
    def code(t):
        layer = t.nn.TransformerDecoderLayer(**LAYER, dropout=0.2, norm_first=norm_first, activation=t.nn.functional.gelu)
        m = t.nn.TransformerDecoder(layer, 2, t.nn.LayerNorm(4))
        return run(t, m, tensors(t, (3, 2, 4), (5, 2, 4)), DECODERS[name])

    quietly(same, code)


WHOLE = {
    "plain": lambda t: {},
    "masks": lambda t: {"src_mask": causal(t, 5), "tgt_mask": causal(t, 3), "memory_mask": causal(t, 3, 5)},
    "padding": lambda t: {
        "src_key_padding_mask": padding(t, 2, 5), "tgt_key_padding_mask": padding(t, 2, 3),
        "memory_key_padding_mask": padding(t, 2, 5)},
    "causal": lambda t: {
        "tgt_mask": t.nn.Transformer.generate_square_subsequent_mask(3), "tgt_is_causal": True, "src_is_causal": False},
}  # fmt: skip


@pytest.mark.parametrize("name", few(WHOLE, "causal"))
@pytest.mark.parametrize("batch_first", few([False, True], True))
def test_transformer(same, name, batch_first):
    def code(t):
        m = t.nn.Transformer(4, 2, 1, 1, 8, 0.0, batch_first=batch_first)
        shapes = [(2, 5, 4), (2, 3, 4)] if batch_first else [(5, 2, 4), (3, 2, 4)]
        return run(t, m, tensors(t, *shapes), WHOLE[name])

    quietly(same, code)


def test_custom_parts_and_errors(same):
    def code(t):
        class Twice(t.nn.Module):
            def forward(self, src, mask=None, **rest):
                return 2 * src

        m = t.nn.Transformer(4, 2, num_decoder_layers=1, dim_feedforward=8, dropout=0.0, custom_encoder=Twice())
        found = [m(*tensors(t, (5, 2, 4), (3, 2, 4))), list(m.state_dict())[:2]]
        for shapes in ([(5, 2, 4), (3, 3, 4)], [(5, 2, 4), (3, 2, 5)]):
            try:
                m(*tensors(t, *shapes))
            except RuntimeError as error:
                found.append(error)
        return found

    quietly(same, code)


def test_helpers(same):
    def code(t):
        p = t.nn.modules.transformer
        mask = t.nn.Transformer.generate_square_subsequent_mask(3, dtype=t.float64)
        detect = p._detect_is_causal_mask
        found = [detect(None), detect(mask), detect(mask, False), detect(mask, None, 3), detect(mask[:2], None, 3)]
        found += [p._get_seq_len(t.ones(*s), f) for s in ((2, 3, 4), (5, 4)) for f in (True, False)]
        clones = p._get_clones(t.nn.Linear(2, 2), 3)
        m = t.nn.MultiheadAttention(4, 2)
        merged = [m.merge_masks(a, k, t.ones(2, 3, 4)) for a in (None, numbers(t, 3, 3)) for k in (None, numbers(t, 2, 3))]
        return mask, found, len(clones), clones[0].weight is clones[1].weight, p._get_activation_fn("gelu")(t.ones(1)), merged

    same(code)


def test_a_training_step_is_one_program():
    tl.manual_seed(0)
    m = tl.nn.Transformer(4, 2, 1, 1, 8, 0.1, batch_first=True)
    optimizer = tl.optim.Adam(m.parameters())
    src, tgt = (x.detach() for x in tensors(tl, (2, 5, 4), (2, 3, 4)))
    tl.engine.flush()
    tl.engine.stats.reset()
    for _ in range(3):
        optimizer.zero_grad()
        m(src, tgt).square().mean().backward()
        optimizer.step()
    assert (tl.engine.stats.compiled, tl.engine.stats.run) == (1, 3)

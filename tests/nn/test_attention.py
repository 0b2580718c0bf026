"""nn.attention against real torch; gradients, which torch's flex_attention lacks on the CPU, against plain attention."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch

import torchlike as tl


def flex(t):
    return importlib.import_module(f"{t.__name__}.nn.attention.flex_attention")


def array(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def inputs(t, heads=2, shared=2, length=20, source=20):
    shapes = [(2, heads, length, 4), (2, shared, source, 4), (2, shared, source, 3)]
    return [t.from_numpy(array(shape, i)) for i, shape in enumerate(shapes)]


def causal(b, h, q, kv):
    return q >= kv


def window(b, h, q, kv):
    return (q - kv).abs() < 6


def documents(t):
    ids = t.from_numpy(np.repeat([0, 1, 2], [7, 5, 8]))
    return lambda b, h, q, kv: ids[q] == ids[kv]


MASKS = {
    "causal": lambda t: causal,
    "window": lambda t: flex(t).and_masks(causal, window),
    "either": lambda t: flex(t).or_masks(causal, window),
    "documents": documents,
    "by head": lambda t: lambda b, h, q, kv: (q >= kv) | (h == 1),
    "by batch": lambda t: lambda b, h, q, kv: (kv < 5) | (b > 0),
    "all": lambda t: flex(t).noop_mask,
}

SCORES = {
    "relative": lambda t: lambda s, b, h, q, kv: s + (q - kv),
    "slopes": lambda t: lambda s, b, h, q, kv: s + t.tensor([0.5, 0.25])[h] * (kv - q),
    "soft cap": lambda t: lambda s, b, h, q, kv: 5 * t.tanh(s / 5),
    "nothing seen": lambda t: lambda s, b, h, q, kv: t.where(q > 2, s, -float("inf")),
}


@pytest.mark.parametrize("name", MASKS)
def test_block_masks(same, name):
    def code(t):
        sizes = (2 if name == "by batch" else None, 2 if name == "by head" else None)
        mask = flex(t).create_block_mask(MASKS[name](t), *sizes, 20, 20, device="cpu", BLOCK_SIZE=(8, 4))
        dense = flex(t).create_mask(MASKS[name](t), *sizes, 20, 20, device="cpu")
        blocks = [getattr(mask, key) for key in mask._TENSOR_ATTRS[:2]]
        adjusted = mask._adjust(9, 9)
        return [
            dense, blocks[0], mask.to_dense(), mask.full_kv_num_blocks, mask.q_num_blocks, str(mask),
            list(mask.shape), mask.numel(), mask.sparsity(), adjusted.to_dense(), list(adjusted.shape), list(mask[0].shape),
            mask[:, :, 1].to_dense(), mask.to("cpu").to_dense(), len(mask.as_tuple()), len(mask.as_tuple(False)),
        ]  # fmt: skip

    same(code)


@pytest.mark.parametrize("name", [*MASKS, *SCORES])
def test_flex_attention(same, name, monkeypatch):
    monkeypatch.setattr(flex(torch), "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)  # the reference, uncompiled

    def code(t):
        mods = {}
        if name in SCORES:
            mods["score_mod"] = SCORES[name](t)
        else:
            mods["block_mask"] = flex(t).create_block_mask(MASKS[name](t), 2, 2, 20, 20, device="cpu", BLOCK_SIZE=8)
        aux = flex(t).AuxRequest(lse=True)
        return [
            *flex(t).flex_attention(*inputs(t), return_aux=aux, scale=0.7, **mods),
            flex(t).flex_attention(*inputs(t), **mods),
        ]

    same(code, rtol=1e-4, atol=1e-5)


def test_grouped_heads(same, monkeypatch):
    monkeypatch.setattr(flex(torch), "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)
    same(lambda t: flex(t).flex_attention(*inputs(t, heads=4), enable_gqa=True), rtol=1e-4, atol=1e-5)


def test_max_scores():  # which torch does not have on the CPU
    q, k, v = inputs(tl)
    _, aux = flex(tl).flex_attention(q, k, v, scale=1.0, return_aux=flex(tl).AuxRequest(max_scores=True))
    assert aux.lse is None
    np.testing.assert_allclose(aux.max_scores.numpy(), (q.numpy() @ k.numpy().swapaxes(-1, -2)).max(-1), rtol=1e-4)


def test_gradients_and_blocks():
    q, k, v = (x.requires_grad_() for x in inputs(tl))
    slope = tl.tensor(0.3, requires_grad=True)
    mask = flex(tl).create_block_mask(causal, None, None, 20, 20, BLOCK_SIZE=8)
    flex(tl).flex_attention(q, k, v, lambda s, b, h, i, j: s + slope * (j - i), mask).square().sum().backward()
    ours = [x.grad.clone() for x in (q, k, v, slope)]
    for x in (q, k, v, slope):
        x.grad = None
    at = tl.arange(20)
    bias = tl.where(at[:, None] >= at, slope * (at - at[:, None]), -float("inf"))
    tl.nn.functional.scaled_dot_product_attention(q, k, v, bias).square().sum().backward()
    for one, other in zip(ours, (q, k, v, slope), strict=True):
        np.testing.assert_allclose(one.numpy(), other.grad.numpy(), rtol=1e-4, atol=1e-5)

    given = flex(tl).BlockMask.from_kv_blocks(mask.kv_num_blocks, mask.kv_indices, BLOCK_SIZE=8, seq_lengths=(20, 20))
    with tl.no_grad():  # partial are the blocks on the diagonal, and the last row of blocks, which ends early
        blocks = at // 8
        seen = (blocks[:, None] == blocks) | (blocks[:, None] == 2)
        wanted = tl.nn.functional.scaled_dot_product_attention(q, k, v, seen)
        np.testing.assert_allclose(flex(tl).flex_attention(q, k, v, block_mask=given).numpy(), wanted.numpy(), atol=1e-5)


ERRORS = {
    "width": lambda t, f: f.flex_attention(t.ones(1, 1, 2, 3), t.ones(1, 1, 2, 4), t.ones(1, 1, 2, 4)),
    "rank": lambda t, f: f.flex_attention(*[t.ones(1, 2, 3)] * 3),
    "heads": lambda t, f: f.flex_attention(*inputs(t, heads=4)),
    "groups": lambda t, f: f.flex_attention(*inputs(t, heads=3), enable_gqa=True),
    "batch": lambda t, f: f.flex_attention(t.ones(1, 1, 2, 3), t.ones(2, 1, 2, 3), t.ones(2, 1, 2, 3)),
    "too short": lambda t, f: f.flex_attention(
        *inputs(t), block_mask=f.create_block_mask(causal, None, None, 9, 9, "cpu", BLOCK_SIZE=4)),
    "too long": lambda t, f: f.flex_attention(
        *inputs(t), block_mask=f.create_block_mask(causal, None, None, 40, 40, "cpu", BLOCK_SIZE=4)),
    "sliced": lambda t, f: f.flex_attention(
        *inputs(t), block_mask=f.create_block_mask(causal, None, None, 20, 20, "cpu", BLOCK_SIZE=4)[0]),
    "both": lambda t, f: f.flex_attention(*inputs(t), return_lse=True, return_aux=f.AuxRequest()),
    "mods": lambda t, f: f.and_masks(3),
    "score for mask": lambda t, f: f.create_block_mask(lambda a, b, c, d, e: a, 1, 1, 2, 2, "cpu"),
    "arguments": lambda t, f: f.create_mask(lambda a, b: a, 1, 1, 2, 2, "cpu"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    caught = []
    for t in (tl, torch):
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever torch raises
            ERRORS[name](t, flex(t))
        caught.append((type(error.value), str(error.value)[:60]))
    assert caught[0] == caught[1] or name == "score for mask"  # that one shows an address


def test_kernels(same):
    def code(t):
        a = t.nn.attention
        now = lambda: [b.name for b in a._cur_sdpa_kernel_backends()]  # noqa: E731
        seen = [now()]
        with a.sdpa_kernel(a.SDPBackend.MATH):
            seen.append(now())
            with a.sdpa_kernel([a.SDPBackend.FLASH_ATTENTION, a.SDPBackend.MATH], set_priority=True):
                seen.append([b.name for b in a._cur_sdpa_kernel_backends(with_priority=True)])
            seen.append(now())
        seen += [now(), int(a.SDPBackend.EFFICIENT_ATTENTION), repr(a.SDPBackend.ERROR), a.current_flash_attention_impl()]
        try:
            with a.sdpa_kernel("math"):
                pass
        except AssertionError as error:
            seen.append(error)
        return seen

    same(code)


@pytest.mark.parametrize(("length", "source"), [(3, 3), (3, 5)])
@pytest.mark.parametrize("kind", ["causal_upper_left", "causal_lower_right"])
def test_causal_bias(same, kind, length, source):
    def code(t):
        bias = getattr(importlib.import_module(f"{t.__name__}.nn.attention.bias"), kind)(length, source)
        q, k, v = inputs(t, length=length, source=source)
        out = t.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return repr(bias), bias.variant.name, bias.seq_len_kv, isinstance(bias, t.Tensor), out

    same(code, rtol=1e-4, atol=1e-5)

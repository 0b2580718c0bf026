"""Text generated one token at a time: a cache that grows against one of fixed length. Part of `--only shapes`."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import jax

from benchmarks.depth import no_cache

LAYERS, HEADS, HEAD, TOKENS, VOCABULARY = 4, 4, 32, 64, 96


class Growing:
    """Keys and values of all tokens so far, each time one row longer."""

    def __init__(self, torch: Any):
        self.torch, self.keys, self.values = torch, [None] * LAYERS, [None] * LAYERS

    def attend(self, layer: int, q: Any, k: Any, v: Any, at: int) -> Any:  # (heads, 1, head) each
        if at:
            k, v = self.torch.cat([self.keys[layer], k], 1), self.torch.cat([self.values[layer], v], 1)
        self.keys[layer], self.values[layer] = k, v
        return self.torch.nn.functional.scaled_dot_product_attention(q, k, v)


class Fixed:
    """Room for all tokens from the start; a mask hides what has not been written. The position is a tensor: it must not be a
    constant of the program."""

    def __init__(self, torch: Any):
        self.torch = torch
        self.keys = [torch.zeros(HEADS, TOKENS, HEAD) for _ in range(LAYERS)]
        self.values = [torch.zeros(HEADS, TOKENS, HEAD) for _ in range(LAYERS)]
        self.places = torch.arange(TOKENS)

    def attend(self, layer: int, q: Any, k: Any, v: Any, at: int) -> Any:
        place = self.torch.tensor([at])
        keys, values = self.keys[layer].index_copy_(1, place, k), self.values[layer].index_copy_(1, place, v)
        seen = (self.places <= place)[None]
        return self.torch.nn.functional.scaled_dot_product_attention(q, keys, values, attn_mask=seen)


WAYS: dict[str, Callable[[Any], Any]] = {"a cache that grows": Growing, "a cache of fixed length": Fixed}


def measure() -> dict[str, dict[str, float]]:
    """By cache: programs compiled, seconds of the first and of the second text, and what the first takes of CPU time."""
    with no_cache():
        return {way: _texts(make) for way, make in WAYS.items()}


def _texts(make: Callable[[Any], Any]) -> dict[str, float]:
    torch: Any = importlib.import_module("torchlike")
    engine: Any = importlib.import_module("torchlike.engine")
    engine.clear()
    torch.manual_seed(0)
    nn, width = torch.nn, HEADS * HEAD
    tokens, head = nn.Embedding(VOCABULARY, width), nn.Linear(width, VOCABULARY)
    blocks = [(nn.Linear(width, 3 * width), nn.Linear(width, width)) for _ in range(LAYERS)]
    found: dict[str, float] = {}
    before = engine.stats.compiled

    def text() -> list[int]:
        cache, token, written = make(torch), 0, []
        for at in range(TOKENS):
            x = tokens(torch.tensor([token]))  # (1, width)
            for layer, (qkv, out) in enumerate(blocks):
                q, k, v = qkv(x).view(1, 3, HEADS, HEAD).transpose(0, 2).unbind(1)  # (heads, 1, head) each
                x = x + out(cache.attend(layer, q, k, v, at).transpose(0, 1).reshape(1, width))
            token = head(x).argmax().item()
            written.append(token)
        return written

    texts = []
    with torch.no_grad():
        for which in ("first", "second"):
            start, cpu = time.perf_counter(), time.process_time()
            texts.append(text())
            found.setdefault("programs", engine.stats.compiled - before)
            found[f"{which} text, s"] = time.perf_counter() - start
            found.setdefault("first text, CPU s", time.process_time() - cpu)
    if texts[0] != texts[1]:
        raise AssertionError(f"the second text is another one: {texts}")
    jax.clear_caches()
    return found

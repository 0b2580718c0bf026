"""Chains whose length is another one each time are run by numpy after the first few, and give the same."""

from __future__ import annotations

import torch

import torchlike
from torchlike.engine import clear, stats


def episode(t, policy, optimizer, length):
    losses = []
    for k in range(length):
        x = t.full((1, 4), 0.1 * (k % 7) - 0.2)
        scores = t.log_softmax(policy(x), dim=-1)
        losses.append(-scores[:, k % 2] * (k - length / 2))
        losses[-1].item()  # the step runs
    optimizer.zero_grad()
    loss = t.cat(losses).sum() / length
    loss.backward()
    optimizer.step()
    return loss.item(), [p.detach().numpy().copy() for p in policy.parameters()]


def play(t, lengths):
    t.manual_seed(0)
    policy = t.nn.Sequential(t.nn.Linear(4, 8), t.nn.ReLU(), t.nn.Linear(8, 2))
    optimizer = t.optim.Adam(policy.parameters(), lr=1e-2)
    return [episode(t, policy, optimizer, n) for n in lengths]


def test_never_repeating():
    clear()
    stats.reset()
    lengths = [11, 12, 13, 14, 15, 16, 14, 11]
    for (loss, weights), (expected, others) in zip(play(torchlike, lengths), play(torch, lengths), strict=True):
        assert abs(loss - expected) < 1e-4 * max(1, abs(expected))
        for a, b in zip(weights, others, strict=True):
            assert abs(a - b).max() < 1e-4
    assert stats.by_numpy >= 4
    compiled = stats.compiled
    play(torchlike, [17, 18])
    assert stats.compiled == compiled  # a length costs no compilation


def test_what_repeats_is_compiled():
    clear()
    stats.reset()
    play(torchlike, [11, 12, 13])
    before = stats.by_numpy
    play(torchlike, [14] * 150)
    assert before < stats.by_numpy < before + 140

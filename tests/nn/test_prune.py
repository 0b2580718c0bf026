"""Pruning (nn.utils.prune) against real torch: the same masks at the same seed, the same errors."""

from __future__ import annotations

import copy
import importlib

import numpy as np
import pytest

import torchlike as tl


def pruning(t):
    return importlib.import_module(f"{t.__name__}.nn.utils.prune")  # torch does not import it by itself


def net(t):
    t.manual_seed(1)
    return t.nn.Sequential(t.nn.Conv2d(2, 4, 3), t.nn.ReLU(), t.nn.Flatten(), t.nn.Linear(4, 6))


def scores(t, shape=(6, 4)):
    return t.from_numpy(np.random.default_rng(5).standard_normal(shape).astype(np.float32))


PRUNINGS = {
    "identity": lambda t, p, m: p.identity(m[3], "weight"),
    "random": lambda t, p, m: p.random_unstructured(m[3], "weight", 0.4),
    "random count": lambda t, p, m: p.random_unstructured(m[3], "bias", 2),
    "random none": lambda t, p, m: p.random_unstructured(m[3], "bias", 0),
    "l1": lambda t, p, m: p.l1_unstructured(m[0], "weight", 0.3),
    "l1 all": lambda t, p, m: p.l1_unstructured(m[3], "weight", 1.0),
    "l1 scores": lambda t, p, m: p.l1_unstructured(m[3], "weight", 5, importance_scores=scores(t)),
    "random structured": lambda t, p, m: p.random_structured(m[0], "weight", 2, 0),
    "random structured last": lambda t, p, m: p.random_structured(m[3], "weight", 0.5, dim=-1),
    "random structured none": lambda t, p, m: p.random_structured(m[3], "weight", 0, dim=-1),
    "ln structured": lambda t, p, m: p.ln_structured(m[0], "weight", 0.5, n=2, dim=1),
    "ln structured inf": lambda t, p, m: p.ln_structured(m[3], "weight", 2, n=float("inf"), dim=0),
    "ln structured fro": lambda t, p, m: p.ln_structured(m[3], "weight", 2, n="fro", dim=-2),
    "ln structured scores": lambda t, p, m: p.ln_structured(m[3], "weight", 3, 1, 0, importance_scores=scores(t)),
    "mask": lambda t, p, m: p.custom_from_mask(m[3], "bias", mask=t.tensor([1, 0, 1, 1, 0, 0])),
    "global": lambda t, p, m: p.global_unstructured(
        [(m[0], "weight"), (m[3], "weight"), (m[3], "bias")], p.L1Unstructured, amount=0.3),
    "global random": lambda t, p, m: p.global_unstructured(
        [(m[0], "weight"), (m[3], "weight")], p.RandomUnstructured, amount=9),
    "global scores": lambda t, p, m: p.global_unstructured(
        [(m[0], "weight"), (m[3], "weight")], p.L1Unstructured, {(m[3], "weight"): scores(t)}, amount=20),
    "again": lambda t, p, m: [p.l1_unstructured(m[3], "weight", 0.3), p.random_unstructured(m[3], "weight", 0.5)],
    "again structured": lambda t, p, m: [
        p.ln_structured(m[0], "weight", 1, 2, 0), p.random_structured(m[0], "weight", 1, -3),
        p.l1_unstructured(m[0], "weight", 9)],
    "again mask": lambda t, p, m: [
        p.l1_unstructured(m[3], "bias", 2), p.custom_from_mask(m[3], "bias", t.tensor([0, 1, 1, 1, 1, 1]))],
    "global twice": lambda t, p, m: [
        p.global_unstructured([(m[0], "weight"), (m[3], "weight")], p.L1Unstructured, amount=0.2) for _ in range(2)],
    "removed": lambda t, p, m: [p.l1_unstructured(m[3], "weight", 0.3), p.remove(m[3], "weight")],
    "too many": lambda t, p, m: p.l1_unstructured(m[3], "bias", 7),
    "above one": lambda t, p, m: p.l1_unstructured(m[3], "bias", 1.5),
    "negative": lambda t, p, m: p.random_unstructured(m[3], "bias", -2),
    "word": lambda t, p, m: p.random_unstructured(m[3], "bias", "a"),
    "structured vector": lambda t, p, m: p.ln_structured(m[3], "bias", 1, 2, 0),
    "structured dim": lambda t, p, m: p.random_structured(m[3], "weight", 1, 3),
    "scores shape": lambda t, p, m: p.l1_unstructured(m[3], "weight", 0.3, importance_scores=t.ones(2)),
    "mask shape": lambda t, p, m: p.custom_from_mask(m[3], "weight", t.ones(2)),
    "remove nothing": lambda t, p, m: p.remove(m[3], "weight"),
    "global type": lambda t, p, m: p.global_unstructured([(m[0], "weight")], p.LnStructured, amount=1, n=2, dim=0),
    "global number": lambda t, p, m: p.global_unstructured(3, p.L1Unstructured, amount=1),
    "global list": lambda t, p, m: p.global_unstructured([(m[0], "weight")], p.L1Unstructured, [1], amount=1),
    "no parameter": lambda t, p, m: p.l1_unstructured(m[3], "nothing", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", PRUNINGS)
def test_pruning(same, name):
    def code(t):
        m = net(t)
        try:
            PRUNINGS[name](t, pruning(t), m)
        except Exception as error:
            # The addresses of classes and methods are nobody's business.
            return [str(error).replace("torchlike.", "torch."), type(error).__name__, dict(m.named_parameters())]
        x = t.linspace(-1, 1, 18).view(1, 2, 3, 3)
        m(x).square().sum().backward()
        hooks = [[type(h).__name__ for h in layer._forward_pre_hooks.values()] for layer in m]
        grads = {name: p.grad for name, p in m.named_parameters()}
        kinds = [type(getattr(m[3], key)).__name__ for key in ("weight", "bias")]
        return m, m(x), grads, hooks, kinds, pruning(t).is_pruned(m), m[3].weight, t.rand(1)

    same(code)


def test_methods_of_ones_own(same):
    def code(t):
        prune = pruning(t)

        class EveryOther(prune.BasePruningMethod):
            PRUNING_TYPE = "unstructured"

            def compute_mask(self, t, default_mask):
                mask = default_mask.clone()
                mask.view(-1)[::2] = 0
                return mask

        class Unknown(EveryOther):
            PRUNING_TYPE = "q"

        m = net(t)[3]
        EveryOther.apply(m, "weight")
        first = m.weight_mask
        EveryOther.apply(m, "weight")
        with pytest.raises(ValueError, match="Unrecognized PRUNING_TYPE q"):
            Unknown.apply(m, "weight")
        container = next(iter(m._forward_pre_hooks.values()), None)
        return first, m.weight_mask, container is None, m.weight

    same(code)


def test_containers(same):
    def code(t):
        prune = pruning(t)
        one, other = prune.L1Unstructured(2), prune.RandomUnstructured(1)
        one._tensor_name = other._tensor_name = "w"
        container = prune.PruningContainer(one)
        container.add_pruning_method(other)
        found = [len(container), type(container[1]).__name__, [type(m).__name__ for m in container]]
        stranger = prune.Identity()
        stranger._tensor_name = "v"
        for wrong in (stranger, 3):
            try:
                container.add_pruning_method(wrong)
            except (ValueError, TypeError) as error:
                found.append([type(error).__name__, str(error)[:60]])
        return [
            *found,
            prune.L1Unstructured(2).prune(scores(t)),
            prune.L1Unstructured(2).prune(scores(t), importance_scores=-(scores(t) ** 2)),
        ]

    same(code)


def test_training_keeps_the_zeros(same):
    def code(t):
        m = net(t)
        pruning(t).l1_unstructured(m[3], "weight", 0.5)
        optimizer = t.optim.SGD(m.parameters(), lr=0.1)
        x = t.linspace(-1, 1, 36).view(2, 2, 3, 3)
        for _ in range(3):
            optimizer.zero_grad()
            m(x).square().mean().backward()
            optimizer.step()
        twin = copy.deepcopy(pruning(t).remove(m[3], "weight"))
        return m, twin, (twin.weight == 0).sum()

    same(code)


def test_a_pruned_training_step_is_one_program():
    m = net(tl)
    tl.nn.utils.prune.l1_unstructured(m[3], "weight", 0.5)
    optimizer = tl.optim.SGD(m.parameters(), lr=0.1)
    x = tl.ones(2, 2, 3, 3)
    tl.engine.flush()
    tl.engine.stats.reset()
    for _ in range(3):
        optimizer.zero_grad()
        m(x).square().mean().backward()
        optimizer.step()
    assert tl.engine.stats.compiled <= 1  # none where an earlier test had the same step
    assert tl.engine.stats.run == 3

"""Bad input: torch's exception class, a message that says at least as much, and nothing changed by the failed call."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import torchlike
from tests.error_cases import TABLES

torch = pytest.importorskip("torch")


class World:
    """Tensors for a failing call to spoil: leaves and results, with work on them still pending."""

    np, copy = np, copy

    def __init__(self, t: Any):
        t.manual_seed(7)
        self.t, self.F, self.loader = t, t.nn.functional, t.utils.data.DataLoader
        self.a = t.arange(6.0).reshape(2, 3) + 1  # (2, 3)
        self.b = t.arange(20.0).reshape(4, 5) * 2  # (4, 5)
        self.ints = t.arange(6).reshape(2, 3) % 2
        self.mask = self.a > 3
        self.scalar = self.a.sum()
        self.weight = (self.a.detach() / 2).requires_grad_()
        self.h = self.weight * self.a + 1
        self.model = t.nn.Linear(3, 4)
        self.data = t.utils.data.TensorDataset(self.a, self.ints)
        self.versions = [x._version for x in self.tensors()]

    def tensors(self) -> list[Any]:
        return [self.a, self.b, self.ints, self.mask, self.scalar, self.weight, self.h, *self.model.parameters()]

    def seen(self) -> list[Any]:
        """Everything that a failed call could have changed, by computing on with it."""
        t, model = self.t, self.model
        flags = [
            (str(x.dtype).removeprefix("torch."), tuple(x.shape), tuple(x.stride()), x.requires_grad, x.is_leaf, x.grad is None)
            for x in self.tensors()
        ]
        names = [*model.state_dict(), *(name for name, _ in model.named_modules()), model.training, *sorted(vars(model))]
        versions = [x._version - before for x, before in zip(self.tensors(), self.versions, strict=True)]
        ways = [t.is_grad_enabled(), str(t.get_default_dtype()).removeprefix("torch.")]
        (self.h.sum() * self.scalar + model(self.a).sum()).backward()
        sums = self.a[0] * 2 + self.ints[1] + self.b[0, :3]
        tensors = [*self.tensors(), sums, t.rand(3), *(x.grad for x in (self.weight, model.weight, model.bias))]
        return [flags, names, versions, ways, [x.detach().numpy().tolist() for x in tensors]]


def refused(library: Any, call: Callable) -> tuple[BaseException, World]:
    """The exception of a call, made twice: a refused call must not be remembered as one that worked."""
    world = World(library)
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is looked at
                call(library, world)
    return caught.value, world


CASES = {f"{table}: {name}": call for table, calls in TABLES.items() for name, call in calls.items()}

if __name__ == "__main__":
    import torch, sys
    sel = sys.argv[1:] 
    for name, call in CASES.items():
        if sel and not any(s in name for s in sel): continue
        res=[]
        for lib in (torch, torchlike):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    w = World(lib)
                    try:
                        r = call(lib, w)
                        res.append((None, repr(r)[:50]))
                    except Exception as e:
                        res.append((type(e).__name__, str(e)))
                    if lib is torchlike:
                        got = w.seen()
                        base = World(lib).seen()
                        if got != base:
                            print("STATE", name)
            except Exception as e:
                res.append(("WORLD" + type(e).__name__, str(e)))
        if res[0]!=res[1]:
            print(("CLASS " if res[0][0]!=res[1][0] else "words ")+name); print("    ", repr(res[0])[:150]); print("    ", repr(res[1])[:200])

"""Random short programs over tensors: made from a seed, kept as text, so that a failure prints as a script.

A program is built against real torch, step by step: a step that torch refuses is mostly thrown away (now and then it is
kept, since torchlike must refuse it too), and so is one whose outcome hangs on rounding or on the order of overlapping
writes. What comes out is plain data: it needs neither this module nor torch to run.

Some differences between the two are left out on purpose; such steps are dropped and counted. Where torch refuses what its
mutable memory makes hard, torchlike, whose values are immutable, does what was asked:

* a backward pass through a value that was overwritten in place (torchlike's gradient is the exact one);
* a whole number divided by zero (what comes of it depends on the values, which nobody waits for);
* a write to one of several views made at once (split, unbind), or to a view made under `no_grad`, once its base has history
  (torch says that such a view requires grad from the start and is a leaf; in torchlike it does not until it is written to).

Layouts that torch leaves to chance (of gradients, of products of three-dimensional tensors) are compared after a plain copy,
and strides of tensors without elements not at all.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import torch

from tests.fuzz.builder import OVERWRITTEN, Builder
from tests.fuzz.script import Program, execute
from tests.fuzz.steps import WEIGHTED, leaf


def build(seed: int) -> Program:
    """The program of a seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        b = Builder(seed)
        for first in (True, None, None):
            while not leaf(b, first):
                pass
        length = b.rng.randint(8, 25)
        kinds, weights = zip(*WEIGHTED, strict=True)
        for _ in range(40 * length):
            if len(b.steps) >= length:
                break
            b.rng.choices(kinds, weights)[0](b)
        program = Program(seed, b.steps, b.dropped)
        return program if _exact(program) else replace(build(seed + 1_000_000), dropped=program.dropped + 1, seed=seed)


def _exact(program: Program) -> bool:
    """Whether torch's gradients are the exact ones. Writes through `.data` hide from torch's check; `.detach()` shows them."""
    scope: dict[str, Any] = {"torch": torch, "reads": []}
    for step in program.steps:
        error = execute(replace(step, text=step.text.replace(".data.", ".detach().")), scope)
        if error is not None and OVERWRITTEN in str(error):
            return False
    return True

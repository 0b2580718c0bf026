"""Builds a random program step by step: a step stays if torch takes it, or (sometimes) if torch refuses it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from tests.fuzz.script import Step, execute

OVERWRITTEN = "modified by an inplace operation"
REFUSED = (OVERWRITTEN, "that returns multiple views", "created in no_grad mode", "ZeroDivisionError")
LARGEST, ELEMENTS, DIMS = 200.0, 48, 4


@dataclass
class Builder:
    """Steps so far, and the torch tensors that they made.

    Attributes:
        rough: per tensor, 0: exact in float32 whatever the order of additions, 1: rounded, 2: went through bfloat16.
        coarse: this program may use bfloat16.
    """

    seed: int
    rng: random.Random = field(init=False)
    steps: list[Step] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    rough: dict[int, int] = field(default_factory=dict)
    errors: int = 0
    dropped: int = 0
    coarse: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.coarse = self.rng.random() < 0.12
        self.replay()

    # -- looking --

    @property
    def live(self) -> list[int]:
        return [n for n in range(len(self.steps)) if isinstance(self.scope.get(f"t{n}"), torch.Tensor)]

    def of(self, n: int) -> torch.Tensor:
        return self.scope[f"t{n}"]

    def pick(self, accept: Callable[[torch.Tensor], bool] = lambda t: True, rough: int = 2) -> int | None:
        """A live tensor, a recent one more likely."""
        found = [n for n in self.live if self.rough[n] <= rough and accept(self.of(n))]
        return None if not found else found[max(self.rng.randrange(len(found)), self.rng.randrange(len(found)))]

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def number(self, n: int | None = None) -> str:
        """A Python number that mostly suits a tensor's dtype."""
        kind = "float" if n is None or self.of(n).dtype.is_floating_point or self.chance(0.15) else "int"
        return str(self.rng.choice([-2, -1, 0, 1, 2, 3] if kind == "int" or self.chance(0.2) else [-1.5, -0.5, 0.5, 1.5, 2.0]))

    def shares(self, a: int, b: int) -> bool:
        return self.of(a).untyped_storage().data_ptr() == self.of(b).untyped_storage().data_ptr()

    # -- trying --

    def replay(self) -> None:
        """Torch's state after the steps that were accepted."""
        self.scope = {"torch": torch, "reads": []}
        for step in self.steps:
            execute(step, self.scope)

    def attempt(
        self, text: str, *, result: bool = True, rough: int = 0, target: int | None = None, quiet: bool = False
    ) -> bool:
        """Add a step if torch takes it, or (sometimes) if torch refuses it.

        Args:
            rough: how exact the step itself is. target: the tensor that it writes to.
        """
        step = Step(text, len(self.steps) if result else None, quiet)
        error = execute(step, self.scope)
        if error is not None:
            refused = any(text in str(error) for text in REFUSED)
            self.dropped += refused
            if refused or self.errors >= 2 or not self.chance(0.3) or "backward" in text or "grad(" in text:
                self.replay()
                return False
            self.errors += 1
            self.steps.append(replace(step, error=type(error).__name__))
            self.replay()
            return True
        if not self._fit(step):
            self.replay()
            return False
        self.steps.append(step)
        self._roughness(step, rough, target)
        return True

    def _fit(self, step: Step) -> bool:
        made = self.scope.get(f"t{step.result}")
        if step.result is not None and not isinstance(made, torch.Tensor):
            return False
        if step.quiet and made is not None and made.requires_grad and made._is_view():
            return False
        if made is not None and (made.numel() > ELEMENTS or made.ndim > DIMS):
            return False
        for n in {*self.live, *([] if step.result is None else [step.result])}:
            t = self.of(n).detach()
            try:
                grad = self.of(n).grad if self.of(n).is_leaf else None
            except RuntimeError:
                self.dropped += 1
                return False
            if self.of(n).requires_grad and not t.dtype.is_floating_point:
                return False  # torch's tape takes whole numbers along when a float is copied into them
            if grad is not None and grad.storage_offset():
                return False  # torch now and then keeps a part of a larger gradient
            for x in (t, grad):
                if x is not None and x.numel() and x.dtype is not torch.bool and not bool((x.abs() < LARGEST).all()):
                    return False
        return True

    def _roughness(self, step: Step, rough: int, target: int | None) -> None:
        level = max([rough, *(self.rough[n] for n in step.operands)])
        changed = [] if step.result is None else [step.result]
        if target is not None:
            changed += [n for n in self.live if self.shares(n, target)]
        for n in changed:
            t = self.of(n).detach()
            own = 2 if t.dtype is torch.bfloat16 else level
            if own == 0 and t.dtype.is_floating_point and not bool((t * 256 == (t * 256).round()).all()):
                own = 1
            self.rough[n] = max(own, self.rough.get(n, 0))

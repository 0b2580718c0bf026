"""A random program as data: statements as text, which print as a script and can be dropped one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Step:
    """One statement.

    Attributes:
        text: Python; tensors are t0, t1, ..., the namespace is `torch`, numbers read out go to the list `reads`.
        result: the number of the tensor that it makes, or None.
        quiet: it runs under `torch.no_grad()`.
        error: the name of the exception that torch raises, or "".
    """

    text: str
    result: int | None = None
    quiet: bool = False
    error: str = ""

    @property
    def line(self) -> str:
        line = self.text if self.result is None else f"t{self.result} = {self.text}"
        return f"with torch.no_grad(): {line}" if self.quiet else line

    @property
    def operands(self) -> set[int]:
        return {int(n) for n in re.findall(r"\bt(\d+)\b", self.text)}


@dataclass
class Program:
    """The steps, the seed they came from, and how many were dropped because torch refuses an exact gradient."""

    seed: int
    steps: list[Step]
    dropped: int = 0

    @property
    def script(self) -> str:
        """The program as a script that runs by itself; swap the import to see both sides."""
        lines = [s.line if not s.error else f"try: {s.line}\nexcept {s.error}: pass" for s in self.steps]
        lines = [line.replace("try: with torch.no_grad(): ", "try:\n  with torch.no_grad(): ") for line in lines]
        return "\n".join(["import torchlike as torch", "reads = []", *lines])

    def without(self, index: int) -> Program:
        """The program less one step and whatever needs its result."""
        gone, kept = set(), []
        for i, step in enumerate(self.steps):
            if i == index or step.operands & gone:
                if step.result is not None:
                    gone.add(step.result)
            else:
                kept.append(step)
        return replace(self, steps=kept)


def execute(step: Step, scope: dict[str, Any]) -> BaseException | None:
    """Run one step; the exception it raises, if any."""
    try:
        exec(step.line, scope)
    except Exception as error:
        return error
    return None

"""Runs one random program under torch and under torchlike and says where they differ.

python -m tests.fuzz.run 17            # the program of seed 17: its script, and the difference if there is one
python -m tests.fuzz.run 17 --shrink   # the shortest script that still differs
python -m tests.fuzz.run 0 200         # many seeds, one line for each that differs
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

import numpy as np

from tests.agree import describe, describe_grad, eager, elements
from tests.fuzz.programs import build
from tests.fuzz.script import Program, execute

# Rounding, relative to the largest number of the program: it is what cancellation leaves.
TOLERANCE = {False: 1e-5, True: 2e-2}  # with bfloat16 somewhere, or without


def interpret(program: Program, namespace: Any) -> tuple[list[str], dict[str, Any]]:
    """The exception's name per step ("" where it ran), and the program's variables afterwards."""
    scope: dict[str, Any] = {"torch": namespace, "reads": []}
    raised = []
    for step in program.steps:
        error = execute(step, scope)
        raised.append("" if error is None else type(error).__name__)
        if raised[-1] != step.error:
            scope["error"] = error  # None: it should have raised
            break
    return raised, scope


def outcome(scope: dict[str, Any], namespace: Any) -> dict[str, Any]:
    """What can be seen of every variable and of every leaf's gradient; elements are read last, all in one go."""
    found: dict[str, Any] = {"reads": scope["reads"]}
    tensors = {name: t for name, t in scope.items() if isinstance(t, namespace.Tensor)}
    for name, t in list(tensors.items()):
        found[name] = describe(t)
        if t.is_leaf and t.requires_grad:
            found[f"{name}.grad is None"] = t.grad is None
            if t.grad is not None:
                tensors[f"{name}.grad"] = t.grad
                found[f"{name}.grad"] = describe_grad(t.grad)
    for name, t in tensors.items():
        found[f"{name} elements"] = elements(t, namespace)
    return found


def difference(program: Program, recorded: bool = True) -> str:
    """The first thing in which torch and torchlike disagree, or ""."""
    import torch

    import torchlike

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raised, scope = interpret(program, torch)
        if raised[-1:] and raised[-1] != program.steps[len(raised) - 1].error:
            return ""  # not the program that was built: torch itself runs it otherwise (while shrinking)
        expected = outcome(scope, torch)
        with eager(not recorded):
            raised, scope = interpret(program, torchlike)
            last = program.steps[len(raised) - 1]
            if raised[-1:] and raised[-1] != last.error:
                theirs = f"raises {last.error}" if last.error else "runs it"
                return f"{last.line}: torch {theirs}, torchlike raises {scope.get('error')!r}"
            try:
                actual = outcome(scope, torchlike)
            except Exception as error:
                return f"reading the results raises {error!r}"
    if expected.keys() != actual.keys():
        return f"variables: {sorted(expected.keys() ^ actual.keys())}"
    largest = max(
        [1.0, *(float(np.max(np.abs(e.astype(np.float64)))) for k, e in expected.items() if "elements" in k and e.size)]
    )
    atol = TOLERANCE["bfloat16" in program.script] * largest
    return next((text for k in expected if (text := _compare(k, expected[k], actual[k], atol))), "")


def _compare(name: str, expected: Any, actual: Any, atol: float) -> str:
    if isinstance(expected, dict):
        wrong = [f"{k} {expected[k]} in torch, {actual[k]} in torchlike" for k in expected if expected[k] != actual[k]]
        return f"{name}: {'; '.join(wrong)}" if wrong else ""
    if name == "reads":
        same = len(expected) == len(actual) and all(_same(e, a, atol) for e, a in zip(expected, actual, strict=True))
    else:
        same = _same(expected, actual, atol)
    return "" if same else f"{name}: torch\n{expected}\ntorchlike\n{actual}"


def _same(expected: Any, actual: Any, atol: float) -> bool:
    e, a = np.asarray(expected), np.asarray(actual)
    if e.shape != a.shape:
        return False
    return bool(np.allclose(a.astype(np.float64), e.astype(np.float64), rtol=1e-4, atol=atol, equal_nan=True))


def _kind(found: str) -> str:
    """What sort of difference it is, whichever tensors and numbers it shows."""
    return re.sub(r"\bt\d+|\d|\[.*|\(.*\)", "", found.split("\n")[0])


def shrink(program: Program, recorded: bool = True) -> Program:
    """The program with as many steps dropped as it can lose and still differ."""
    index, kind = len(program.steps) - 1, _kind(difference(program, recorded))
    while index >= 0:
        index = min(index, len(program.steps) - 1)
        smaller = program.without(index)
        if smaller.steps and _kind(difference(smaller, recorded)) == kind:
            program = smaller
        index -= 1
    return program


def main(arguments: list[str]) -> None:
    seeds = [int(a) for a in arguments if a.isdigit()]
    if len(seeds) == 2:
        for seed in range(*seeds):
            found = difference(build(seed), recorded=seed % 2 == 0)
            if found:
                print(seed, found.replace("\n", " ")[:300], flush=True)
                if "--shrink" in arguments:
                    print(shrink(build(seed), recorded=seed % 2 == 0).script, "\n", flush=True)
        return
    program = build(seeds[0])
    recorded = seeds[0] % 2 == 0
    if "--shrink" in arguments:
        program = shrink(program, recorded)
    print(program.script)
    print("#", difference(program, recorded).replace("\n", "\n# ") or "no difference")


if __name__ == "__main__":
    main(sys.argv[1:])

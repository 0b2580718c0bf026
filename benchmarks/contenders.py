"""Who is timed: the same job as an ordinary PyTorch loop (under torchlike, torch, torch.compile) and as hand-written JAX.

A contender is a function `steps -> last loss` that trains on and returns once everything has been computed.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import numpy as np

from benchmarks.handwritten import batch_from_torch, from_torch, training_step
from benchmarks.models import CASES, Batch

Contender = Callable[[int], float]
Weights = dict[str, np.ndarray]


def initial(name: str) -> tuple[Weights, list[Batch]]:
    """The weights and the batches that every contender starts from."""
    case = CASES[name]
    torch = next(library for library in (importable("torch"), importable("torchlike")) if library is not None)
    torch.manual_seed(0)
    weights = {key: tensor.numpy().copy() for key, tensor in case.build(torch).state_dict().items()}
    rng = np.random.default_rng(0)
    return weights, [case.batch(rng) for _ in range(case.batches)]


def importable(library: str) -> ModuleType | None:
    """The module of that name, or None where it is not installed."""
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        return None


def loop(
    library: str, name: str, weights: Weights, batches: list[Batch], *, item: bool = False, compiled: str = ""
) -> Contender:
    """The ordinary PyTorch training loop, unmodified.

    Args:
        library: what `torch` is: "torch" or "torchlike".
        name: the case.
        item: the loop reads `loss.item()` in each step.
        compiled: what goes through `torch.compile`: "model", "step" or nothing.
    """
    torch = importlib.import_module(library)
    case = CASES[name]
    model = case.build(torch)
    model.load_state_dict({key: torch.from_numpy(array.copy()) for key, array in weights.items()})
    for parameter in model.parameters():
        parameter.sum().item()  # the weights are in memory before the first step
    optimizer = case.optimizer(torch, model.parameters())
    criterion = torch.nn.CrossEntropyLoss()
    data = itertools.cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches])
    if compiled == "model":
        model = torch.compile(model)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    if compiled == "step":
        step = torch.compile(step, fullgraph=True)

    def train(steps: int) -> float:
        model.train()
        for x, y in itertools.islice(data, steps):
            loss = step(x, y)
            if item:
                loss.item()
        next(iter(model.parameters())).detach().sum().item()  # the last update, too, has been computed
        return loss.item()

    return train


def handwritten(name: str, weights: Weights, batches: list[Batch], *, item: bool = False) -> Contender:
    """The hand-written JAX step in a loop; with `item` each step's loss is read."""
    step = training_step(name)
    params, statistics, state = from_torch(name, weights)
    data = itertools.cycle([batch_from_torch(x, y) for x, y in batches])

    def train(steps: int) -> float:
        nonlocal params, statistics, state
        for x, y in itertools.islice(data, steps):
            params, statistics, state, loss = step(params, statistics, state, x, y)
            if item:
                loss.item()
        jax.block_until_ready(params)
        return loss.item()

    return train

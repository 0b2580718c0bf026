"""What is tried of every optimizer: torch's own argument sets and ours, and how both libraries are run side by side."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import optim_db

import torchlike

SHAPES = ((3, 2), (4,), ())
MATRICES = ((3, 2), (2, 4))
NAMES = [info.optim_cls.__name__ for info in optim_db]
INFO = {info.optim_cls.__name__: info for info in optim_db}
# Where states and parameters are rounded to bfloat16 within the step, both libraries' roundings differ by its last digit.
ROUGH = {"Muon": 2e-3}

OWN: dict[str, list[dict[str, Any]]] = {
    "Adadelta": [{"rho": 0.5, "eps": 1e-3, "lr": 0.5}],
    "Adafactor": [{"eps": (1e-5, 1e-2), "lr": 0.5, "d": 2.0}, {"beta2_decay": -0.5, "weight_decay": 0.1}],
    "Adagrad": [{"initial_accumulator_value": 0.5, "lr_decay": 0.1, "eps": 1e-3}],
    "Adam": [
        *(
            {"amsgrad": amsgrad, "weight_decay": decay, "maximize": maximize, "lr": 0.02}
            for amsgrad, decay, maximize in itertools.product((False, True), (0, 0.1), (False, True))
        ),
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"betas": (0.5, 0.7), "eps": 1e-3},
    ],
    "AdamW": [{"amsgrad": True, "maximize": True, "lr": 0.02}, {"weight_decay": 0}],
    "Adamax": [{"betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.1}],
    "ASGD": [{"t0": 10, "lambd": 0.1, "alpha": 0.5, "lr": 0.1}],
    "LBFGS": [{"max_iter": 4, "history_size": 3}, {"line_search_fn": "strong_wolfe", "lr": 0.1, "max_iter": 6}],
    "Muon": [
        {"nesterov": False}, {"adjust_lr_fn": "match_rms_adamw"}, {"adjust_lr_fn": "original", "eps": 1e-3, "weight_decay": 0},
    ],
    "NAdam": [{"betas": (0.5, 0.7), "eps": 1e-3, "lr": 0.1}],
    "RAdam": [{"betas": (0.5, 0.7), "lr": 0.1}, {"betas": (0.9, 0.99), "weight_decay": 0.1, "maximize": True}],
    "RMSprop": [{"alpha": 0.5, "momentum": 0.9, "eps": 1e-3}],
    "Rprop": [{"lr": 0.1, "etas": (0.3, 1.1), "step_sizes": (1e-3, 0.2)}, {"lr": 1e-7}],
    "SGD": [
        {"momentum": m, "dampening": d, "nesterov": n, "weight_decay": w, "maximize": x, "lr": 0.02}
        for m, d, n, w, x in [
            (0.9, 0, False, 0, True), (0.9, 0.3, False, 0.01, True), (0.9, 0, True, 0, False), (0.9, 0, True, 0.01, True)
        ]
    ],
    "SparseAdam": [{"betas": (0.5, 0.7), "eps": 1e-3, "lr": 0.1, "maximize": True}],
}  # fmt: skip


def cases(*names: str) -> list[tuple[str, dict[str, Any]]]:
    """Every argument set, of all optimizers or of those named."""
    return [
        (name, options)
        for name in names or NAMES
        for options in [*(case.kwargs for case in INFO[name].optim_inputs_func("cpu")), *OWN.get(name, [])]
    ]


def label(value: Any) -> str | None:
    return ",".join(f"{k}={v}" for k, v in value.items()) or "default" if isinstance(value, dict) else None


def as_torch(state: Any) -> Any:
    """Our tensors as torch's, through every container."""
    if isinstance(state, torchlike.Tensor):
        return torch.tensor(state.detach().numpy())
    if isinstance(state, dict):
        return {key: as_torch(value) for key, value in state.items()}
    return type(state)(map(as_torch, state)) if isinstance(state, (list, tuple)) else state


def as_ours(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return torchlike.tensor(state.detach().numpy())
    if isinstance(state, dict):
        return {key: as_ours(value) for key, value in state.items()}
    return type(state)(map(as_ours, state)) if isinstance(state, (list, tuple)) else state


class Run:
    """An optimizer of one library on a small problem that is the same for all."""

    def __init__(self, lib: Any, name: str, options: dict[str, Any], dtype: Any = np.float32, shapes: Any = None):
        rng = np.random.default_rng(0)
        self.lib, self.name, self.dtype = lib, name, dtype
        self.shapes = shapes or (MATRICES if name == "Muon" else SHAPES)
        options = {
            key: as_ours(value) if lib is torchlike else as_torch(as_ours(value)) for key, value in options.items()
        }  # each its own tensors
        arrays = [random(rng, shape, dtype) for shape in self.shapes]
        self.params = [lib.nn.Parameter(lib.tensor(array)) for array in arrays]
        self.optimizer = getattr(lib.optim, name)(self.params, **options)
        self.rng = np.random.default_rng(1)

    def step(self, skip: tuple[int, ...] = ()) -> None:
        """One step on random gradients; parameters numbered in `skip` get none."""
        if self.name == "LBFGS":
            self.optimizer.step(self.closure)
            return
        for i, param in enumerate(self.params):
            array = random(self.rng, self.shapes[i], self.dtype)
            param.grad = None if i in skip else self.gradient(array)
        self.optimizer.step()

    def gradient(self, array: np.ndarray) -> Any:
        if self.name != "SparseAdam" or not array.ndim:
            return self.lib.tensor(array) if self.name != "SparseAdam" else None
        rows = self.rng.integers(0, len(array), 3)
        return self.lib.sparse_coo_tensor(
            rows[None].tolist(), self.lib.tensor(array[rows]), array.shape, check_invariants=False
        )

    def closure(self) -> Any:
        """A sum of squares with curvatures from 1 to 30, and a fourth power, minimal near 1."""
        self.optimizer.zero_grad()
        loss = 0
        for i, param in enumerate(self.params):
            flat = param.reshape(-1)
            off = flat - 1 - 0.1 * self.lib.arange(flat.shape[0], dtype=flat.dtype)
            loss = loss + (off**2 * (1 + 10 * i)).sum() + (off**4).sum()
        loss.backward()
        return loss

    def arrays(self) -> list[np.ndarray]:
        return [param.detach().numpy() for param in self.params]


def random(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Normal numbers, exact in half precision so that a run in any wider dtype starts from the same."""
    draw = rng.normal(size=shape).astype(np.float16)
    if np.dtype(dtype).kind == "c":
        draw = draw + 1j * rng.normal(size=shape).astype(np.float16)
    return np.asarray(draw).astype(dtype)


def assert_agree(ours: Any, real: Any, precise: Any, tolerance: float) -> None:
    """Equal to rounding, or closer to the run in double precision than torch is."""
    for mine, theirs, exact in zip(ours, real, precise, strict=True):
        if np.allclose(mine, theirs, rtol=tolerance, atol=tolerance):
            continue
        off, allowed = np.abs(mine - exact).max(), np.abs(theirs - exact).max()
        assert off <= allowed, f"off by {off}, torch by {allowed}: {mine} against {theirs}"


def assert_same_state(mine: dict, real: dict, tolerance: float | None = 1e-5) -> None:
    """State dictionaries with the same keys in order, the same kinds of value, and (given a tolerance) equal numbers."""
    assert as_torch(mine["param_groups"]) == real["param_groups"]
    assert [list(group) for group in mine["param_groups"]] == [list(group) for group in real["param_groups"]]
    assert list(mine["state"]) == list(real["state"])
    for key, entry in real["state"].items():
        assert list(mine["state"][key]) == list(entry)
        assert type(mine["state"][key]) is dict
        for name, value in entry.items():
            _assert_same_entry(mine["state"][key][name], value, tolerance)


def _assert_same_entry(own: Any, value: Any, tolerance: float | None) -> None:
    if isinstance(value, list):
        for one, other in zip(own, value, strict=tolerance is not None):
            _assert_same_entry(one, other, tolerance)
    elif isinstance(value, torch.Tensor):
        assert str(own.dtype) == str(value.dtype)
        assert tuple(own.shape) == tuple(value.shape)
        if tolerance is not None:
            np.testing.assert_allclose(own.detach().numpy(), value.detach().numpy(), rtol=tolerance, atol=tolerance)
    else:
        assert type(own) is type(value)
        assert tolerance is None or own == value or abs(own - value) <= tolerance

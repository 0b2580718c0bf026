"""A user's own model, built from one source in torch and in torchlike, compared layer by layer."""

from __future__ import annotations

import copy
import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .calls import OURS, TORCH, fresh, library_of, quiet
from .recording import Arrays, Layer, Recording, record
from .sources import Sources
from .translate import array, state_to_torch, state_to_torchlike

# What a layer may differ by at most, as a share of its largest element.
TOLERANCES = {"float64": 1e-9, "complex128": 1e-9, "float32": 1e-4, "complex64": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
# How many times torch's own rounding error (against float64) passes, however large it is: gradients that are zero but
# for rounding, as that of a bias in front of a batch norm, agree to no digit.
ROUNDING = 10.0


@dataclass
class Difference:
    """The largest difference between some arrays of ours and torch's.

    Attributes:
        absolute: of any element.
        relative: the same as a share of torch's largest element of that array.
        note: what differs beside values: shapes, dtypes, what only one of them has.
        count: how many arrays were compared.
    """

    absolute: float = 0.0
    relative: float = 0.0
    note: str = ""
    diverges: bool = False
    count: int = 0


@dataclass
class Row:
    """One call of one layer."""

    name: str
    kind: str
    shapes: list[tuple[int, ...]]
    inputs: Difference
    outputs: Difference
    gradients: Difference
    parameters: Difference

    @property
    def diverges(self) -> bool:
        return any(d.diverges for d in (self.outputs, self.gradients, self.parameters))


@dataclass
class Comparison:
    """What `compare_models` found.

    Attributes:
        rows: the layers in the order in which torch finished them; the model itself, named "", is the last.
        first: the name of the first layer that diverges, None where none does.
        what: what of it diverges: "output", "gradient" or "parameters", and what that says of the cause.
        error: why there is nothing to compare, or what torchlike raised; "" where all went well.
        weights: `(alike, all)` initial tensors, before the weights are carried over from torch.
    """

    rows: list[Row] = field(default_factory=list)
    first: str | None = None
    what: str = ""
    error: str = ""
    weights: tuple[int, int] = (0, 0)

    @property
    def good(self) -> bool:
        return not self.error and self.first is None

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which has no nan and no infinity: they are None."""
        return {"good": self.good, **_finite(asdict(self))}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def compare_models(
    build: str | Callable[[], Any], inputs: Any = None, *, mode: str = "train", seed: int = 0,
    tolerance: float | None = None, packages: Sequence[str] = (),
) -> Comparison:  # fmt: skip
    """Build a model in torch and in torchlike from the same source, run both, and compare them layer by layer.

    The file is executed twice, once with `torch` meaning torch and once torchlike, and so is what it imports from its own
    folder. torchlike's model is given torch's weights, both get the same inputs, and the same random cotangent is sent
    back through them.

    Args:
        build: `"path.py:name"`, or a function at the top level of a file: it takes no arguments and returns a model, or
            `(model, inputs)`.
        inputs: torch tensors: one, several in a tuple or list, or keywords in a dict; or strings such as
            "2x3x224x224:float32" or "2x16:int64:1000", random with these shapes (whole numbers below the last). By default
            what `build` returned, or what the file's function `inputs()` returns.
        mode: "train" or "eval".
        seed: of the weights, of random inputs, and of what is drawn in the forward pass.
        tolerance: what a layer may differ by, as a share of its largest element; by default 1e-4 for float32, 1e-9 for
            float64, 1e-2 for float16, 5e-2 for bfloat16. What is no further from float64 than ten times torch itself passes.
        packages: installed packages that import torch and are to be loaded anew as the file is.

    Returns:
        A `Comparison`: `good`, `first`, `rows`.

    Raises:
        ValueError: no such file, function or mode, or no inputs.
        Exception: whatever the model raises in torch.
    """
    if mode not in ("train", "eval"):
        raise ValueError(f"mode is 'train' or 'eval', not {mode!r}")
    path, name = _source(build)
    with Sources(TORCH, path.parent, packages) as real, Sources(OURS, path.parent, packages) as like:
        theirs, given = _built(real, path, name, TORCH, seed)
        found = Comparison()
        try:
            ours, _ = _built(like, path, name, OURS, seed)
        except Exception as error:
            found.error = f"torchlike cannot build it: {type(error).__name__}: {error}"
            return found
        args, keywords = _arguments(inputs if inputs is not None else given, seed)
        if not _carried(ours, theirs, found):
            return found
        exact = _exact(theirs, args, keywords, mode, seed)
        with quiet():
            reference = record(TORCH, theirs, fresh(args, TORCH), fresh(keywords, TORCH), mode, seed)
            if reference.error:
                raise RuntimeError(f"torch itself raises in {reference.inside or 'the model'!r}: {reference.error}")
            made = record(OURS, ours, fresh(args, OURS), fresh(keywords, OURS), mode, seed)
    if made.error:
        found.error = f"torchlike raises in {made.inside or 'the model'!r}: {made.error}"
    found.rows = _rows(made, reference, exact, tolerance)
    found.first, found.what = _first(found.rows)
    return found


def _source(build: str | Callable[[], Any]) -> tuple[Path, str]:
    if isinstance(build, str):
        path, _, name = build.rpartition(":")
        if not path:
            raise ValueError(f"say which function of the file builds the model: {build}:build")
    else:
        path, name = inspect.getsourcefile(build) or "", build.__qualname__
        if "." in name or "<" in name:
            raise ValueError(f"{name} does not stand at the top level of a file; name it there, or pass 'path.py:name'")
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}")
    return Path(path).resolve(), name


def _built(sources: Sources, path: Path, name: str, library: str, seed: int) -> tuple[Any, Any]:
    """`(model, inputs)`; inputs are None where the file gives none."""
    library_of(library).manual_seed(seed)
    module = sources.load(path)
    if not hasattr(module, name):
        raise ValueError(f"{path.name} has no function {name!r}")
    library_of(library).manual_seed(seed)
    made = getattr(module, name)()
    model, inputs = made if isinstance(made, tuple) else (made, None)
    if inputs is None and hasattr(module, "inputs"):
        inputs = module.inputs()
    if not isinstance(model, library_of(library).nn.Module):
        raise ValueError(f"{name}() returns a {type(model).__name__}, not a torch.nn.Module or (module, inputs)")
    return model, inputs


def _arguments(given: Any, seed: int) -> tuple[tuple, dict[str, Any]]:
    """`(args, keywords)` of a call, in torch's tensors."""
    if given is None:
        raise ValueError("no inputs: pass --input, return (model, inputs), or write a function inputs() in the file")
    if isinstance(given, dict):
        return (), given
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    draw = torch.Generator().manual_seed(seed)
    return tuple(random_input(x, draw) if isinstance(x, str) else x for x in listed), {}


def random_input(spec: str, draw: torch.Generator) -> torch.Tensor:
    """A tensor from a description: "2x3:float32" (normal), "2x3:int64:10" (0 to 9), "2x3:bool".

    Raises:
        ValueError: for what is no such description.
    """
    found = re.fullmatch(r"(\d+(?:x\d+)*)(?::(\w+))?(?::(\d+))?", spec)
    kind = getattr(torch, found[2] or "float32", None) if found else None
    if found is None or not isinstance(kind, torch.dtype):
        raise ValueError(f"an input is SHAPE[:dtype[:below]], such as 2x3x224x224:float32 or 8x16:int64:1000, not {spec!r}")
    shape = [int(n) for n in found[1].split("x")]
    if kind.is_floating_point or kind.is_complex:
        return torch.randn(shape, generator=draw, dtype=torch.complex64 if kind.is_complex else torch.float32).to(kind)
    return torch.randint(0, 2 if kind is torch.bool else int(found[3] or 10), shape, generator=draw).to(kind)


def _carried(ours: Any, theirs: Any, found: Comparison) -> bool:
    """Give our model torch's weights, and count how many were alike; False where it has others."""
    before, state = state_to_torch(ours.state_dict()), theirs.state_dict()
    tensors = [n for n, x in state.items() if isinstance(x, torch.Tensor) and isinstance(before.get(n), torch.Tensor)]
    alike = [before[n].shape == state[n].shape and np.allclose(array(before[n]), array(state[n]), 1e-5) for n in tensors]
    found.weights = (sum(map(bool, alike)), len(state))
    try:
        ours.load_state_dict(state_to_torchlike(state))
    except Exception as error:
        found.error = f"torch's weights do not fit: {error}"
    return not found.error


def _exact(theirs: Any, args: tuple, keywords: dict[str, Any], mode: str, seed: int) -> Recording | None:
    """The same run in float64; None where the model does not run so."""
    try:
        with quiet():
            wide = copy.deepcopy(theirs).double()
            made = record(TORCH, wide, fresh(args, TORCH, True), fresh(keywords, TORCH, True), mode, seed)
    except Exception:
        return None
    return None if made.error else made


def _rows(ours: Recording, theirs: Recording, exact: Recording | None, tolerance: float | None) -> list[Row]:
    mine = {layer.name: layer for layer in ours.layers}
    wide = {layer.name: layer for layer in exact.layers} if exact else {}
    found = []
    for layer in theirs.layers:
        shapes = [x.shape for x in layer.outputs if x is not None]
        parts = [_differences(layer, mine.get(layer.name), wide.get(layer.name), what, tolerance) for what in _PARTS]
        found.append(Row(layer.name, layer.kind, shapes, *parts))
    known = {layer.name for layer in theirs.layers}
    for layer in ours.layers:
        if layer.name not in known:
            only = Difference(note="torch does not call it", diverges=True)
            found.append(Row(layer.name, layer.kind, [], Difference(), only, Difference(), Difference()))
    return found


_PARTS = ("inputs", "outputs", "gradients", "parameters")


def _differences(layer: Layer, mine: Layer | None, wide: Layer | None, what: str, tolerance: float | None) -> Difference:
    """One column of one row."""
    if mine is None:
        return Difference(math.nan, math.nan, "not called", what == "outputs")
    theirs, ours = _listed(layer, what), _listed(mine, what)
    exact = _listed(wide, what) if wide is not None else {}
    total = Difference()
    for name in [*theirs, *(n for n in ours if n not in theirs)]:
        one = difference(ours.get(name), theirs.get(name), exact.get(name), tolerance)
        if one.note:
            total.note = total.note or f"{name}: {one.note}"
        total.absolute, total.relative = max(total.absolute, one.absolute), max(total.relative, one.relative)
        total.diverges |= one.diverges
        total.count += one.count
    return total


def _listed(layer: Layer, what: str) -> dict[str, Any]:
    if what == "parameters":
        return dict(layer.parameters)
    arrays: Arrays = getattr(layer, what)
    return {f"{what[:-1]} {i}": x for i, x in enumerate(arrays)}


def difference(
    ours: np.ndarray | None, theirs: np.ndarray | None, exact: np.ndarray | None, tolerance: float | None
) -> Difference:
    """How two arrays differ, and whether by more than rounding."""
    if ours is None and theirs is None:
        return Difference()
    if ours is None or theirs is None:
        # No gradient and a gradient of zeros are the same number.
        there = theirs if ours is None else ours
        if there is not None and not np.any(there):
            return Difference(count=1)
        return Difference(math.inf, math.inf, f"only {'torch' if ours is None else 'torchlike'} has one", True, 1)
    if ours.shape != theirs.shape:
        return Difference(math.inf, math.inf, f"shape {ours.shape}, torch's {theirs.shape}", True, 1)
    if ours.dtype != theirs.dtype:
        return Difference(math.inf, math.inf, f"{ours.dtype.name}, torch's {theirs.dtype.name}", True, 1)
    a, b = _wide(ours), _wide(theirs)
    absolute = _distance(a, b)
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    relative = absolute / largest if largest else absolute
    limit = TOLERANCES.get(theirs.dtype.name, 0.0) if tolerance is None else tolerance
    apart = not relative <= limit
    note = ""
    if apart and exact is not None and exact.shape == theirs.shape:
        c = _wide(exact)
        apart = not _distance(a, c) <= ROUNDING * _distance(b, c)
        note = "" if apart else "rounding, torch's too"
    return Difference(absolute, relative, note, apart, 1)


def _wide(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind == "c" else x.astype(np.float64)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference; infinite where only one of them is nan or infinite."""
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    return float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0.0))


def _first(rows: list[Row]) -> tuple[str | None, str]:
    """The first layer whose output diverges; failing that, on the way back, the first whose gradients do."""
    for row in rows:
        if row.outputs.diverges:
            whose = "its input does already: the cause is what stands before it in the code around it"
            return row.name, f"output ({row.outputs.note or (whose if row.inputs.diverges else 'its input agrees')})"
    for row in reversed(rows):
        if row.parameters.diverges:
            return row.name, f"parameters ({row.parameters.note or 'the gradient of its output agrees'})"
        if row.gradients.diverges:
            return row.name, f"gradient ({row.gradients.note or 'it comes from what is computed with the output'})"
    return None, ""

"""Runs a model forward and backward in either library and records what each layer gives, as numpy arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .calls import library_of
from .gradients import cotangents
from .translate import array

Arrays = list[np.ndarray | None]


@dataclass
class Layer:
    """One call of one layer: what came in, what went out, and the gradients of the outputs.

    Attributes:
        name: its path in the model, "" for the model itself; further calls have `#2`, `#3` ... behind.
        kind: the name of its class.
        parameters: gradients of its own parameters, of all calls together; those of parts that are never called themselves,
            as the output projection of attention, are with the layer around them.
    """

    name: str
    kind: str
    inputs: Arrays = field(default_factory=list)
    outputs: Arrays = field(default_factory=list)
    gradients: Arrays = field(default_factory=list)
    parameters: dict[str, np.ndarray | None] = field(default_factory=dict)


@dataclass
class Recording:
    """The layers of one run in the order in which they finished.

    Attributes:
        error: what was raised, in words; "" where nothing was.
        inside: the innermost layer that was running then.
    """

    layers: list[Layer] = field(default_factory=list)
    error: str = ""
    inside: str = ""


def tensors(value: Any, kind: type) -> Iterator[Any]:
    """The tensors in containers, dataclasses included, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from tensors(v, kind)
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from tensors(v, kind)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for f in dataclasses.fields(value):
            yield from tensors(getattr(value, f.name), kind)


class Recorder:
    """Hooks on every layer of a model."""

    def __init__(self, library: str, model: Any) -> None:
        self.kind = library_of(library).Tensor
        self.layers: list[Layer] = []
        self.running: list[Layer] = []
        self.calls: dict[str, int] = {}
        self.handles: list[Any] = []
        self.model = model
        for name, module in model.named_modules():
            self.handles.append(module.register_forward_pre_hook(self._starting(name), with_kwargs=True))
            self.handles.append(module.register_forward_hook(self._finished))

    def _starting(self, name: str) -> Any:
        def start(module: Any, args: tuple, keywords: dict[str, Any]) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1
            again = f"#{self.calls[name]}" if self.calls[name] > 1 else ""
            # Copies, because a later layer may write into what this one was given or gives.
            inputs = [x.detach().clone() for x in tensors([args, keywords], self.kind)]
            self.running.append(Layer(f"{name}{again}", type(module).__name__, inputs))

        return start

    def _finished(self, module: Any, args: tuple, out: Any) -> None:
        layer = self.running.pop()
        for x in tensors(out, self.kind):
            layer.outputs.append(x.detach().clone())
            layer.gradients.append(None)
            if x.requires_grad:
                x.register_hook(self._keeping(layer, len(layer.gradients) - 1))
        self.layers.append(layer)

    @staticmethod
    def _keeping(layer: Layer, place: int) -> Any:
        def keep(gradient: Any) -> None:
            layer.gradients[place] = gradient.detach().clone()

        return keep

    def recording(self, error: Exception | None) -> Recording:
        """All of it as numpy arrays. The hooks are gone."""
        for handle in self.handles:
            handle.remove()
        for layer in self.layers:
            layer.inputs, layer.outputs, layer.gradients = map(_arrays, (layer.inputs, layer.outputs, layer.gradients))
        called = {layer.name: layer for layer in self.layers}
        for name, parameter in self.model.named_parameters():
            holder, _, own = name.rpartition(".")
            while holder and holder not in called:
                holder, _, above = holder.rpartition(".")
                own = f"{above}.{own}"
            if holder in called:
                called[holder].parameters[own] = None if parameter.grad is None else array(parameter.grad)
        inside = self.running[-1].name if self.running else ""
        return Recording(self.layers, "" if error is None else f"{type(error).__name__}: {error}", inside)


def _arrays(found: list[Any]) -> Arrays:
    return [None if x is None else array(x) for x in found]


def record(library: str, model: Any, args: Any, keywords: dict[str, Any], mode: str, seed: int) -> Recording:
    """Call the model, then send back a random cotangent, the same in both libraries.

    Args:
        library: "torch" or "torchlike".
        mode: "train" or "eval".
        seed: of what the model draws when it is called.
    """
    of = library_of(library)
    model.train(mode == "train")
    model.zero_grad(set_to_none=True)
    recorder = Recorder(library, model)
    failed = None
    try:
        of.manual_seed(seed)
        outs = [x for x in tensors(model(*args, **keywords), of.Tensor) if x.requires_grad]
        if outs:
            of.autograd.backward(outs, cotangents(outs, library, seed, False))
        for layer in recorder.layers:  # what fails at run time is to fail here
            _arrays(layer.outputs)
    except Exception as error:
        failed = error
    try:
        return recorder.recording(failed)
    except Exception as error:
        if failed is None:
            raise
        return Recording([], f"{type(failed).__name__}: {failed} (then {type(error).__name__}: {error})", "")

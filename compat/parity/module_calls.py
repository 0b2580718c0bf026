"""What is done with a module in either library, one function for each check."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch

import torchlike
from torchlike.base.errors import MissingAPI

from .calls import OURS, TORCH, fresh, library_of
from .gradients import cotangents
from .module_entries import Entry, Sample
from .translate import leaves, state_to_torch, state_to_torchlike

SEED = 11  # of what a module draws when it is made, and when it is called
DOUBLE = {"complex64": "complex128"}


@dataclass
class ModuleCall:
    """What a check does with one input of an entry: `call.run(TORCH)` and `call.run(OURS)` each start afresh.

    Attributes:
        action: the check: a key of `ACTIONS`.
        double: in float64 (complex128), in torch only.
    """

    entry: Entry
    sample: Sample
    index: int
    dtype: str
    action: str = "forward"
    double: bool = False

    values = True
    choosing = False

    @property
    def by_largest(self) -> bool:
        """Whether rounding errors are of the size of the largest element."""
        return self.entry.transforms or self.action == "step"

    def operation(self, library: str) -> type:
        """The class. Raises MissingAPI where torchlike has none."""
        if library == TORCH:
            return self.entry.info.module_cls
        found = getattr(torchlike.nn, self.entry.key, None)
        if found is None:
            raise MissingAPI(f"torchlike has no torch.{self.entry.name} yet")
        return found

    def arguments(self, library: str) -> tuple[tuple, dict[str, Any]]:
        """Fresh arguments of the call: `(args, keywords)`."""
        return fresh((self.sample.forward.args, self.sample.forward.kwargs), library, self.double)

    def built(self, library: str, **settings: Any) -> Any:
        """A new module in the sample's mode, with the initial parameters that it has from the seed."""
        given = self.sample.constructor
        args, keywords = fresh((given.args, given.kwargs), library, self.double)
        library_of(library).manual_seed(SEED)
        return self.operation(library)(*args, **{**keywords, **settings}).train(self.sample.training)

    def module(self, library: str) -> Any:
        """A new module with the parameters that torch's has from the seed."""
        theirs = self._materialized(TORCH)
        if self.double:
            theirs.to(getattr(torch, DOUBLE.get(self.dtype, "float64")))
        if library == TORCH:
            return theirs
        ours = self._materialized(OURS)
        ours.load_state_dict(state_to_torchlike(theirs.state_dict()))
        return ours

    def _materialized(self, library: str) -> Any:
        """A new module of the sample's dtype; a lazy one has seen its input."""
        module = self.built(library).to(getattr(library_of(library), self.dtype))
        if self.entry.info.is_lazy:
            args, keywords = fresh((self.sample.forward.args, self.sample.forward.kwargs), library)
            with library_of(library).no_grad():
                module(*args, **keywords)
        return module

    def called(self, module: Any, library: str) -> Any:
        """The module's output for fresh arguments."""
        args, keywords = self.arguments(library)
        library_of(library).manual_seed(SEED)
        return module(*args, **keywords)

    def run(self, library: str) -> Any:
        return ACTIONS[self.action](self, library)

    def in_double(self) -> ModuleCall:
        """The same call in float64 (complex128)."""
        return replace(self, double=True)

    def differentiable(self, library: str) -> tuple[list[Any], Any]:
        """`(inputs and parameters that require grad, the output)`."""
        module, (args, keywords) = self.module(library), self.arguments(library)
        inputs = [x for x in leaves([args, keywords], library_of(library).Tensor) if x.requires_grad]
        library_of(library).manual_seed(SEED)
        out = module(*args, **keywords)
        return [*inputs, *(p for p in module.parameters() if p.requires_grad)], out

    def processed(self, library: str, out: Any) -> Any:
        return out


def outputs(call: ModuleCall, library: str) -> Any:
    """The output, and the buffers that the call leaves behind."""
    module = call.module(library)
    return [call.called(module, library), dict(module.named_buffers())]


def step(call: ModuleCall, library: str) -> Any:
    """A training step: gradients, parameters and buffers after it, then the output in evaluation mode."""
    of = library_of(library)
    module = call.module(library).train()
    outs = [x for x in leaves(call.called(module, library), of.Tensor) if x.requires_grad]
    parameters = list(module.parameters())
    if parameters and outs:
        optimizer = of.optim.SGD(parameters, lr=0.1, momentum=0.9)
        of.autograd.backward(outs, cotangents(outs, library, SEED, False))
        optimizer.step()
    return [*_tensors(module), call.called(module.eval(), library)]


def _tensors(module: Any) -> list[dict[str, Any]]:
    return [{n: p.detach() for n, p in module.named_parameters()}, dict(module.named_buffers())]


def state_dict(call: ModuleCall, library: str) -> Any:
    """Keys in their order, versions and tensors; and what torch's module holds after loading them."""
    module = call.module(library)
    state = module.state_dict()
    back = call.built(TORCH).to(getattr(torch, call.dtype))
    loaded = back.load_state_dict(state if library == TORCH else state_to_torch(state))
    returned = back.state_dict() if library == TORCH else state_to_torchlike(back.state_dict())
    lazy = []
    if call.entry.info.is_lazy:  # a state that is whole turns a lazy module into a whole one
        waiting = call.built(library).to(getattr(library_of(library), call.dtype))
        waiting.load_state_dict(state)
        lazy = [call.called(waiting, library), waiting.state_dict()]
    versions = {name: dict(about) for name, about in state._metadata.items()}
    return [type(state).__name__, list(state), dict(state), versions, list(loaded), dict(returned), lazy]


def described(call: ModuleCall, library: str) -> Any:
    """What the module says of itself: its repr and the names of its parts, before and after a call."""
    module = call.built(library)
    before = repr(module)
    call.called(module.to(getattr(library_of(library), call.dtype)), library)
    names = [[name for name, _ in named()] for named in (module.named_modules, module.named_parameters, module.named_buffers)]
    return [before, repr(module), module.extra_repr(), names, type(module).__name__, module.training]


def initial(call: ModuleCall, library: str) -> Any:
    """Parameters and buffers drawn from one seed, and what is drawn next."""
    of = library_of(library)
    settings = {"dtype": getattr(of, call.dtype)} if _takes_dtype(call.operation(TORCH)) else {}
    module = call.built(library, **settings)
    if call.entry.info.is_lazy:
        args, keywords = call.arguments(library)
        module(*args, **keywords)
    wanted = [p.requires_grad for p in module.parameters()]
    return [*_tensors(module), wanted, of.rand(3)]


def _takes_dtype(cls: type) -> bool:
    code = cls.__init__.__code__  # type: ignore[misc]  # the classes of layers, not of instances that may vary
    return "dtype" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _likeness(call: ModuleCall, library: str, made: Any, original: Any) -> list[Any]:
    """What a copy has to share with the original."""
    same = [type(made) is type(original), made is not original, made.training, repr(made)]
    same += [p.requires_grad for p in made.parameters()]
    return [*same, dict(made.state_dict()), call.called(made, library)]


def pickled(call: ModuleCall, library: str) -> Any:
    """The module after a round trip through pickle."""
    module = call.module(library)
    return _likeness(call, library, pickle.loads(pickle.dumps(module)), module)


def deep_copied(call: ModuleCall, library: str) -> Any:
    """A deep copy, and the original after the copy's tensors have been overwritten."""
    module = call.module(library)
    made = copy.deepcopy(module)
    found = _likeness(call, library, made, module)
    with library_of(library).no_grad():
        _fill([*made.parameters(), *made.buffers()])
    return [*found, dict(module.state_dict()), dict(made.state_dict())]


def _fill(tensors: Iterable[Any]) -> None:
    for tensor in tensors:
        tensor.fill_(1)


def refused(call: ModuleCall, library: str) -> Any:
    """What raises: the constructor, or the call."""
    module = call.built(library)
    return None if call.sample.forward is None else call.called(module, library)


ACTIONS: dict[str, Callable[[ModuleCall, str], Any]] = {
    "forward": outputs,
    "gradient": outputs,
    "step": step,
    "state_dict": state_dict,
    "repr": described,
    "init": initial,
    "pickle": pickled,
    "deepcopy": deep_copied,
    "errors": refused,
}

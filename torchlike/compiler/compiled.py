"""`torch.compile`: a function of tensors as one program per kind of call, with none of its Python in between."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import jax

from torchlike.amp import autocast_mode
from torchlike.base import dtypes
from torchlike.base.flags import flags
from torchlike.compiler.arguments import Arguments, Unfit
from torchlike.compiler.closed import Changed, Closed
from torchlike.compiler.opened import Opened
from torchlike.compiler.roots import Roots
from torchlike.compiler.sources import Unrepeatable
from torchlike.compiler.watching import NOTHING, watched
from torchlike.engine.record import local
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

_VARIANTS = 8  # kinds of calls of one function that are told apart; torch's limit, too
_TRIES = 6  # recordings of one kind of call until two in a row have to be the same
_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


class Variant:
    """One kind of call: what has been recorded of it, and what repeats it once that has settled.

    Attributes:
        ready: the programs or ops that stand for the call. There are several where it depends on which gradients are there.
        seen: recordings that have not been met twice yet.
        why: why calls of this kind run as recorded operations for good, or None.
    """

    def __init__(self, owner: Compiled, arguments: Arguments):
        self.owner = owner
        self.kept = arguments.objects  # so that their identities stay theirs
        self.ready: list[Closed | Opened] = []
        self.seen: list[Closed | Opened] = []
        self.tries = 0
        self.why: str | None = None

    def __call__(self, args: tuple, kwargs: dict[str, Any], tensors: Sequence[Tensor], state: Hashable) -> Any:
        for one in self.ready:
            try:
                return one(tensors)
            except Changed:
                continue
        fn = self.owner.fn
        if self.why is not None:
            return fn(*args, **kwargs)
        self.tries += 1
        if self.tries > _TRIES:
            self.give_up("it does something else at each call")
            return fn(*args, **kwargs)
        if self.owner.open and local.state.grad:
            return self._open(lambda: fn(*args, **kwargs), tensors, state)
        return self._closed(lambda: fn(*args, **kwargs), tensors, state)

    def _open(self, call: Callable[[], Any], tensors: Sequence[Tensor], state: Hashable) -> Any:
        result, found, why = Opened.attempt(call, tensors, self.owner.__name__)
        if found is None:
            self.give_up(why)
        elif self._steady(state):
            self._compare(found)
        return result

    def _closed(self, call: Callable[[], Any], tensors: Sequence[Tensor], state: Hashable) -> Any:
        result, watch = watched(call, tensors)
        if watch.why is not None:
            self.give_up(watch.why)
            return result
        if watch.open(result):
            self.owner.open = True
            return result
        steady = self._steady(state)
        try:
            found = Closed(watch, result, [one for one in self.seen if isinstance(one, Closed)])
        except Unrepeatable as error:
            self.give_up(str(error))
            return result
        if steady:
            self._compare(found)
        return result

    def _compare(self, found: Any) -> None:
        """Take what has been recorded twice for what will come again."""
        for one in self.seen:
            if type(one) is type(found) and found.same(one):
                found.settle()
                self.ready.append(found)
                self.seen.remove(one)
                self.tries = 0
                self.owner.latest = found
                return
        self.seen.append(found)

    def _steady(self, before: Hashable) -> bool:
        """Whether the call has left alone what it depends on; then the next call may be of this kind as well."""
        after = self.owner.roots.state()
        if after == before:
            return True
        self.owner.moved = self.owner.roots.changed(before, after)
        return False

    def give_up(self, why: str) -> None:
        self.why, self.seen = why, []
        if why != NOTHING:
            self.owner.explain(why)


class Compiled:
    """A function whose calls run as one program each.

    The first calls of a kind (shapes, dtypes, Python arguments, training flags, gradient and autocast modes) are recorded; as
    soon as two in a row are the same, the program that was compiled for them takes the place of the function's Python. It reads
    and writes parameters, buffers, gradients, optimizer state and random generators where they are; learning rates and the like
    are its inputs. What it cannot stand for (a value that is asked for, a number that changes by the way) stays recorded.
    """

    def __init__(self, fn: Callable[..., Any], fullgraph: bool = False):
        self.fn = fn
        self.fullgraph = fullgraph
        self.open = isinstance(fn, Module) or isinstance(getattr(fn, "__self__", None), Module)
        self.roots = Roots(fn)
        self.variants: dict[Hashable, Variant] = {}
        self.moved: str | None = None
        self.latest: Closed | Opened | None = None  # what has settled last
        self.reasons: list[str] = []
        self._enough = False
        self.__name__: str = getattr(fn, "__name__", type(fn).__name__)
        functools.update_wrapper(self, fn, updated=())
        self._torchdynamo_orig_callable = fn

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: one compiled function per object."""
        if instance is None:
            return self
        bound = Compiled(self.fn.__get__(instance, owner), self.fullgraph)
        with suppress(TypeError):  # no attributes: compiled anew at each access
            vars(instance)[self.__name__] = bound
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = local.state
        if self._enough or flags.eager or state.capture is not None or state.notes is not None:
            return self.fn(*args, **kwargs)
        try:
            arguments = Arguments(args, kwargs)
        except Unfit as error:
            self.explain(str(error))
            return self.fn(*args, **kwargs)
        if any(t._read().aval.traced for t in arguments.tensors):
            return self.fn(*args, **kwargs)
        around = self.roots.state()
        key = (arguments.key, around, state.grad, state.inference, autocast_mode.setting(), dtypes.get_default_dtype())
        variant = self.variants.get(key)
        if variant is None:
            if len(self.variants) >= _VARIANTS:
                self._enough = True
                moved = f"; {self.moved} changes from call to call" if self.moved else ""
                self.explain(f"its calls are of more than {_VARIANTS} kinds{moved}")
                return self.fn(*args, **kwargs)
            variant = self.variants[key] = Variant(self, arguments)
        return variant(args, kwargs, arguments.tensors, around)

    def explain(self, why: str) -> None:
        """Warn, once for each reason, that calls stay recorded. Raises RuntimeError where `fullgraph=True` was wanted."""
        if self.fullgraph:
            raise RuntimeError(f"torch.compile(fullgraph=True): {self.__name__} cannot be one program: {why}")
        if why not in self.reasons:
            self.reasons.append(why)
            text = f"torch.compile: {self.__name__} runs as recorded operations, not as one program: {why}"
            warnings.warn(text, stacklevel=4)

    # ------------------------------------------------------------------ looking into it

    def _settled(self) -> Closed:
        """The last call that became a program. Raises RuntimeError where there is none."""
        if isinstance(self.latest, Closed):
            return self.latest
        raise RuntimeError(f"{self.__name__} has no program of its own yet: call it twice, and let it do its own backward()")

    def lower(self) -> Any:
        """The last program as a `jax.stages.Lowered`: `.as_text()` is StableHLO; `.compile()` has `as_text()` (HLO),
        `cost_analysis()` and `memory_analysis()`.

        Raises:
            RuntimeError: before it has been called twice, and where a backward pass goes through the calls: then they are part
                of others' programs (`engine.programs()`).
        """
        return self._settled().program.lower()

    @property
    def jaxpr(self) -> Any:
        """The last program's `jaxpr`."""
        found = self._settled().program
        with jax.enable_x64(True):
            return jax.make_jaxpr(found.pure)(*found.arguments)

    @property
    def pure(self) -> tuple[Callable[..., list], list[Any]]:
        """The last program as JAX has it: a pure function `(*arrays) -> list of arrays`, and its arguments as they are now.

        The arguments are, in order, what is donated (what the call overwrites), what is only read, and one array of all numbers
        that may change, such as learning rates. Arguments of the call and random draws are shapes (`jax.ShapeDtypeStruct`).
        """
        found = self._settled()
        return found.program.pure, found.state()


class OptimizedModule(Module):
    """A module whose calls are compiled. It shows the module's own attributes; its state_dict has the prefix `_orig_mod.`, as
    in torch."""

    def __init__(self, module: Module, compiled: Compiled):
        super().__init__()
        self._orig_mod = module
        object.__setattr__(self, "_compiled", compiled)
        self.training = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiled(*args, **kwargs)

    def train(self, mode: bool = True) -> OptimizedModule:
        super().train(mode)
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        return getattr(self._modules["_orig_mod"], name)

    def __len__(self) -> int:
        return len(self._orig_mod)

    def __getitem__(self, index: Any) -> Any:
        return self._modules["_orig_mod"][index]  # type: ignore[index]  # whoever asks knows that it has items

    def __iter__(self) -> Iterator:
        return iter(self._orig_mod)


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """A function or module whose calls run as one XLA program each, with no Python in between.

    An ordinary loop is one compiled program per step without it; this takes away what Python costs per operation. The whole
    training step may be compiled (zero_grad, forward, backward, step, schedulers, scalers), or a model alone, whose calls then
    are one op in the program around them.

    Args:
        model: a function, a method or a module; left out, a decorator is returned.
        fullgraph: raise where a call cannot be one program, instead of a warning.
        dynamic, backend, options: accepted; XLA compiles every shape by itself.
        mode: "default", "reduce-overhead", "max-autotune" or "max-autotune-no-cudagraphs", all the same here.
        disable: return `model` as it is.

    Raises:
        RuntimeError: for an unknown mode, or both mode and options.

    >>> import torchlike as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> @torch.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = torch.nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> losses = [float(step(torch.ones(4, 2), torch.zeros(4, 1))) for _ in range(5)]
    >>> losses[-1] < losses[0]
    True
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of {', '.join(_MODES)}")
    if model is None:
        return lambda fn: compile(
            fn, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode, options=options, disable=disable
        )
    if disable:
        return model
    if isinstance(model, OptimizedModule):
        return model
    if isinstance(model, Module):
        return OptimizedModule(model, Compiled(model, fullgraph))
    if not callable(model):
        raise RuntimeError(f"torch.compile takes a function or a module, not {type(model).__name__}")
    return Compiled(model, fullgraph)

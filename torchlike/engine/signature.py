"""Signatures: an op at given shapes, dtypes and static parameters, inferred once and interned.

A signature holds everything that recording, compiling and differentiating this call needs, so that a recorded node is
no more than `(signature, input slots)`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes, promotion
from torchlike.base.device import device
from torchlike.base.flags import flags
from torchlike.engine import shapes
from torchlike.engine.placement import mesh_of
from torchlike.engine.processes import Ranks, alone, ranks_of, under
from torchlike.engine.value import Aval, aval
from torchlike.ops.registry import Op

# One lock for all threads: a value pending in one thread may be asked for in another, which then runs the first one's graph.
# Whoever calls JAX holds it, so that a process can be forked while nobody does (see `torchlike.engine.host`).
LOCK = threading.RLock()

Spec = Aval | type | None  # what one operand is: a tensor, a Python number of a type, or absent


class Signature:
    """One op at one set of argument descriptions.

    Attributes:
        outs: the results' avals.
        fn: pure JAX function of the given tensors and numbers, in operand order; returns a tuple.
        specs: one per argument of `fn`: an Aval or a number's type.
        fn_last: `fn` for images stored channels last (see `torchlike.engine.images`), or None.
        record: False where the op runs at once (tracers, eager mode) or never (meta).
        linear: the gradient needs no tensor operand's value.
        ranks: the processes that run it together, where it is a collective. mesh: the devices its results are to lie on.
    """

    __slots__ = (
        "device", "differentiable", "dynamic", "fn", "fn_last", "linear", "mesh", "name", "op", "outs", "ranks", "record",
        "specs", "structured", "traced", "vjps",
    )  # fmt: skip

    def __init__(self, name: str, specs: Sequence[Aval | type], fn: Callable[..., tuple], where: device, traced: bool):
        self.name = name
        self.op: Op | None = None
        self.ranks: Ranks | None = None
        self.mesh: Any = None
        self.fn_last: Callable[..., tuple] | None = None
        self.specs = tuple(specs)
        self.fn = fn
        self.device = where
        self.traced = traced
        self.record = not traced and where is not devices.META
        self.outs: tuple[Aval, ...] = ()
        self.structured = False
        self.linear = False
        self.dynamic = False
        self.differentiable = True
        self.vjps: dict[tuple, VjpSignature] = {}

    def infer(self) -> None:
        """Find the results' shapes and dtypes by tracing `fn` abstractly."""
        structs = [
            s.struct() if isinstance(s, Aval) else jax.ShapeDtypeStruct((), dtypes.of_number_type(s).np) for s in self.specs
        ]
        with jax.enable_x64(True):
            fn = self.fn if self.ranks is None else under(self.ranks.mesh(self.device), self.fn)
            closed, found = jax.make_jaxpr(fn, return_shape=True)(*structs)
        if self.ranks is None:
            _remember(self, closed)
        self.settle([(o.shape, dtypes.from_numpy(o.dtype)) for o in found])

    def settle(self, found: Sequence[tuple[Any, dtypes.dtype]]) -> None:
        """Take the results' shapes and dtypes."""
        if self.record and not all(isinstance(size, int) for shape, _ in found for size in shape):
            self.record, self.traced = False, True  # of a size that is a symbol: a model is being traced
        self.outs = tuple([aval(shape, kind, self.device, self.traced) for shape, kind in found])
        self.differentiable = any(o.dtype.is_differentiable for o in self.outs)

    def vjp(self, needs: tuple[bool, ...], have: tuple[bool, ...]) -> VjpSignature:
        """The signature of this op's pullback.

        Args:
            needs: per tensor operand, whether its gradient is wanted.
            have: per result, whether a cotangent arrives (the others are zero).
        """
        found = self.vjps.get((needs, have))
        if found is None:
            found = self.vjps[needs, have] = VjpSignature(self, needs, have)
        return found

    @property
    def tensors(self) -> tuple[Aval, ...]:
        return tuple(s for s in self.specs if isinstance(s, Aval))


class VjpSignature(Signature):
    """A pullback as an op of its own: `fn(*forward tensors and numbers, *cotangents) -> gradients`.

    A linear forward's pullback takes no forward tensors. Being a signature, it is differentiated like any other.
    """

    __slots__ = ("forward", "have", "needs")

    def __init__(self, forward: Signature, needs: tuple[bool, ...], have: tuple[bool, ...]):
        self.forward, self.needs, self.have = forward, needs, have
        given = [s for s in forward.specs if not (forward.linear and isinstance(s, Aval))]
        cotangents = [o for o, there in zip(forward.outs, have, strict=True) if there]
        super().__init__(f"{forward.name}_backward", [*given, *cotangents], self._unpaired, forward.device, forward.traced)
        self.outs = tuple(s for s, wanted in zip(forward.tensors, needs, strict=True) if wanted)
        self.linear = forward.linear
        self.dynamic = forward.dynamic
        self.ranks, self.mesh = forward.ranks, forward.mesh

    def _unpaired(self, *args: Any) -> tuple:
        """The pullback when the forward ran in another program: trace it again from its inputs."""
        n = len(self.specs) - sum(self.have)
        given = iter(args[:n])
        forward_args = [
            jnp.zeros(s.shape, s.dtype.np) if self.forward.linear and isinstance(s, Aval) else next(given)
            for s in self.forward.specs
        ]
        _, pull = self.trace(forward_args)
        return pull(args[n:])

    def trace(self, args: Sequence[Any]) -> tuple[tuple, Callable[[Sequence[Any]], tuple]]:
        """Run the forward and return `(its results, pullback of the present cotangents)`."""
        return paired(self.forward, self.needs, args, lambda cotangents: self.fill(cotangents))

    def fill(self, cotangents: Sequence[Any]) -> list[Any]:
        """All differentiable results' cotangents, zeros where none arrived."""
        given = iter(cotangents)
        return [
            (next(given) if there else jnp.zeros(o.shape, o.dtype.np)) if o.dtype.is_differentiable else None
            for o, there in zip(self.forward.outs, self.have, strict=True)
        ]


def paired(
    forward: Signature, needs: tuple[bool, ...], args: Sequence[Any], fill: Callable, fn: Callable | None = None
) -> tuple[tuple, Callable]:
    """Trace `forward` (or `fn` in its place) once under `jax.vjp` with respect to the tensors in `needs`.

    Returns:
        The results, and the pullback: a pytree whose leaves are the arrays that it keeps.
    """
    fn = fn or forward.fn
    wanted = iter(needs)
    places = [i for i, s in enumerate(forward.specs) if isinstance(s, Aval) and next(wanted)]

    def of_wanted(*chosen: Any) -> tuple:
        full = list(args)
        for place, arg in zip(places, chosen, strict=True):
            full[place] = arg
        outs = fn(*full)
        return (
            tuple(o for o, a in zip(outs, forward.outs, strict=True) if a.dtype.is_differentiable),
            tuple(o for o, a in zip(outs, forward.outs, strict=True) if not a.dtype.is_differentiable),
        )

    smooth, pull, rest = jax.vjp(of_wanted, *(args[p] for p in places), has_aux=True)
    parts = {True: iter(smooth), False: iter(rest)}
    outs = tuple(next(parts[o.dtype.is_differentiable]) for o in forward.outs)

    return outs, jax.tree_util.Partial(partial(_pullback, fill), pull)


def _pullback(fill: Callable, pull: Callable, cotangents: Sequence[Any]) -> tuple:
    # torch's complex gradient is the conjugate of JAX's.
    filled = tuple(_conj(c) for c in fill(cotangents) if c is not None)
    return tuple(_conj(g) for g in pull(filled))


def _conj(array: Any) -> Any:
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


# What was traced last, by signature: numpy runs some of it soon (see `torchlike.engine.host`).
recent: OrderedDict[Signature, Any] = OrderedDict()
_RECENT = 64


def _remember(sig: Signature, closed: Any) -> None:
    if len(recent) >= _RECENT:
        recent.popitem(last=False)
    recent[sig] = closed


known: dict[tuple, Signature] = {}  # (op, specs, static) -> signature
_LIMIT = 1 << 16


def find(op: Op, specs: tuple[Spec, ...], static: tuple) -> Signature | None:
    """The interned signature of this call, or None where it has not been seen."""
    return known.get((op, specs, static))


def make(op: Op, specs: tuple[Spec, ...], static: tuple) -> Signature:
    """Infer and intern the signature of a call not seen before.

    Raises:
        RuntimeError (or what the op's own checks raise): where the arguments do not fit; nothing has been recorded then.
    """
    _check_kinds(op, specs, static)
    where, traced = _place(op, specs)
    if op.check is not None:
        op.check(*(s for s in specs if s is not None))
    casts = _casts(op, specs)
    given = [s for s in specs if s is not None]
    sig = Signature(op.name, given, _function(op, op.fn, specs, static, casts), where, traced)
    if op.channels_last is not None:
        sig.fn_last = _function(op, op.channels_last, specs, static, casts)
    elif op.layout in ("elementwise", "copy"):
        sig.fn_last = sig.fn
    sig.op, sig.dynamic, sig.structured = op, op.dynamic, op.returns is not None
    sig.ranks, sig.mesh = ranks_of(static), mesh_of(static)
    if sig.ranks is not None and len(sig.ranks.ranks) == 1:
        sig.ranks, sig.fn = None, alone(sig.fn)
    sig.linear = op.linear if isinstance(op.linear, bool) else bool(op.linear(*(isinstance(s, Aval) for s in specs)))
    try:
        with LOCK:
            _infer(sig, specs, static)
    except (TypeError, ValueError) as error:
        if _from_row(error):
            raise
        # JAX's own complaint: torch raises RuntimeError and names the op.
        shapes = ", ".join("None" if s is None else s.__name__ if isinstance(s, type) else repr(s) for s in specs)
        raise RuntimeError(f"{op.name}: {error} (received {shapes})") from error
    if len(known) >= _LIMIT:
        known.clear()
    known[op, specs, static] = sig
    return sig


def _infer(sig: Signature, specs: tuple[Spec, ...], static: tuple) -> None:
    op = sig.op
    if op is None or not op.broadcasts or sig.ranks is not None:
        sig.infer()
    elif (found := shapes.known(op, specs, static)) is not None:
        sig.settle(found)
    else:
        sig.infer()
        shapes.learn(op, specs, static, sig.outs)


def _check_kinds(op: Op, specs: Sequence[Spec], static: tuple) -> None:
    """Raises TypeError for numbers where torch takes tensors only, and for a dimension that is no integer."""
    if op.variadic:  # a private row may take numbers (where slices start)
        for i, spec in enumerate(specs):
            if isinstance(spec, type) and op.ns:
                raise TypeError(unfit(op, i, spec))
    elif specs and isinstance(specs[0], type):
        alone = not any(isinstance(s, Aval) for s in specs)
        if (op.ns or op.method) if alone else (op.promote is None and not op.raw):
            raise TypeError(unfit(op, 0, specs[0]))
    for place, (name, value) in enumerate(zip(op.keywords, static, strict=True)):
        if name == "dim" and isinstance(value, (float, str)):
            position = len(op.operands) + place + 1
            raise TypeError(f"{op.name}(): argument 'dim' (position {position}) must be int, not {type(value).__name__}")


def unfit(op: Op, place: int, kind: type) -> str:
    """What to say about an operand that is no tensor."""
    if op.variadic:
        return f"expected Tensor as element {place} in argument 0, but got {kind.__name__}"
    return f"{op.name}(): argument '{op.operands[place][0]}' (position {place + 1}) must be Tensor, not {kind.__name__}"


def _from_row(error: BaseException) -> bool:
    """Whether a row's own check raised, in torch's class and words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("torchlike.")


def forget() -> None:
    """Drop every interned signature (the default dtype has changed)."""
    known.clear()


dtypes.on_default_change(forget)


def _place(op: Op, specs: Sequence[Spec]) -> tuple[device, bool]:
    """Where the op runs. Zero-dim CPU tensors may join tensors elsewhere, as in torch."""
    avals = [s for s in specs if isinstance(s, Aval)]
    where = next((a.device for a in avals if a.ndim or a.device is not devices.CPU), devices.CPU)
    traced = any(a.traced for a in avals)
    known_places = not traced or any(a.device is devices.META for a in avals)  # tracers do not say where they are
    for a in avals:
        if a.device is not where and known_places and not (a.device is devices.CPU and a.ndim == 0):
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{where} and {a.device}! (when checking arguments of {op.name})"
            )
    return where, (traced or flags.eager) and where is not devices.META


def _casts(op: Op, specs: Sequence[Spec]) -> list[Any]:
    """Per operand, the numpy dtype it is cast to before the op sees it, or None."""
    if op.promote is None:
        floats = dtypes.float64.np if op.wide else dtypes.get_default_dtype().np
        return [(floats if s is float else dtypes.of_number_type(s).np) if isinstance(s, type) else None for s in specs]
    names = [name for name, _ in op.operands] if not op.variadic else [None] * len(specs)
    joins = [op.promoted is None or name in op.promoted for name in names]
    meeting = [
        (s.dtype, s.ndim) if isinstance(s, Aval) else s for s, j in zip(specs, joins, strict=True) if j and s is not None
    ]
    common = promotion.result_type(meeting)
    if op.promote == "float" and not common.is_differentiable:
        common = dtypes.get_default_dtype()
    # A number that has no say in the meeting still takes its dtype where that can hold it: 0.1 beside float64 is not float32's.
    numbers = [dtypes.of_number_type(s) if isinstance(s, type) else None for s in specs]
    return [
        common.np if j or (n and n.category <= common.category) else n.np if n else None
        for n, j in zip(numbers, joins, strict=True)
    ]


def _function(op: Op, row: Callable, specs: tuple[Spec, ...], static: tuple, casts: list[Any]) -> Callable[..., tuple]:
    """The pure function of the given arguments: casts, defaults and static parameters filled in."""
    defaults = [default for _, default in op.operands] if not op.variadic else [None] * len(specs)
    keywords = {
        name: value.np if isinstance(value, dtypes.dtype) else value
        for (name, _), value in zip(op.statics, static, strict=True)
    }

    def fn(*args: Any) -> tuple:
        given = iter(args)
        operands = []
        for spec, cast, default in zip(specs, casts, defaults, strict=True):
            if spec is None:
                operands.append(default)
                continue
            arg = next(given)
            if isinstance(spec, type):
                if isinstance(arg, jax.core.Tracer):
                    arg = jnp.asarray(arg, cast)
                elif not op.raw:
                    arg = jnp.asarray(np.asarray(arg).astype(cast))  # numbers outside an integer dtype wrap, as in torch
            elif cast is not None and arg.dtype != cast:
                arg = _cast(arg, cast)
            operands.append(arg)
        out = row(*operands, **keywords)
        return tuple(out) if isinstance(out, (tuple, list)) else (out,)

    return fn


def _cast(array: Any, to: Any) -> Any:
    return array.astype(to)

"""Pending graphs run by numpy: each signature is traced to a jaxpr once, and its primitives are looked up in a table.

A forked process must not touch the XLA of its parent: the threads of its pools do not exist there (a compilation in
such a process aborts). `enable` makes every flush come here instead. Nothing is compiled, so that tensors whose shape is
new each time (images, before they are cropped) cost no more than others; which is why programs that never come again are run
here in any process (see `torchlike.engine.seldom`).
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from torchlike.base import dtypes
from torchlike.base.flags import flags
from torchlike.engine import program, random, record, signature, value
from torchlike.engine.build import number_starts, results_of
from torchlike.engine.host import blocks
from torchlike.engine.signature import Signature
from torchlike.engine.value import Aval

if TYPE_CHECKING:
    from torchlike.engine.record import Graph

Steps = Callable[[list[Any]], list]
_compiled: dict[Signature, Steps] = {}
_LIMIT = 4096
_foreign = False


def enabled() -> bool:
    """Whether programs are run by numpy in this process."""
    return program.on_host is not None


def enable(foreign: bool = False) -> None:
    """Run every program of this process with numpy from now on.

    Args:
        foreign: this is a fork of a process that uses XLA. Arrays that are there already can be read where they are on the
            CPU; operations that numpy does not know raise NotImplementedError. Otherwise those are left to XLA.
    """
    global _foreign
    _foreign = foreign
    if foreign:
        _compiled.clear()  # some may be XLA's
    program.on_host = run
    program.stats.cold = False  # nothing compiles, so that no lines of the user's are kept
    value.keep_on_host(_read_foreign if foreign else _read)
    flags.rng = "torch"
    if flags.eager:
        flags.eager = False
        signature.forget()


def disable() -> None:
    """Run programs with XLA again (for tests)."""
    program.on_host = None
    value.keep_on_host(None)


def _read(array: Any) -> np.ndarray:
    return np.asarray(array)


def _read_foreign(array: Any) -> np.ndarray:
    if isinstance(array, jax.Array) and any(d.platform != "cpu" for d in array.devices()):
        where = next(iter(array.devices())).platform
        raise RuntimeError(
            f"Cannot re-initialize {'CUDA' if where == 'gpu' else where.upper()} in forked subprocess. To use it with "
            "multiprocessing, you must use the 'spawn' start method"
        )
    return np.asarray(array)


def run(graph: Graph, live: Sequence[int], compiling: bool = False) -> None:
    """Give every pending value among `live` its array, entry by entry.

    Args:
        compiling: leave what comes again and again in it to XLA (see `torchlike.engine.host.blocks`).
    """
    values, entries = graph.values, graph.entries
    outs = [i for i in live if values[i].array is None]
    results, starts = results_of(graph), number_starts(entries)
    steps = _steps_for(graph, outs, results)
    # XLA's arrays go to XLA's programs as they are.
    env = {i: values[i].force() if compiling else value.read(values[i].force()) for i in graph.leaves}
    last = {slot: place for place, (_, slots) in enumerate(steps) for slot in slots}  # who reads a value last
    last |= dict.fromkeys((*outs, *graph.leaves), len(steps))

    def numbers_of(index: int) -> list[Any]:
        sig, pair = entries[index][:2]
        start = starts[index if pair < 0 else pair]
        return graph.numbers[start : start + sum(not isinstance(s, Aval) for s in sig.specs)]

    place = 0
    for step in blocks.cut(graph, steps, results, last) if compiling else steps:
        if isinstance(step, blocks.Block):
            blocks.run(step, env, [n for index, _ in step.steps for n in numbers_of(index)])
            place += len(step.steps)
            _forget(step.reads, last, place, env)
        else:
            index, read = step
            sig = entries[index][0]
            given, numbers = iter(read), map(_number, numbers_of(index))
            args = [np.asarray(env[next(given)]) if isinstance(s, Aval) else next(numbers) for s in sig.specs]
            place += 1
            _forget(read, last, place, env)  # what nobody else holds may be overwritten
            env.update(zip(results[index], call(sig, args), strict=True))
    for slot in outs:
        found = env[slot]
        values[slot].array = found if isinstance(found, jax.Array) else np.asarray(found)


def _forget(slots: Sequence[int], last: dict[int, int], place: int, env: dict[int, Any]) -> None:
    """Let go of what is not read from `place` on."""
    for slot in slots:
        if last[slot] < place:
            env.pop(slot, None)


def _steps_for(graph: Graph, outs: Sequence[int], results: list[range]) -> list[tuple[int, list[int]]]:
    """In order, the entries that `outs` depend on, each with the slots that it reads.

    A pullback that is paired with its forward traces that again, as it does where the two are in different programs.
    """
    entries, steps = graph.entries, []
    wanted = bytearray(len(graph.values))
    for slot in outs:
        wanted[slot] = 1
    for index in range(len(entries) - 1, -1, -1):
        made = results[index]
        if not any(wanted[made.start : made.stop]):
            continue
        sig, pair, *slots = entries[index]
        if pair >= 0 and not sig.forward.linear:
            slots = [*entries[pair][2:], *slots]
        for slot in slots:
            wanted[slot] = 1
        steps.append((index, slots))
    return steps[::-1]


def call(sig: Signature, args: list[Any]) -> list:
    """The results of one signature. The list is emptied: arrays that only it held may be overwritten."""
    steps = _compiled.get(sig)
    if steps is None:
        if len(_compiled) >= _LIMIT:
            _compiled.clear()
        closed = signature.recent.pop(sig, None)
        if closed is None:
            structs = [s.struct() if isinstance(s, Aval) else jax.ShapeDtypeStruct((), _kind(s)) for s in sig.specs]
            with jax.enable_x64(True):
                closed = jax.make_jaxpr(sig.fn)(*structs)
        try:
            steps = evaluate(closed)
        except NotImplementedError as error:
            if _foreign:
                raise NotImplementedError(
                    f"torchlike has no {sig.name} in forked processes, where XLA must not be touched ({error}): call it in "
                    "the main process, or start processes with 'spawn' (a loader: multiprocessing_context='spawn')"
                ) from None
            steps = _by_xla(sig)
        _compiled[sig] = steps
    return steps(args)


def _by_xla(sig: Signature) -> Steps:
    jitted = jax.jit(sig.fn)

    def run(args: list[Any]) -> list:
        with jax.enable_x64(True):
            return [np.asarray(out) for out in jitted(*args)]

    return run


def _kind(number: type) -> np.dtype:
    return dtypes.of_number_type(number).np if number is not float else np.dtype(np.float64)


def _number(number: Any) -> np.ndarray:
    return np.asarray(number, _kind(type(number)))


program.by_numpy = functools.partial(run, compiling=True)


# ---- jaxprs ---------------------------------------------------------------------------------------------------


def evaluate(closed: Any) -> Steps:
    """A function of arrays that runs a closed jaxpr with numpy.

    Raises:
        NotImplementedError: for a primitive that is not in the table.
    """
    return _steps(closed.jaxpr, [np.asarray(c) for c in closed.consts], table())


def table() -> Any:
    """The module of the primitives, loaded when first needed."""
    from torchlike.engine.host import indexed, primitives  # noqa: F401  # `indexed` adds to the table

    return primitives


def _steps(jaxpr: Any, constants: Sequence[Any], table: Any) -> Steps:
    places: dict[Any, int] = {}

    def place(var: Any) -> int:
        return places.setdefault(var, len(places))

    fixed = {place(var): const for var, const in zip(jaxpr.constvars, constants, strict=True)}
    inputs = [place(var) for var in jaxpr.invars]

    def source(atom: Any) -> int:
        if not hasattr(atom, "val"):
            return place(atom)
        at = len(places)
        places[("literal", at)] = at
        fixed[at] = np.asarray(atom.val, atom.aval.dtype)
        return at

    steps: list[Any] = []
    for eqn in jaxpr.eqns:
        outs = [(place(var), var.aval.dtype) for var in eqn.outvars]
        ufunc = table.UFUNCS.get(eqn.primitive.name) if outs[0][1].kind == "f" else None
        steps.append((_primitive(eqn, table), ufunc, [source(atom) for atom in eqn.invars], outs))
    results = [source(atom) for atom in jaxpr.outvars]
    size = len(places)
    last = {at: index for index, step in enumerate(steps) for at in step[2]}
    last |= dict.fromkeys([*fixed, *results], -1)
    dying = [[at for at in dict.fromkeys(step[2]) if last[at] == index] for index, step in enumerate(steps)]

    def run(args: list[Any]) -> list:
        env: list[Any] = [None] * size
        for at, array in fixed.items():
            env[at] = array
        for at in reversed(inputs):
            env[at] = args.pop()
        with np.errstate(all="ignore"):
            for (fn, ufunc, given, outs), over in zip(steps, dying, strict=True):
                operands = [env[at] for at in given]
                for at in over:
                    env[at] = None
                out: Any = _over(ufunc, operands, outs[0][1]) if ufunc is not None else None
                if out is None:
                    out = fn(*operands)
                if type(out) not in (list, tuple):
                    out = (out,)
                for (at, dtype), array in zip(outs, out, strict=True):
                    env[at] = np.asarray(array, dtype)
        return [env[at] for at in results]

    return run


def _over(ufunc: np.ufunc, operands: list[Any], dtype: np.dtype) -> np.ndarray | None:
    """The result, written over an operand that owns its memory and that nobody else holds; None where there is none."""
    counts = list(map(getrefcount, operands))
    for array, count in zip(operands, counts, strict=True):
        if count == _ALONE and array.ndim and array.dtype == dtype and array.flags.owndata and array.flags.writeable:
            shape = np.broadcast_shapes(*[a.shape for a in operands])
            return ufunc(*operands, out=array) if array.shape == shape else None
    return None


# What getrefcount says through map() of an array that only its list refers to.
_ALONE = next(iter(map(getrefcount, [object()])))


def _primitive(eqn: Any, table: Any) -> Callable:
    name, parameters = eqn.primitive.name, eqn.params
    nested = parameters.get("jaxpr") or parameters.get("call_jaxpr") or parameters.get("fun_jaxpr")
    if name in _CONTROL:
        return _CONTROL[name](parameters, table)
    if name in table.TABLE:
        fn = table.TABLE[name]
        return lambda *arrays: fn(*arrays, **parameters)
    if nested is not None and not name.startswith("reduce"):
        inner = _nested(nested, table)
        return lambda *arrays: inner(list(arrays))
    raise NotImplementedError(f"JAX's {name}")


def _nested(jaxpr: Any, table: Any) -> Steps:
    consts = [np.asarray(c) for c in getattr(jaxpr, "consts", ())]
    return _steps(getattr(jaxpr, "jaxpr", jaxpr), consts, table)


def _while(parameters: dict, table: Any) -> Callable:
    condition, body = _nested(parameters["cond_jaxpr"], table), _nested(parameters["body_jaxpr"], table)
    first, second = parameters["cond_nconsts"], parameters["body_nconsts"]

    def run(*arrays: Any) -> list:
        state = list(arrays[first + second :])
        while condition([*arrays[:first], *state])[0]:
            state = body([*arrays[first : first + second], *state])
        return state

    return run


def _cond(parameters: dict, table: Any) -> Callable:
    branches = [_nested(branch, table) for branch in parameters["branches"]]
    return lambda index, *arrays: branches[min(max(int(index), 0), len(branches) - 1)](list(arrays))


def _scan(parameters: dict, table: Any) -> Callable:
    body, count, carried = _nested(parameters["jaxpr"], table), parameters["num_consts"], parameters["num_carry"]
    places = range(parameters["length"])
    stacked = [(var.aval.shape, var.aval.dtype) for var in getattr(parameters["jaxpr"], "jaxpr", parameters["jaxpr"]).outvars]

    def run(*arrays: Any) -> list:
        state, each = list(arrays[count : count + carried]), arrays[count + carried :]
        outs = [np.empty((len(places), *shape), dtype) for shape, dtype in stacked[carried:]]
        for i in reversed(places) if parameters["reverse"] else places:
            found = body([*arrays[:count], *state, *[x[i] for x in each]])
            state = found[:carried]
            for out, array in zip(outs, found[carried:], strict=True):
                out[i] = array
        return [*state, *outs]

    return run


_CONTROL = {"while": _while, "cond": _cond, "scan": _scan}


# ---- forks ----------------------------------------------------------------------------------------------------


def _before_fork() -> None:
    """See to it that no thread is inside JAX, whose locks a child would find locked for ever, and that all arrays are there.

    A child can read arrays, and cannot wait for them.
    """
    for lock in _locks():
        lock.acquire()
    if _started():
        for array in jax.live_arrays():
            with contextlib.suppress(RuntimeError):  # deleted meanwhile, or its program failed
                array.block_until_ready()


def _after_fork_in_parent() -> None:
    for lock in _locks():
        lock.release()


def _after_fork_in_child() -> None:
    for lock in _locks():
        lock._at_fork_reinit()  # as Python's own modules do
    if _started():
        enable(foreign=True)


def _locks() -> list[Any]:
    return [record.LOCK, random.default_generator._lock]


def _started() -> bool:
    return bool(jax._src.xla_bridge._backends)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

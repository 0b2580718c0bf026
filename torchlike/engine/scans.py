"""Running a loop (see `torchlike.engine.loops`) while a program is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base.flags import flags
from torchlike.engine import images
from torchlike.engine.entry import Pull, cut, forward, is_light
from torchlike.engine.loops import Loop, Step
from torchlike.engine.value import Aval


class Places:
    """The numbers of rows, in a form that XLA's CPU compiler takes for unknown.

    There each kernel costs tens of milliseconds to compile, unless it is one that was compiled before. Reading row 3 and
    reading row 4 are two kernels, and so is whatever they are fused into (the optimizer's update of each parameter); reading
    row `i` of `i` computed elsewhere is the same one. So a loop, of which only we know that it runs once, gives the numbers.
    """

    def __init__(self, count: int, hidden: bool):
        self.count, self.hidden = count, hidden
        self.numbers: Sequence[Any] = ()

    def found(self, array: Any) -> None:
        """Make them from any array that is there."""
        if not self.hidden or self.numbers or not array.size:
            return
        known = jnp.isfinite(jnp.real(lax.stop_gradient(jnp.ravel(array)[0])).astype(np.float32))
        once = lax.convert_element_type(known, np.int32) // 2 + 1
        order = [*range(1, self.count), 0]

        def turn(state: tuple) -> tuple:
            return state[0] + 1, [state[1][-1], *state[1][:-1]]

        init = np.int32(0), [np.int32(n) for n in order]
        self.numbers = lax.while_loop(lambda state: state[0] < once, turn, init)[1]

    def take(self, stack: Any, row: int) -> Any:
        """One row of a stack."""
        if self.numbers:
            return lax.dynamic_index_in_dim(stack, self.numbers[row], keepdims=False)
        return lax.index_in_dim(stack, row, keepdims=False)


class Row:
    """One row of a stack, taken out when it is first asked for."""

    __slots__ = ("array", "places", "row", "stack")

    def __init__(self, stack: Any, row: int, places: Places):
        self.stack, self.row, self.places, self.array = stack, row, places, None

    def read(self) -> Any:
        if self.array is None:
            self.array = self.places.take(self.stack, self.row)
        return self.array


def read(env: dict[int, Any], slot: int) -> Any:
    """The array (or the image) in a slot."""
    found = env[slot]
    return found.read() if type(found) is Row else found


class Saved(NamedTuple):
    """The pullback of an entry in one of a loop's blocks."""

    ran: Ran
    step: int
    row: int

    def pull(self) -> Pull:
        """The pullback, with what it keeps taken out of the stacks."""
        make, sources = self.ran.pulls[self.step]
        return make([self.ran.rows(source, self.row).read() if source[0] != "same" else source[1] for source in sources])


Recipe = tuple[Callable[[list[Any]], Any], list[tuple]]


class Ran:
    """What is left of a loop that ran.

    Attributes:
        each: the stacks that it read. kept: the stacks that it made.
        pulls: by step, what makes its pullback, and where the arrays are that it takes.
    """

    def __init__(self, each: Sequence[Any], places: Places):
        self.each, self.kept, self.places = each, (), places
        self.pulls: dict[int, Recipe] = {}
        self._rows: dict[tuple, Row] = {}

    def stack(self, source: tuple) -> Any:
        return (self.each if source[0] == "each" else self.kept)[source[1]]

    def rows(self, source: tuple, row: int) -> Row:
        """One row of a stack; the same object each time."""
        return self._rows.setdefault((*source, row), Row(self.stack(source), row, self.places))


def run(
    loop: Loop, needed: Sequence[int], env: dict[int, Any], pulls: dict[int, Any], numbers: Sequence[Any], places: Places
) -> bool:
    """Run all blocks. Returns False, with nothing done, where they must be run one by one.

    Args:
        env: arrays by slot. pulls: pullbacks by entry. numbers, places: those of all.
    """
    try:
        scan = _Scan(loop, env, pulls, numbers, places)
        scan.run()
    except _Unfit:
        return False
    except Exception:
        if flags.scan == "1":
            raise
        return False  # nobody asked for a loop: an operation that cannot be in one must not fail for it
    for array in [*scan.finals, *scan.ran.kept]:
        places.found(array)
    count, last = loop.repeat.times, loop.repeat.times - 1
    for n, (j, o) in enumerate(loop.stacked):
        env.update((loop.slots(k, j, o), scan.ran.rows(("kept", n), loop.row(k))) for k in range(count))
    for (j, o), final in zip([*[c[:2] for c in loop.carries], *loop.lasts], scan.finals, strict=True):
        env.setdefault(loop.slots(last, j, o), final)
    for j in loop.saved:
        pulls.update(
            (needed[loop.positions[k * loop.repeat.period + j]], Saved(scan.ran, j, loop.row(k))) for k in range(count)
        )
    return True


class _Unfit(Exception):
    """Blocks differ in what cannot be stacked."""


class _Scan:
    """One run of a loop: its inputs, and its body."""

    def __init__(self, loop: Loop, env: dict[int, Any], pulls: dict[int, Any], numbers: Sequence[Any], places: Places) -> None:
        self.loop = loop
        self.same = {slot: images.plain(read(env, slot)) for slot in loop.same}
        self.numbers, varying = self._numbers(numbers)
        # What the pullbacks of another loop keep: by its stack and where in it, the place among the inputs.
        self.saved: dict[tuple, int] = {}
        kept: list[Any] = []
        self.sources: dict[int, Recipe] = {}
        for j, step in enumerate(loop.steps):
            if step.pull is not None and step.pull[0] == "saved":
                self._pull(j, pulls, kept)
        self.ran = Ran([_stacked(loop.in_rows(slots), env) for slots in loop.each], places)
        self.xs = (list(self.ran.each), varying, kept)
        firsts = [_described(images.plain(read(env, slot)), self._aval(j, o)) for j, o, slot in loop.carries]
        avals = [self._aval(j, o) for j, o in loop.lasts]
        self.init = [*firsts, *[jnp.zeros(a.shape, a.dtype.np) for a in avals]]
        self.finals: Sequence[Any] = ()

    def _aval(self, step: int, result: int) -> Aval:
        return self.loop.steps[step].sig.outs[result]

    def _numbers(self, numbers: Sequence[Any]) -> tuple[list[list[Any]], list[Any]]:
        """Per step its numbers, those that vary as their place among the stacks of numbers; and these stacks."""
        found: list[list[Any]] = []
        stacks: list[Any] = []
        for step in self.loop.steps:
            own: list[Any] = []
            for i in range(step.numbers):
                given = self.loop.in_rows([numbers[start + i] for start in step.starts])
                if all(_equal(given[0], n) for n in given):
                    own.append(given[0])
                else:
                    own.append(_Varying(len(stacks)))
                    stacks.append(_stacked_numbers(given))
            found.append(own)
        return found, stacks

    def _pull(self, j: int, pulls: dict[int, Any], kept: list[Any]) -> None:
        """Make what the pullback of a step needs of its forwards an input."""
        entries = self.loop.steps[j].pull[1]  # type: ignore[index]  # it is a pullback
        saved = pulls[entries[0]]
        if type(saved) is not Saved:
            raise _Unfit
        low = min(saved.row, pulls[entries[-1]].row)
        make, sources = saved.ran.pulls[saved.step]
        places: list[tuple] = []
        for source in sources:
            if source[0] == "same":
                places.append(source)
                continue
            key = (id(saved.ran), *source, low)
            if key not in self.saved:
                self.saved[key] = len(kept)
                kept.append(_part(saved.ran.stack(source), low, len(entries)))
            places.append(("kept", self.saved[key]))
        self.sources[j] = make, places

    # ------------------------------------------------------------------ the scan

    def run(self) -> None:
        loop = self.loop
        final, kept = lax.scan(self._body, self.init, self.xs, length=loop.repeat.times, reverse=loop.backward)
        self.finals, self.ran.kept = final, kept

    def _body(self, state: list[Any], xs: tuple) -> tuple[list[Any], list[Any]]:
        loop = self.loop
        made: list[list[Any]] = []
        pulls: list[Any] = []
        recipes: dict[int, tuple[Callable[[list[Any]], Any], list[Any]]] = {}
        for j, step in enumerate(loop.steps):
            given = [self._operand(feed, state, xs, made) for feed in step.feeds]
            if step.flows is not None:
                given = cut(given, step.flows)
            own = [xs[1][n.place] if type(n) is _Varying else n for n in self.numbers[j]]
            with jax.named_scope(step.sig.name):
                out, pull = self._step(j, step, given, own, xs, pulls)
            made.append([_described(images.plain(x), a) for x, a in zip(out, step.sig.outs, strict=True)])
            pulls.append(pull)
            if j in loop.saved:
                recipes[j] = _recipe(step, given, own, pull)
        handed = [made[j][o] for j, o in [*[c[:2] for c in loop.carries], *loop.lasts]]
        return handed, self._kept(xs, made, recipes)

    def _operand(self, feed: tuple, state: list[Any], xs: tuple, made: list[Any]) -> Any:
        kind = feed[0]
        if kind == "made":
            return made[feed[1]][feed[2]]
        return state[feed[1]] if kind == "carry" else xs[0][feed[1]] if kind == "each" else self.same[feed[1]]

    def _step(self, j: int, step: Step, given: list, own: list, xs: tuple, pulls: list) -> tuple[Sequence[Any], Any]:
        if step.pull is None:
            return forward(step.sig, given, own, step.needs)
        if step.pull[0] == "here":
            return pulls[step.pull[1]].run(step.sig, given), None
        make, sources = self.sources[j]
        pull = make([source[1] if source[0] == "same" else xs[2][source[1]] for source in sources])
        return pull.run(step.sig, given), None

    def _kept(self, xs: tuple, made: list[Any], recipes: dict[int, tuple]) -> list[Any]:
        """What is stacked: the results asked for, then what pullbacks are made of and is not at hand as it is."""
        kept = [made[j][o] for j, o in self.loop.stacked]
        known: dict[int, tuple] = {id(x): ("kept", n) for n, x in enumerate(kept)}
        known |= {id(x): ("same", x) for x in self.same.values()}
        known |= {id(x): ("each", n) for n, x in enumerate(xs[0])}
        for j, (make, leaves) in recipes.items():
            sources: list[tuple] = []
            for leaf in leaves:
                if not isinstance(leaf, jax.core.Tracer):
                    sources.append(("same", leaf))
                    continue
                if id(leaf) not in known:
                    known[id(leaf)] = ("kept", len(kept))
                    kept.append(leaf)
                sources.append(known[id(leaf)])
            self.ran.pulls[j] = make, sources
        return kept


def _recipe(step: Step, given: list[Any], own: list[Any], pull: Pull) -> tuple[Callable[[list[Any]], Any], list[Any]]:
    """How to make a pullback again in another scan, and of which arrays.

    That is of the operands, where computing the forward again is as good as free: XLA would compute it in the same kernel, and
    what is kept for the backward scan has to be written to memory, and costs a kernel each.
    """
    if is_light(step.sig):
        count = len(given)
        return lambda arrays: forward(step.sig, arrays[:count], arrays[count:], step.needs)[1], [*given, *own]
    leaves, tree = jax.tree.flatten(pull.pull)
    rest = pull[1:]
    return lambda arrays: Pull(jax.tree.unflatten(tree, arrays), *rest), leaves


class _Varying(NamedTuple):
    """A number of which each block has its own."""

    place: int


def _equal(a: Any, b: Any) -> bool:
    """Whether two numbers are the same constant."""
    return a is b or (type(a) is type(b) and not isinstance(a, jax.core.Tracer) and repr(a) == repr(b))


def _stacked_numbers(given: Sequence[Any]) -> Any:
    if any(isinstance(n, jax.core.Tracer) for n in given):
        return jnp.stack([jnp.asarray(n) for n in given])
    kind = {bool: np.bool_, int: np.int64, complex: np.complex128}.get(type(given[0]), np.float64)
    try:
        return np.array(given, kind)
    except OverflowError:
        raise _Unfit from None


def _stacked(slots: Sequence[int], env: dict[int, Any]) -> Any:
    """The arrays in these slots, stacked: what is stacked already is not taken apart."""
    found = [env[slot] for slot in slots]
    first = found[0]
    if type(first) is Row and all(type(f) is Row and f.stack is first.stack for f in found):
        rows = [f.row for f in found]
        low, count = min(rows), len(rows)
        if rows == list(range(low, low + count)):
            return _part(first.stack, low, count)
        if rows[::-1] == list(range(low, low + count)):
            return lax.rev(_part(first.stack, low, count), (0,))
    return jnp.stack([images.plain(read(env, slot)) for slot in slots])


def _part(stack: Any, low: int, count: int) -> Any:
    return stack if count == stack.shape[0] else lax.slice_in_dim(stack, low, low + count)


def _described(array: Any, like: Aval) -> Any:
    """The array in exactly the described dtype, not a weak one: what a scan hands on must not change its type."""
    return lax.convert_element_type(array, like.dtype.np)

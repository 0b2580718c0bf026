"""The op table. One row per op; functions, methods, in-place forms, `out=`, promotion and docs derive from it.

A row's function is pure JAX and knows nothing of tensors, gradients or devices:

    @op(promote="same", inplace=True)
    def hypot(input, other): ...

    @op(returns=("values", "indices"))
    def max_dim(input, *, dim, keepdim=False): ...

* Parameters before `*` are operands: each arrives as a `jax.Array`, or as None where the default is None and nothing
  was given. `*tensors` takes a list of tensors. A Python number given for an operand arrives as a zero-dim array
  (of the promoted dtype where the row promotes it), or untouched where the row says `raw`.
* Parameters after `*` are static: hashable Python values; lists arrive as tuples, torch dtypes as numpy dtypes.
* Errors that a user can cause are raised here, with torch's class and wording (`ops/checks.py` has the common ones).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torchlike.ops import autocast

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class View:
    """How a row that returns an alias of its input behaves.

    Attributes:
        write: the row that puts a written view back: `(base, new, *numbers, **static) -> base'`. None where an element
            shows in several places: what is written then goes to its place in the storage directly.
        layout: `(shape, strides, offset, new_shape, **static) -> (strides, offset)`, or None where the view is not
            expressible in strides.
    """

    write: Op | None
    layout: Callable[..., tuple[tuple[int, ...], int] | None]


@dataclass(frozen=True, eq=False)
class Op:
    """One row of the op table; see the module's text for what `fn` looks like.

    Attributes:
        name: unique; also the public name in each namespace of `ns`.
        fn: the pure JAX function.
        ns: public namespaces below the root, separated by spaces: "torch", "nn.functional", "linalg" ... ; "" is private.
        method: also a Tensor method.
        inplace: also `name_` (function and method), and torch's rule about the result's dtype applies.
        promote: None, "same" (operands meet in torch's result type) or "float" (the same, integers become floats).
        promoted: the operands that promotion concerns; all by default.
        returns: field names when the result is a named tuple of several tensors.
        linear: the gradient needs no operand's value (add, sum, views ...): nothing is kept for backward. True, or a
            function of the operand kinds (True where the operand is a tensor).
        layout: "elementwise" (the result keeps the operands' dimension order), "copy" (elementwise of one operand, whose
            strides it keeps where they leave no gaps), "like" (the first operand's, not elementwise), "contiguous" or None.
        raw: operands that are numbers arrive as Python numbers while they are constants.
        dynamic: operands that are numbers are inputs of the compiled program from the first run on.
        overwrites: nothing of the first operand is in the result: its gradient is a plain zero.
        wide: operands that are floats arrive as float64 whatever the default dtype is (hyperparameters).
        channels_last: the same function for a first operand (N, C, *spatial) that is stored as (N, *spatial, C), as are results
            of its rank. Elementwise rows need none.
        prefers_channels_last: the first operand is brought into that order where programs keep images so (on CPU).
        broadcasts: the results have the shape of the operands together, and dtypes that do not depend on it.
        aliases: other public names.
        grad_name: what torch calls the node, without "Backward0"; a name with a namespace ("torch::...") is the whole name.
        check: called with the operands' kinds (an Aval or the type of a number) before they are promoted; raises what
            the row itself can no longer see.
        view: set when the result aliases the first operand.
        autocast: what autocast does with the operands on the CPU and elsewhere, or None (see `torchlike.ops.autocast`).
    """

    name: str
    fn: Callable[..., Any]
    ns: str = "torch"
    method: bool = True
    inplace: bool = False
    promote: str | None = None
    promoted: tuple[str, ...] | None = None
    returns: tuple[str, ...] | None = None
    linear: bool | Callable[..., bool] = False
    layout: str | None = None
    raw: bool = False
    dynamic: bool = False
    overwrites: bool = False
    wide: bool = False
    channels_last: Callable[..., Any] | None = None
    prefers_channels_last: bool = False
    broadcasts: bool = False
    aliases: tuple[str, ...] = ()
    grad_name: str = ""
    check: Callable[..., None] | None = None
    view: View | None = None
    out: bool = True
    operands: tuple[tuple[str, Any], ...] = field(init=False, default=())
    statics: tuple[tuple[str, Any], ...] = field(init=False, default=())
    keywords: tuple[str, ...] = field(init=False, default=())
    variadic: bool = field(init=False, default=False)
    autocast: tuple[autocast.Class, autocast.Class] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.fn).parameters.values()
        kind = inspect.Parameter
        set_ = object.__setattr__
        set_(self, "operands", tuple((p.name, p.default) for p in parameters if p.kind == kind.POSITIONAL_OR_KEYWORD))
        set_(self, "statics", tuple((p.name, p.default) for p in parameters if p.kind == kind.KEYWORD_ONLY))
        set_(self, "keywords", tuple(p.name for p in parameters if p.kind == kind.KEYWORD_ONLY))
        set_(self, "variadic", any(p.kind == kind.VAR_POSITIONAL for p in parameters))
        set_(self, "autocast", autocast.classes(self.name))
        if self.layout is None and self.promote is not None:
            set_(self, "layout", "elementwise")
        if not self.grad_name:
            set_(self, "grad_name", "".join(part.capitalize() for part in self.name.strip("_").split("_")))

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class Table:
    """All rows by name. Registering a name twice is an error."""

    def __init__(self) -> None:
        self.rows: dict[str, Op] = {}

    def add(self, row: Op) -> Op:
        if row.name in self.rows:
            raise ValueError(f"the op {row.name!r} is registered twice: {self.rows[row.name].fn} and {row.fn}")
        self.rows[row.name] = row
        return row

    def __getitem__(self, name: str) -> Op:
        return self.rows[name]

    def __iter__(self) -> Iterator[Op]:
        return iter(self.rows.values())


OPS = Table()


def op(name: str | None = None, **options: Any) -> Callable[[Callable], Callable]:
    """Register the decorated function as a row (its own name unless `name` is given) and return it unchanged."""

    def register(fn: Callable) -> Callable:
        OPS.add(Op(name or fn.__name__, fn, **options))
        return fn

    return register


def rows(options: dict[str, Any], **functions: Callable) -> None:
    """Register several rows that share `options`: `rows(dict(promote="float", inplace=True), sin=jnp.sin)`.

    A JAX function is taken by its first operands only: one of one parameter named `input` or of two, `input` and `other`.
    """
    for name, fn in functions.items():
        OPS.add(
            Op(name, _with_torch_names(name, fn, options.get("arity", 1)), **{k: v for k, v in options.items() if k != "arity"})
        )


def _with_torch_names(name: str, fn: Callable, arity: int) -> Callable:
    if arity == 1:

        def unary(input):
            return fn(input)

        chosen: Callable = unary
    else:

        def binary(input, other):
            return fn(input, other)

        chosen = binary
    chosen.__name__ = chosen.__qualname__ = name
    chosen.__doc__ = (fn.__doc__ or "").strip().split("\n\n")[0] or None
    return chosen

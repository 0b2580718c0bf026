"""The kinds of steps that random programs are made of. Each function adds one to a builder, if it can."""

from __future__ import annotations

from typing import Any

import torch

from tests.fuzz.builder import Builder
from tests.fuzz.indices import broadcasts, index, slices

SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 3), (3, 2), (1, 3), (2, 1), (2, 1, 3), (2, 2, 3)]
FLOATS = (torch.float32, torch.float64, torch.bfloat16)


def is_float(t: torch.Tensor) -> bool:
    return t.dtype.is_floating_point


def has_dims(t: torch.Tensor) -> bool:
    return t.ndim > 0


def dense(t: torch.Tensor) -> bool:
    """Without gaps or repetition, in some order of its dimensions."""
    expected = 1
    for stride, size in sorted((st, s) for st, s in zip(t.stride(), t.shape, strict=True) if s != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def repeated(t: torch.Tensor) -> bool:
    """Whether an element shows in several places, as after expand or unfold."""
    places = torch.arange(t.untyped_storage().nbytes() // t.element_size()).as_strided(t.shape, t.stride(), t.storage_offset())
    return places.unique().numel() < t.numel()


def expanded(t: torch.Tensor) -> bool:
    """Whether torch sees that it is repeated (and refuses to write)."""
    return any(st == 0 and s > 1 for st, s in zip(t.stride(), t.shape, strict=True))


# ---- making ---------------------------------------------------------------------------------------------------


def _data(b: Builder, shape: tuple[int, ...], kind: str) -> Any:
    if shape:
        return [_data(b, shape[1:], kind) for _ in range(shape[0])]
    if kind == "bool":
        return b.chance(0.5)
    return b.rng.randint(-3, 3) if kind.startswith("int") else b.rng.randint(-6, 6) / 2


def leaf(b: Builder, wants_grad: bool | None = None) -> bool:
    kind = "float32" if wants_grad else b.rng.choices(["float32", "float64", "int64", "int32", "bool"], [60, 10, 13, 6, 8])[0]
    grad = kind.startswith("float") and (wants_grad or b.chance(0.5))
    shape = b.rng.choice(SHAPES)
    return b.attempt(f"torch.tensor({_data(b, shape, kind)}, dtype=torch.{kind}{', requires_grad=True' if grad else ''})")


def cast(b: Builder) -> bool:
    n = b.pick(rough=0 if b.chance(0.5) else 2)
    if n is None:
        return False
    kinds = ["float32", "float64", *(["bfloat16"] * 3 if b.coarse else [])]
    if b.rough[n] == 0:
        kinds += ["int64", "int32", "bool"]
    kind = b.rng.choice(kinds)
    short = {"float32": "float", "float64": "double", "int64": "long", "int32": "int"}.get(kind, kind)
    text = b.rng.choice([f"t{n}.to(torch.{kind})", f"t{n}.{short}()", f"t{n}.to(dtype=torch.{kind}, copy=True)"])
    return b.attempt(text, quiet=b.chance(0.05))


def copy(b: Builder) -> bool:
    n = b.pick()
    texts = [
        f"t{n}.clone()",
        f"t{n}.contiguous()",
        f"t{n}.detach().clone()",
        f"t{n}.clone(memory_format=torch.contiguous_format)",
    ]
    texts += [
        f"torch.zeros_like(t{n})",
        f"torch.ones_like(t{n})",
        f"t{n}.new_zeros(3)",
        f"torch.full_like(t{n}, {b.number(n)})",
    ]
    return b.attempt(b.rng.choice(texts), quiet=b.chance(0.05))


# ---- arithmetic -----------------------------------------------------------------------------------------------

_SMOOTH = ["sin", "cos", "tanh", "sigmoid", "square", "exp", "log1p(t.abs())", "sqrt(t.abs() + 1)", "reciprocal(t.abs() + 1)"]


def unary(b: Builder) -> bool:
    n = b.pick(is_float if b.chance(0.85) else lambda t: True)
    if n is None:
        return False
    exact = ["neg", "abs", "relu", "clamp"] if b.rough[n] < 2 else ["neg"]
    kind = b.rng.choice([*exact, *_SMOOTH, "sign" if b.rough[n] == 0 else "neg", "floor" if b.rough[n] == 0 else "neg"])
    if kind == "clamp":
        low, high = b.rng.choice([("-1", "1"), ("0", "None"), ("None", "1.5"), ("-0.5", "0.5")])
        text = f"t{n}.clamp({low}, {high})"
    elif "(" in kind:
        text = f"torch.{kind.replace('t.abs()', f't{n}.abs()')}"
    else:
        text = f"torch.{kind}(t{n})"
    return b.attempt(text, rough=0 if kind in (*exact, "square", "sign", "floor") else 1, quiet=b.chance(0.08))


def binary(b: Builder) -> bool:
    a = b.pick()
    c = b.pick() if b.chance(0.7) else None
    level = max(b.rough[a], 0 if c is None else b.rough[c])
    x, y = f"t{a}", b.number(a) if c is None else f"t{c}"
    if b.chance(0.3):
        x, y = y, x
    exact = [f"{x} + {y}", f"{x} - {y}", f"{x} * {y}"]
    if c is not None:
        exact += [f"torch.add({x}, {y}, alpha=2)", f"torch.sub({x}, {y}, alpha=3)"]
        if level < 2:
            exact += [f"torch.maximum({x}, {y})", f"torch.minimum({x}, {y})"]
    rounded = [f"{x} / (abs({y}) + 1)", f"{x} / 3", f"torch.lerp({x}, {y}, 0.25)" if c is not None else f"{x} * 0.3"]
    steep = [f"{x} {o} {y}" for o in ("<", ">=", "==", "!=", "//", "%")] + [f"torch.logical_and({x}, {y})", f"{x} & {y}"]
    group = b.rng.choices([exact, rounded, steep if level == 0 else exact], [6, 2, 2])[0]
    return b.attempt(b.rng.choice(group), rough=int(group is rounded), quiet=b.chance(0.08))


def where(b: Builder) -> bool:
    a, c = b.pick(), b.pick()
    m = b.pick(lambda t: t.dtype is torch.bool)
    if m is None:
        m = b.pick(rough=0)
        if m is None:
            return False
        mask = f"t{m} > 0"
    else:
        mask = f"t{m}"
    y = f"t{c}" if b.chance(0.7) else b.number(a)
    text = b.rng.choice(
        [f"torch.where({mask}, t{a}, {y})", f"t{a}.masked_fill({mask}, {b.number(a)})", f"t{a}.where({mask}, {y})"]
    )
    return b.attempt(text)


def reduce(b: Builder) -> bool:
    n = b.pick(rough=1)
    if n is None:
        return False
    ndim, keep = b.of(n).ndim, b.rng.choice(["", ", keepdim=True"])
    dim = b.rng.randrange(-ndim, ndim) if ndim else -1
    both = f"({dim}, {(dim + 1) % ndim})" if ndim > 1 and (dim + 1) % ndim != dim % ndim else f"{dim}"
    exact = [
        f"t{n}.sum()",
        f"t{n}.sum({dim}{keep})",
        f"t{n}.sum({both}{keep})",
        f"t{n}.amax({both}{keep})",
        f"t{n}.cumsum({dim})",
    ]
    exact += [f"t{n}.max({dim}{keep}).values", f"t{n}.min()", f"t{n}.amin({dim}{keep})", f"t{n}.prod({dim}{keep})"]
    if b.rough[n] == 0:
        exact += [f"t{n}.any({dim}{keep})", f"t{n}.all()", f"(t{n} > 0).sum({dim})"]
    rounded = [f"t{n}.mean()", f"t{n}.mean({both}{keep})", f"torch.softmax(t{n}, {dim})", f"torch.logsumexp(t{n}, {dim})"]
    rounded += [f"t{n}.var({dim}{keep}, unbiased=False)" if not keep else f"t{n}.mean({dim}{keep})"]
    group = b.rng.choice([exact, exact, rounded])
    return b.attempt(b.rng.choice(group), rough=int(group is rounded), quiet=b.chance(0.05))


def matmul(b: Builder) -> bool:
    a = b.pick(lambda t: is_float(t) and 0 < t.ndim < 4)
    if a is None:
        return False
    k = b.of(a).shape[-1]
    c = b.pick(lambda t: t.dtype is b.of(a).dtype and t.ndim > 0 and t.shape[0 if t.ndim == 1 else -2] == k)
    if c is None or b.chance(0.05):
        text, c = f"t{a} @ t{a}.mT" if b.of(a).ndim > 1 else f"t{a} @ t{a}", a
    else:
        text = b.rng.choice([f"t{a} @ t{c}", f"torch.matmul(t{a}, t{c})"])
    if max(b.of(a).ndim, b.of(c).ndim) > 2:  # torch's layout of it depends on which operand needs a gradient
        text = f"({text}).clone(memory_format=torch.contiguous_format)"
    return b.attempt(text)


def join(b: Builder) -> bool:
    a = b.pick()
    same = b.pick(lambda t: t.shape == b.of(a).shape)
    ndim = b.of(a).ndim
    if b.chance(0.5) and ndim:
        return b.attempt(f"torch.cat([t{a}, t{same}], {b.rng.randrange(-ndim, ndim)})")
    return b.attempt(f"torch.stack([t{a}, t{same}], {b.rng.randrange(-ndim - 1, ndim + 1)})")


# ---- views ----------------------------------------------------------------------------------------------------


def view(b: Builder) -> bool:
    n = b.pick()
    return n is not None and b.attempt(_view(b, n), quiet=b.chance(0.06))


def _view(b: Builder, n: int) -> str:
    t, rng = b.of(n), b.rng
    ndim = t.ndim
    always = [
        f"t{n}.detach()",
        f"t{n}.data",
        f"t{n}.unsqueeze({rng.randrange(-ndim - 1, ndim + 1)})",
        f"t{n}.squeeze()",
        f"t{n}.view(-1)",
    ]
    always += [f"t{n}.reshape(-1)", f"t{n}.flatten()", f"t{n}.view_as(t{n})", f"t{n}.reshape(1, -1)"]
    if ndim == 0:
        return rng.choice([*always, f"t{n}.expand(3)", f"t{n}.expand(2, 1)", f"t{n}[None]", f"t{n}[...]"])
    d, e = rng.randrange(-ndim, ndim), rng.randrange(-ndim, ndim)
    size = t.shape[d]
    at, length = rng.randrange(max(size, 1)), rng.randint(1, max(size, 1))
    order = rng.sample(range(ndim), ndim)
    grown = [s if s != 1 or b.chance(0.4) else 3 for s in t.shape]
    found = [
        f"t{n}.transpose({d}, {e})",
        f"t{n}.permute({', '.join(map(str, order))})",
        f"t{n}.expand({', '.join(map(str, grown))})",
    ]
    found += [
        f"t{n}.expand(2, {', '.join(['-1'] * ndim)})",
        f"t{n}.select({d}, {at})",
        f"t{n}.narrow({d}, {at}, {max(size - at, 0)})",
    ]
    found += [f"t{n}.split({length}, {d})[-1]", f"t{n}.chunk(2, {d})[0]", f"t{n}.unbind({d})[{at}]", f"t{n}.squeeze({d})"]
    found += [
        f"t{n}[{slices(b, t.shape)}]",
        f"t{n}[{slices(b, t.shape)}]",
        f"t{n}[{at - size}]",
        f"t{n}.unfold({d}, {length}, 1)",
    ]
    found += [
        f"t{n}.tensor_split(2, {d})[1]",
        f"t{n}.movedim({d}, {e})",
        f"t{n}.flatten({min(d % ndim, e % ndim)}, {max(d % ndim, e % ndim)})",
    ]
    if ndim == 2:
        found += [f"t{n}.t()", f"t{n}.T"]
    if ndim > 1:
        found += [f"t{n}.diagonal()", f"t{n}.diagonal({rng.choice([-1, 0, 1])}, {d}, {e})", f"t{n}.mT", f"t{n}.swapaxes(0, -1)"]
    if t.numel() == 6:
        found += [f"t{n}.view(3, 2)", f"t{n}.view(2, -1)", f"t{n}.reshape(1, 6)", f"t{n}.reshape(3, 1, 2)"]
    if size == 4:
        found += [f"t{n}.unflatten({d}, (2, 2))"]
    return rng.choice([rng.choice(always), rng.choice(found), rng.choice(found)])


# ---- writes ---------------------------------------------------------------------------------------------------


def inplace(b: Builder) -> bool:
    n = b.pick(lambda t: expanded(t) or not repeated(t))
    if n is None:
        return False
    c = b.pick(lambda t: t.ndim <= b.of(n).ndim) if b.chance(0.6) else None
    if c is not None and c != n and b.shares(c, n) and not (dense(b.of(c)) and dense(b.of(n))):
        return False  # torch cannot tell whether they overlap: what comes out is left open
    y = b.number(n) if c is None else f"t{c}"
    level = max(b.rough[n], 0 if c is None else b.rough[c])
    whole = [
        f"t{n}.zero_()",
        f"t{n}.fill_({b.number(n)})",
        f"t{n}.neg_()",
        f"t{n}.clamp_(-1, 1)" if level < 2 else f"t{n}.neg_()",
    ]
    if c is not None:
        whole = [f"t{n}.copy_({y})"] * 2
    texts = [f"t{n}.add_({y})", f"t{n}.mul_({y})", f"t{n}.sub_({y})", f"t{n} += {y}", f"t{n} *= {y}", f"t{n} -= {y}"]
    if level < 2 and c is None and not repeated(b.of(n)):
        texts += [f"t{n}.masked_fill_(t{n} > 0, {y})"] if level == 0 else []
    texts += [f"t{n}.div_(2)", f"t{n}.tanh_()", f"t{n}.data.mul_(0.5)", f"t{n}.data.add_({y})", f"t{n}.detach().sub_({y})"]
    text = b.rng.choice([b.rng.choice(whole), b.rng.choice(texts), b.rng.choice(texts)])
    if "copy_" in text and not is_float(b.of(n)) and b.rough[c] > 0:  # type: ignore[index]  # copy_ only where c is set
        return False
    return b.attempt(text, result=False, target=n, rough=int("tanh" in text), quiet=b.chance(0.2))


def index_read(b: Builder) -> bool:
    n = b.pick(has_dims)
    return n is not None and b.attempt(f"t{n}[{index(b, n, twice=True)}]", quiet=b.chance(0.06))


def index_write(b: Builder) -> bool:
    n = b.pick(lambda t: not repeated(t))
    if n is None:
        return False
    where = slices(b, b.of(n).shape) if b.of(n).ndim == 0 or b.chance(0.4) else index(b, n, twice=False)
    try:
        shape = eval(f"t{n}.detach()[{where}]", dict(b.scope)).shape
    except Exception:
        shape = torch.Size(())
    fits = [
        m for m in b.live if not b.shares(m, n) and broadcasts(b.of(m).shape, shape) and (is_float(b.of(n)) or b.rough[m] == 0)
    ]
    if fits and b.chance(0.6):
        y = f"t{b.rng.choice(fits)}"
        if "torch.tensor" in where or "[" in where or " " in where:
            y = f"{y}.to(t{n}.dtype)"  # torch casts plain copies but refuses other dtypes in index_put
    elif b.chance(0.15):
        y = str(_data(b, tuple(shape)[-1:], "float32" if is_float(b.of(n)) else "int64"))
        y = f"torch.tensor({y}, dtype=t{n}.dtype)"
    else:
        y = b.number(n)
    operator = "=" if b.chance(0.7) or y.startswith("torch") else b.rng.choice(["+=", "*=", "-="])
    return b.attempt(f"t{n}[{where}] {operator} {y}", result=False, target=n, quiet=b.chance(0.15))


# ---- autograd -------------------------------------------------------------------------------------------------


def _wants_grad(t: torch.Tensor) -> bool:
    return t.requires_grad


def backward(b: Builder) -> bool:
    n, m = b.pick(_wants_grad), b.pick(_wants_grad)
    if n is None:
        return False
    keep = "retain_graph=True" if b.chance(0.7) else ""
    texts = [
        f"t{n}.sum().backward({keep})",
        f"(t{n} * t{n}).sum().backward({keep})",
        f"(t{n}.sum() + (t{m} * 0.5).sum()).backward({keep})",
    ]
    texts += [f"t{n}.backward(torch.ones_like(t{n}){', ' if keep else ''}{keep})", f"t{n}.sin().mean().backward({keep})"]
    return b.attempt(b.rng.choice(texts), result=False, rough=1)


def gradient(b: Builder) -> bool:
    n, m = b.pick(_wants_grad), b.pick(_wants_grad)
    if n is None:
        return False
    more = b.rng.choice([", create_graph=True", ", create_graph=True", ", retain_graph=True"])
    loss = b.rng.choice([f"(t{n} * t{n}).sum()", f"t{n}.sin().sum()", f"(t{n} ** 3).mean()"])
    # its strides are an implementation detail of torch's backward formulas: a plain copy of it is what is compared
    text = f"torch.autograd.grad({loss}, t{m}{more})[0].clone(memory_format=torch.contiguous_format)"
    return b.attempt(text, rough=2 if b.coarse else 1)


def gradient_state(b: Builder) -> bool:
    n = b.pick(lambda t: t.requires_grad and t.is_leaf)
    if n is None:
        return False
    if b.of(n).grad is None and not b.chance(0.05):
        return False
    if b.chance(0.4):
        return b.attempt(f"t{n}.grad", rough=2 if b.coarse else 1)
    text = b.rng.choice([f"t{n}.grad.zero_()", f"t{n}.grad = None", f"t{n}.grad.mul_(0.5)", f"t{n}.grad += 1"])
    return b.attempt(text, result=False, quiet=b.chance(0.3))


def flags(b: Builder) -> bool:
    n = b.pick(lambda t: is_float(t) and not t._is_view())
    if n is None or any(b.shares(n, m) and b.of(m) is not b.of(n) for m in b.live):
        return False
    text = b.rng.choice([f"t{n}.requires_grad_()", f"t{n}.requires_grad_()", f"t{n}.detach_()", f"t{n}.requires_grad_(False)"])
    return b.attempt(text, result=False)


def read(b: Builder) -> bool:
    n = b.pick(rough=1)
    if n is None:
        return False
    text = b.rng.choice(
        [f"t{n}.sum().item()", f"t{n}.tolist()", f"float(t{n}.sum())", f"len(t{n})", f"t{n}.detach().numpy().shape"]
    )
    if b.rough[n] == 0 and b.chance(0.5):
        text = f"bool((t{n} > 0).any())"
    return b.attempt(f"reads.append({text})", result=False)


WEIGHTED = [
    (leaf, 3), (cast, 4), (copy, 4), (unary, 6), (binary, 12), (where, 4), (reduce, 7), (matmul, 4), (join, 4), (view, 26),
    (inplace, 22), (index_read, 8), (index_write, 14), (backward, 8), (gradient, 3), (gradient_state, 4), (flags, 2), (read, 3),
]  # fmt: skip

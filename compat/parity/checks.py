"""What is compared, one function each. A check takes calls and yields, per call, None or what is wrong in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

import torchlike

from . import tpu
from .calls import OURS, TORCH, Call, Comparable, library_of, quiet, renamed, settle
from .compare import Mismatch, compare
from .entries import Entry
from .gradients import first_order, second_order
from .translate import leaves, to_torchlike
from .worker import Result

Verdict = str | None
BATCH = 60  # samples recorded into one program


def attempt(action: Callable[..., Any], *args: Any) -> tuple[Any, Exception | None]:
    """`(result, None)` or `(None, what was raised)`."""
    try:
        with quiet():
            return action(*args), None
    except Exception as error:
        return None, error


def wrong(error: Exception) -> str:
    return str(error) if isinstance(error, Mismatch) else f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def paired(
    calls: Sequence[Any], action: Callable[[Any, str], Any], size: int
) -> Iterator[tuple[Any, tuple[Any, Exception | None], tuple[Any, Exception | None]]]:
    """`(call, torch's attempt, ours)` of an action; a batch of calls is recorded before the first result is read."""
    for start in range(0, len(calls), size):
        part = calls[start : start + size]
        theirs = [attempt(action, c, TORCH) for c in part]
        ours = [attempt(action, c, OURS) if theirs[i][1] is None else (None, None) for i, c in enumerate(part)]
        _, failed = attempt(settle, [out for out, _ in ours])
        if failed is not None:  # one call's program fails: find out which
            ours = [
                attempt(lambda c: settle(action(c, OURS)), c) if theirs[i][1] is None else ours[i] for i, c in enumerate(part)
            ]
        yield from zip(part, theirs, ours, strict=True)


def forward(calls: Sequence[Comparable]) -> Iterator[Verdict]:
    """Values, shapes and dtypes."""
    for call, (expected, torch_error), (out, error) in paired(calls, lambda c, library: c.run(library), BATCH):
        if torch_error is not None:
            yield _same_class(attempt(_settled, call)[1], torch_error)
        elif error is not None:
            yield wrong(error)
        else:
            yield _agree(call, out, expected)


def _settled(call: Comparable) -> Any:
    return settle(call.run(OURS))


def _agree(call: Comparable, ours: Any, theirs: Any) -> Verdict:
    def exact() -> Any:
        made, error = attempt(lambda: call.in_double().run(TORCH))
        return made if error is None else None

    def exact_part() -> Any:
        return call.processed(TORCH, exact())

    try:
        compare(ours, theirs, exact, call.values, by_largest=call.by_largest)
    except Mismatch as first:
        if not call.values or not call.choosing:
            return wrong(first)
        parts, error = attempt(lambda: (call.processed(OURS, ours), call.processed(TORCH, theirs)))
        if error is not None:
            return wrong(error)
        try:
            compare(ours, theirs, None, False)
            compare(parts[0], parts[1], exact_part, by_largest=call.by_largest)
        except Mismatch:
            return wrong(first)
    except Exception as error:
        return wrong(error)
    return None


def _same_class(error: Exception | None, expected: Exception) -> Verdict:
    """Whether code that catches torch's exception catches ours."""
    if error is None:
        return f"raises nothing, torch {type(expected).__name__}: {' '.join(str(expected).split())[:200]}"
    missing = isinstance(error, NotImplementedError) and not isinstance(expected, NotImplementedError)
    caught = isinstance(error, type(expected)) or (isinstance(expected, RuntimeError) and type(error) is RuntimeError)
    if missing or not caught:
        return f"raises {wrong(error)}; torch {type(expected).__name__}: {' '.join(str(expected).split())[:200]}"
    return None


def errors(calls: Sequence[Comparable]) -> Iterator[Verdict]:
    """Bad arguments raise torch's exception class."""
    for call in calls:
        _, expected = attempt(call.run, TORCH)
        if expected is None:
            yield None  # the database expects an error that this build of torch does not raise
            continue
        _, error = attempt(_settled, call)
        yield _same_class(error, expected)


def inplace(calls: list[Call]) -> Iterator[Verdict]:
    """The in-place form gives back the same object with the right value, or raises as torch does."""
    for call in calls:
        expected, torch_error = attempt(_in_place, call, TORCH)
        out, error = attempt(lambda c: settle(_in_place(c, OURS)), call)
        if torch_error is not None:
            yield _same_class(error, torch_error)
        elif error is not None:
            yield wrong(error)
        else:
            yield _agree(renamed_call(call), out[0], expected[0]) or (
                None if out[1] == expected[1] else f"gives back {'the same' if out[1] else 'another'} object, torch does not"
            )


def _in_place(call: Call, library: str) -> tuple[Any, bool]:
    input, args, keywords = call.arguments(library)
    with library_of(library).no_grad():
        out = call.operation(library)(input, *args, **keywords)
    return input, out is input


def renamed_call(call: Call) -> Call:
    """The call without processing of the result: what is compared is the input that was written to."""
    return Call(call.entry, renamed(call.sample, output_process_fn_grad=lambda x: x), call.index, call.form, call.double)


def out(calls: list[Call]) -> Iterator[Verdict]:
    """`out=` receives the result, is resized from zero elements, and refuses a dtype that cannot hold it."""
    for i, call in enumerate(calls):
        forms = ("exact", "empty", "long") if i == 0 else ("exact",)
        yield next((v for v in (_into(call, form) for form in forms) if v), None)


def _into(call: Call, form: str) -> Verdict:
    made, error = attempt(lambda: call.run(TORCH))
    if error is not None or not _tensors_only(made):
        return None

    def filled(library: str) -> Any:
        input, args, keywords = call.arguments(library)
        place = _place(made, form)
        place = place if library == TORCH else to_torchlike(place)
        with library_of(library).no_grad():
            found = call.operation(library)(input, *args, **keywords, out=place)
        same = [a is b for a, b in zip(_list(found), _list(place), strict=False)]
        return place, all(same)

    expected, torch_error = attempt(lambda: filled(TORCH))
    ours, error = attempt(lambda: settle(filled(OURS)))
    if torch_error is not None:
        verdict = _same_class(error, torch_error)
    elif error is not None:
        verdict = wrong(error)
    elif not ours[1] and expected[1]:
        verdict = "gives back another object than out="
    else:
        verdict = _agree(call, ours[0], expected[0])
    return verdict and f"out= ({form}): {verdict}"


def _tensors_only(value: Any) -> bool:
    found = _list(value)
    return bool(found) and all(isinstance(v, torch.Tensor) and v.layout is torch.strided for v in found)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _place(made: Any, form: str) -> Any:
    def one(x: torch.Tensor) -> torch.Tensor:
        if form == "empty":
            return torch.empty(0, dtype=x.dtype)
        if form == "long" and (x.is_floating_point() or x.is_complex()):
            return torch.zeros(x.shape, dtype=torch.long)
        return torch.zeros_like(x, memory_format=torch.contiguous_format).detach()

    return tuple(map(one, made)) if isinstance(made, (list, tuple)) else one(made)


def views(calls: list[Call]) -> Iterator[Verdict]:
    """Writing to the result writes to the arguments exactly when torch's does."""
    for call in calls:
        expected, torch_error = attempt(_written, call, TORCH)
        if torch_error is not None or expected is None:
            yield None
            continue
        ours, error = attempt(_written, call, OURS)
        if error is not None:
            yield wrong(error)
            continue
        try:
            compare(ours, expected, where="argument")
            yield None
        except Mismatch as found:
            yield f"after writing to the result: {found}"


def _written(call: Call, library: str) -> list[Any] | None:
    """The arguments after zeros have been written into each result; None where nothing can be written."""
    module = library_of(library)
    with module.no_grad():
        input, args, keywords = call.arguments(library)
        made = call.operation(library)(input, *args, **keywords)
        results = list(leaves(made, module.Tensor))
        if not results or str(results[0].layout) != "torch.strided":
            return None
        for result in results[:6]:
            result.zero_()
        return list(leaves([input, args, keywords], module.Tensor))


def gradient(calls: Sequence[Comparable]) -> Iterator[Verdict]:
    """Gradients with respect to every float argument, of a random cotangent."""
    yield from _derivatives(calls, first_order)


def second(calls: Sequence[Comparable]) -> Iterator[Verdict]:
    """Gradients of gradients."""
    yield from _derivatives(calls, second_order)


def _derivatives(calls: Sequence[Comparable], derive: Callable[[Comparable, str], Any]) -> Iterator[Verdict]:
    for call, (expected, torch_error), (got, error) in paired(calls, derive, BATCH // 4):
        if torch_error is not None or expected is None:
            yield None  # not differentiable in torch either
        elif error is not None:
            yield wrong(error)
        else:
            yield _gradients_agree(call, got, expected, derive)


def _item(of: Callable[[], Any], i: int) -> Any:
    return of()[i]


def _gradients_agree(call: Comparable, ours: Any, theirs: list[Any], derive: Callable) -> Verdict:
    def exact() -> Any:
        made, error = attempt(lambda: derive(call.in_double(), TORCH))
        return [g if g is not None else torch.zeros(()) for g in made] if error is None and made else [None] * len(theirs)

    if ours is None:
        return "gives a result that needs no gradient, torch's does"
    try:
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a is None and b is None:
                continue
            # No gradient and a gradient of zeros are the same number.
            b = torch.zeros(tuple(a.shape), dtype=getattr(torch, str(a.dtype).removeprefix("torch."))) if b is None else b
            a = torchlike.zeros(tuple(b.shape), dtype=to_torchlike(b.dtype)) if a is None else a
            compare(a, b, partial(_item, exact, i), where=f"gradient {i}", by_largest=True)
    except Exception as error:
        return wrong(error)
    return None


def applies(check: str, entry: Entry, dtype: str) -> bool:
    """Whether a check means anything for an entry and a dtype."""
    info = entry.info
    floating = getattr(torch, dtype).is_floating_point or getattr(torch, dtype).is_complex
    if check in ("gradient", "tpu_gradient"):
        return info.supports_autograd and floating and getattr(torch, dtype) in info.supported_backward_dtypes("cpu")
    if check == "second":
        return bool(info.supports_gradgrad) and applies("gradient", entry, dtype)
    if check == "method":
        return info.get_method() is not None or info.get_operator() is not None
    if check == "inplace":
        return info.get_inplace() is not None or info.get_inplace_operator() is not None
    if check == "out":
        return bool(info.supports_out) and _takes_out(info)
    return True


def _takes_out(info: Any) -> bool:
    try:
        return "out" in inspect.signature(info.get_op()).parameters or not inspect.isfunction(info.get_op())
    except (TypeError, ValueError):
        return True


def judge(result: Result, calls: Sequence[Any], check: Callable[[Any], Iterator[Verdict]], prefix: str = "") -> None:
    """Count a check's verdicts into the result."""
    for call, verdict in zip(calls, check(calls), strict=True):
        result.total += 1
        result.passed += verdict is None
        if verdict is not None:
            result.failures.append((call.index, f"{prefix}{verdict}"))


# Which dtypes a check runs on by default: gradients where rounding hides least, forms where promotion shows.
CHECKS: dict[str, tuple[Callable[[Any], Iterator[Verdict]], tuple[str, ...] | None]] = {
    "forward": (forward, None),
    "gradient": (gradient, ("float32", "float64", "complex64")),
    "second": (second, ("float64",)),
    "method": (forward, ("float32",)),
    "inplace": (inplace, ("float32", "int64", "complex64")),
    "out": (out, ("float32", "int64")),
    "views": (views, ("float32",)),
    "errors": (errors, ("float32",)),
    "tpu": (tpu.forward, ("float32",)),
    "tpu_gradient": (tpu.gradient, ("float32",)),
}
FORMS = {"method": ("method", "operator"), "inplace": ("inplace", "inplace operator")}

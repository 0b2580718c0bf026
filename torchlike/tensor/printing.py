"""How a tensor is printed: torch's widths, scientific mode, summaries, line breaks and suffixes.

Works on numpy arrays, so that it can be read and tested alone; `Tensor.__repr__` fetches the value and calls
`tensor_repr`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import jax
import numpy as np

from torchlike.base.dtypes import get_default_dtype


@dataclass
class PrintOptions:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
_options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed (torch.set_printoptions).

    Args:
        precision: digits after the point.
        threshold: more elements than this are summarised.
        edgeitems: how many to show at each end of a summarised dimension.
        linewidth: characters per line.
        profile: "default", "short" or "full"; the other arguments then override it.
        sci_mode: scientific notation always, never, or (None, which every call without it sets again) by need.
    """
    global _options
    new = _options
    if profile is not None:
        if profile.lower() not in _PROFILES:
            raise ValueError(f"profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
        new = _PROFILES[profile.lower()]
    given: dict[str, Any] = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options = replace(new, **{k: v for k, v in given.items() if v is not None}, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The current options by name."""
    return asdict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """`set_printoptions` for the length of a `with` block."""
    global _options
    before = _options
    set_printoptions(**options)
    try:
        yield
    finally:
        _options = before


def tensor_repr(
    array: np.ndarray | None,
    *,
    dtype_name: str,
    default_dtype_name: str = "float32",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    device: str | None = None,
    tensor_class: str = "tensor",
    shape: tuple[int, ...] | None = None,
) -> str:
    """What `repr(tensor)` says.

    Args:
        array: the values; None for a meta tensor, which has only a `shape`.
        dtype_name: "float32", "int64" ...; shown when `default_dtype_name` does not make it evident.
        grad_fn_name: the name of the node, "AddBackward0"; None for a leaf.
        device: shown as given; None for the default device.
        tensor_class: "tensor", "Parameter", or the name of a subclass, which is printed in place of "tensor".

    >>> import numpy as np
    >>> tensor_repr(np.array([1.0, 0.5], np.float32), dtype_name="float32", requires_grad=True)
    'tensor([1.0000, 0.5000], requires_grad=True)'
    """
    heading = ""
    if tensor_class == "Parameter":
        heading, tensor_class = "Parameter containing:\n", "tensor"
    prefix = f"{tensor_class}("
    suffixes = [] if device is None else [f"device='{device}'"]
    if array is None:
        body = "..."
        suffixes.append(f"size={tuple(shape or ())}")
        shown = dtype_name != default_dtype_name
    elif array.size == 0:
        body = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        shown = dtype_name != default_dtype_name
    else:
        body = _body(array, len(prefix))
        if not _options.edgeitems:  # no element shows how long a summarised dimension is
            suffixes.append(f"size={array.shape}")
        shown = dtype_name not in _evident(default_dtype_name)
    if shown:
        suffixes.append(f"dtype=torch.{dtype_name}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return heading + _with_suffixes(prefix + body, suffixes, len(prefix))


def _evident(default_dtype_name: str) -> tuple[str, ...]:
    """Dtypes that the printed numbers tell by themselves."""
    default_complex = "complex128" if default_dtype_name == "float64" else "complex64"
    return default_dtype_name, "int64", "bool", default_complex


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


def _body(array: np.ndarray, indent: int) -> str:
    cut = [False] * array.ndim
    if array.size > _options.threshold:
        array, cut = _summarise(array)
    if array.dtype.kind == "c":
        parts = [_Format(array.real), _Format(array.imag)]
    else:
        if array.dtype.kind == "V" or array.dtype == np.float16:  # bfloat16 and the float8 types of ml_dtypes
            array = array.astype(np.float32)
        parts = [_Format(array)]
    return _nested(array.tolist(), parts, cut, indent)


def _summarise(array: np.ndarray) -> tuple[np.ndarray, list[bool]]:
    """Only the two ends of each long dimension, and which dimensions lost something."""
    edge = _options.edgeitems
    cut = [n > 2 * edge for n in array.shape]
    for axis, is_cut in enumerate(cut):
        if is_cut:
            front = array[(slice(None),) * axis + (slice(0, edge),)]
            back = array[(slice(None),) * axis + (slice(array.shape[axis] - edge, None),)]
            array = np.concatenate([front, back], axis)
    return array, cut


class _Format:
    """One format for all values of an array: scientific, whole numbers or fixed point, at a common width."""

    def __init__(self, values: np.ndarray):
        self.width = 1
        self.floating = values.dtype.kind == "f"
        self.whole, self.scientific = True, False
        if self.floating:
            self._measure(values)
        else:
            self.width = max((len(str(v)) for v in values.ravel().tolist()), default=1)

    def _measure(self, values: np.ndarray) -> None:
        finite = values[np.isfinite(values) & (values != 0)]
        if not finite.size:
            return
        size = np.abs(finite).astype(np.float64)
        low, high = float(size.min()), float(size.max())
        self.whole = bool((finite == np.ceil(finite)).all())
        self.scientific = high / low > 1000 or high > 1e8 or (not self.whole and low < 1e-4)
        if _options.sci_mode is not None:
            self.scientific = _options.sci_mode
        style = f".{_options.precision}e" if self.scientific else ".0f" if self.whole else f".{_options.precision}f"
        point = 1 if self.whole and not self.scientific else 0  # the "." that follows a whole number
        self.width = max(len(format(v, style)) + point for v in finite.tolist())

    def __call__(self, value: Any) -> str:
        if not self.floating:
            text = str(value)
        elif self.scientific:
            text = format(value, f"{self.width}.{_options.precision}e")
        elif self.whole:
            text = format(value, ".0f") + ("." if math.isfinite(value) else "")
        else:
            text = format(value, f".{_options.precision}f")
        return text.rjust(self.width)


def _element(value: Any, parts: list[_Format]) -> str:
    if len(parts) == 1:
        return parts[0](value)
    imaginary = (parts[1](value.imag) + "j").lstrip()
    return parts[0](value.real) + ("" if imaginary[0] in "+-" else "+") + imaginary


def _nested(values: Any, parts: list[_Format], cut: list[bool], indent: int) -> str:
    """Nested lists as brackets; `cut[0]` puts an ellipsis in the middle of the outermost one."""
    if not cut:
        return _element(values, parts)
    if len(cut) == 1:
        return _row([_element(v, parts) for v in values], parts, cut[0], indent)
    rows = [_nested(v, parts, cut[1:], indent + 1) for v in values]
    if cut[0]:
        rows.insert(_options.edgeitems, "...")
    return "[" + ("," + "\n" * (len(cut) - 1) + " " * (indent + 1)).join(rows) + "]"


def _row(items: list[str], parts: list[_Format], cut: bool, indent: int) -> str:
    per_item = sum(part.width for part in parts) + len(parts) + 1  # ", " after each; "+" or "j" inside a complex one
    per_line = max(1, (_options.linewidth - indent) // per_item)
    if cut:
        items.insert(_options.edgeitems, " ..." if _options.edgeitems else "...")
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def show(tensor: Any) -> str:
    """`repr` of a tensor: fetches its value (running what is pending) and prints it as torch does."""
    value = tensor._read()
    meta = value.aval.device.type == "meta"
    traced = value.aval.traced and isinstance(value.array, jax.core.Tracer)
    node = tensor.grad_fn if tensor._node is not None else None
    if traced:
        return f"tensor(<traced {value.aval}>)"
    return tensor_repr(
        None if meta else value.numpy(),
        dtype_name=value.aval.dtype.name,
        default_dtype_name=get_default_dtype().name,
        requires_grad=tensor._rg,
        grad_fn_name=None if node is None else node.name().rpartition("::")[2],
        device=None if value.aval.device.type == "cpu" else str(value.aval.device),
        tensor_class={"Tensor": "tensor", "Buffer": "tensor"}.get(type(tensor).__name__, type(tensor).__name__),
        shape=value.aval.shape,
    )

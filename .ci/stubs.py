"""Writes the stubs (`*.pyi`) of what is made at run time: `python .ci/stubs.py`; with `--check`, says which are out of date.

Functions made from the op table, overloads and Tensor's methods stand in no file that an editor or a type checker could
read. Here they are written down as they are: signatures through `inspect`, docstrings from the functions.

* a module that makes its functions when first used (torchlike itself, linalg, fft ...): the stub beside it
* `torchlike/tensor/surface.pyi`: what is attached to Tensor, which inherits from it as far as type checkers know
* `torchlike/tensor/return_types.pyi`: the named tuples of rows with several results
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # torchlike is that of this checkout

from stub_text import RESULTS, SURFACE, Stub, spaced, stands  # noqa: E402

import torchlike  # noqa: E402
from torchlike.ops.registry import OPS, Op  # noqa: E402
from torchlike.tensor import Tensor, attach, describe, functions, named  # noqa: E402

# What a hand-written function's parameter means where its own annotation says nothing, "| None" by the default.
PARAMETERS = {
    "device": "device | str | int",
    "dtype": "dtype",
    "generator": "Generator",
    "memory_format": "memory_format",
    "out": "Tensor",
}
RESULT_TYPES = {"__hash__": "int", "__iter__": "Iterator[Tensor]", "element_size": "int", "get_device": "int"}

# One line each for what has no docstring where it is defined.
DOCS = {
    "H": "The conjugate transpose of a matrix, a view.",
    "T": "The dimensions in reverse order, a view.",
    "broadcast_to": "`input` with the shape `size`: a view that shows elements in several places.",
    "cpu": "The tensor on the CPU; itself where it is there already.",
    "cuda": "The tensor on a GPU; itself where it is there already.",
    "data": "The same elements without history; assigning shares the storage of the tensor given.",
    "element_size": "The size of an element in bytes.",
    "expand_as": "`expand` to the shape of `other`.",
    "grad": "What `backward` has accumulated in this leaf, or None.",
    "imag": "The imaginary part of a complex tensor, a view.",
    "is_complex": "Whether the dtype is complex.",
    "is_cpu": "Whether the tensor is on the CPU.",
    "is_cuda": "Whether the tensor is on a GPU.",
    "is_floating_point": "Whether the dtype is a floating one.",
    "is_leaf": "Whether no recorded operation made the tensor.",
    "is_meta": "Whether the tensor has a shape and a dtype only.",
    "is_tensor": "Whether `obj` is a tensor.",
    "itemsize": "The size of an element in bytes.",
    "mH": "The conjugate transpose of each matrix, a view.",
    "mT": "The transpose of each matrix, a view.",
    "nbytes": "The size of all elements in bytes.",
    "new_empty": "An uninitialized tensor with this one's dtype and device unless others are given.",
    "new_full": "A tensor filled with one value, with this one's dtype and device unless others are given.",
    "new_ones": "A tensor of ones with this one's dtype and device unless others are given.",
    "new_zeros": "A tensor of zeros with this one's dtype and device unless others are given.",
    "real": "The real part, a view; a real tensor itself.",
    "requires_grad": "Whether operations on this tensor are recorded for `backward`.",
    "reshape_as": "`reshape` to the shape of `other`.",
    "type_as": "The tensor in the dtype of `other`.",
    "view_as": "`view` with the shape of `other`.",
}


# --- what a function says of itself --------------------------------------------------------------------------------------


def row(fn: Callable) -> Op | None:
    """The row that a function was made from."""
    return getattr(fn, "__globals__", {}).get("_op")


def hints(fn: Any) -> dict[str, Any]:
    """The annotations, each evaluated by itself: one that only type checkers understand does not spoil the others."""
    inner = inspect.unwrap(fn)
    if row(inner) is not None:
        return dict(inner.__annotations__)
    found = {}
    for name, said in getattr(inner, "__annotations__", {}).items():
        try:
            found[name] = eval(said, inner.__globals__) if isinstance(said, str) else said
        except Exception:
            found[name] = Any
    return found


def shown(name: str, fn: Callable, method: bool) -> tuple[list[inspect.Parameter], Any]:
    """The parameters (with their types as annotations) and the type of the result."""
    own = hints(fn)
    parameters = [p.replace(annotation=_parameter_type(p, own, name)) for p in inspect.signature(fn).parameters.values()]
    result = own.get("return", Any)
    op = row(fn)
    if op is not None and op.returns and not name.endswith("_"):
        result = f"return_types.{result_type(op)[0]}"
    if result is Any:
        result = _result_by_name(name, fn)
    if [p.name for p in parameters[-1:]] == ["keywords"] and parameters[-2].name in ("args", "rest", "out"):
        parameters, result = _spelled_out(name, parameters, result)
    if method:
        parameters = [p for p in parameters[1:] if p.name != "out"]
        changed = re.fullmatch(r"\w*[^_]_", name) or (name.startswith("__i") and f"__{name[3:]}" in vars(Tensor))
        result = "Self" if changed and result in ("Tensor", Tensor) else result
    return parameters, result


def define(stub: Stub, name: str, fn: Callable, method: bool = False) -> str:
    """The text of a function in a stub."""
    try:
        parameters, result = shown(name, fn, method)
    except (TypeError, ValueError):  # without a signature
        parameters, result = shown(name, lambda *args, **keywords: None, False)
    return stub.function(name, parameters, result, documentation(name, fn), method)


def define_property(stub: Stub, name: str, made: property) -> str:
    kind = hints(made.fget).get("return", Any)
    said = inspect.getdoc(made.fget) or DOCS.get(name, "")
    return stub.property(name, made, SAMPLE_TYPES.get(name, Any) if kind is Any else kind, said)


def _parameter_type(p: inspect.Parameter, own: dict[str, Any], function: str) -> Any:
    said = own.get(p.name, Any)
    if said is Any and re.fullmatch(r"__\w+__", function) and p.name == "other":
        return "object" if function in ("__eq__", "__ne__") else "Tensor | Number"
    if said is Any and function != "type" and p.name in PARAMETERS and not (p.name == "out" and own.get("return") is Any):
        return PARAMETERS[p.name] + (" | None" if p.default is None else "")
    return said


def _result_by_name(name: str, fn: Callable) -> Any:
    """Of functions that do not say what they return."""
    if name in RESULT_TYPES:
        return RESULT_TYPES[name]
    if fn.__module__ == "torchlike.tensor.operators" or name.startswith("new_") or re.fullmatch(r"\w*[^_]_", name):
        return "Tensor"
    return bool if name.startswith("is_") else Any


def _spelled_out(name: str, parameters: list[inspect.Parameter], result: Any) -> tuple[list[inspect.Parameter], Any]:
    """Of a function that hands `*rest, **keywords` on: what it calls takes and gives, `name` without a suffix or the row."""
    own = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for suffix in ("_", "_copy"):
        plain = name.removesuffix(suffix)
        if plain != name and plain in WRITTEN:
            called, given = shown(plain, WRITTEN[plain], False)
            called = [p for p in called if p.name != "out" and p.kind is not p.VAR_KEYWORD]
            return called + [p for p in own if p.name == "out"], given if result is Any else result
    made = PUBLIC.get(name, name)
    if made.removesuffix("_") not in OPS.rows:
        return parameters, result
    called = {p.name: p for p in shown(made, getattr(functions, made), False)[0]}
    own = [called.get(p.name, p) if p.annotation is Any else p for p in own]
    rest = [p for p in called.values() if p.name not in {p.name for p in own}]
    return sorted([*own, *rest], key=lambda p: p.kind), result


def documentation(name: str, fn: Callable) -> str:
    said = "" if inspect.isbuiltin(fn) else inspect.getdoc(fn) or ""  # Python's own differ between versions
    plain = name.removesuffix("_")
    if not said and plain in WRITTEN and WRITTEN[plain] is not fn:
        said = (inspect.getdoc(WRITTEN[plain]) or "").partition("\n")[0]
    if not said and plain in OPS.rows:
        said = describe.summary(OPS[plain]).partition("\n")[0]
    return said.strip() or DOCS.get(name, "")


def result_type(op: Op) -> tuple[str, tuple[str, ...]]:
    """The name and the fields of the named tuple that a row returns."""
    made = named.named(op)
    assert made is not None
    kind = type(made(op.returns or ()))
    fields = tuple(kind._fields)
    return (op.name if RETURNED.setdefault(kind.__name__, fields) != fields else kind.__name__), fields


RETURNED: dict[str, tuple[str, ...]] = {}
WRITTEN = attach.public_functions()
PUBLIC = attach.public_rows("torch")


def _sample_types() -> dict[str, str]:
    """The types of properties that do not say theirs, looked up on a tensor."""
    x = torchlike.zeros(2, 2)
    found = {}
    for name, value in vars(Tensor).items():
        if isinstance(value, property):
            try:
                kind = type(getattr(x, name)).__name__
            except (AttributeError, RuntimeError):  # not of this tensor
                continue
            found[name] = kind if kind in ("bool", "int", "Tensor") else "Any"
    return found


SAMPLE_TYPES = _sample_types()

# --- the files -----------------------------------------------------------------------------------------------------------


def imported(module: types.ModuleType) -> dict[str, str]:
    """What a module takes over from others by name: name -> the import that does it."""
    found = {}
    for node in ast.parse(Path(str(module.__file__)).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for alias in node.names:
                name = alias.asname or alias.name
                found[name] = f"from {node.module} import {alias.name} as {name}"
    return {name: line for name, line in found.items() if not name.startswith("_")}


def module_stub(module: types.ModuleType) -> str:
    """The stub of a module that makes its functions when they are first used."""
    taken = imported(module)
    outside = {"annotations", "base", "compat", "ops"}
    names = {name for name in dir(module) if not name.startswith("_") and name not in outside} | set(taken)
    values = {name: getattr(module, name) for name in sorted(names)}
    kept = {name: v for name, v in values.items() if name in taken or not isinstance(v, types.ModuleType)}
    stub = Stub(module.__name__, kept)
    constants, classes, made = [f"__version__: {stub.written('str')}"] if module is torchlike else [], [], []
    for name, value in kept.items():
        if taken.get(name, "").endswith(f" {name} as {name}") and WRITTEN.get(name, value) is value:
            stub.exports.add(taken[name])
        elif isinstance(value, type) and value.__module__ != module.__name__ and stands(value, name):
            stub.exports.add(f"from {value.__module__} import {name} as {name}")
        elif type(value) is type:
            bases = ", ".join(stub.type(base) for base in value.__bases__ if base is not object)
            classes.append(f"class {name}({bases}): ..." if bases else f"class {name}: ...")
        elif callable(value) and not isinstance(value, type):
            made.append(define(stub, name, value))
        else:
            constants.append(f"{name}: {stub.type(type(value))}")
    stub.parts = [line for block in (constants, classes, spaced(made)) if block for line in (*block, "")]
    if any("return_types." in part for part in made):
        stub.exports.add("from torchlike.tensor import return_types")
    return stub.text((module.__doc__ or module.__name__).strip().splitlines()[0])


def members() -> dict[str, Any]:
    """What is attached to Tensor: neither written in its class nor private."""
    compared = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"}
    found = {}
    for name, value in sorted(vars(Tensor).items()):
        made = getattr(functions, value.name) if isinstance(value, attach._Lazy) else value
        home = getattr(made.fget if isinstance(made, property) else made, "__module__", "")
        private = name.startswith("_") and not name.endswith("__") and name != "_version"
        of_any_object = name in vars(object) and name not in compared
        described = isinstance(made, property) or callable(made) or not name.startswith("__")
        if described and not (private or of_any_object or home == "torchlike.tensor.tensor"):
            found[name] = made
    return found


def surface_stub() -> str:
    attached = members()
    stub = Stub(SURFACE, attached)
    lines = [
        f"Number: {stub.written('TypeAlias')} = int | float | complex",
        "",
        "class Surface:",
        '    """The methods, properties and operators that `torchlike.tensor.attach` gives to Tensor."""',
        "",
    ]
    parts = []
    for name, value in attached.items():
        if isinstance(value, property):
            parts.append(define_property(stub, name, value))
        elif callable(value):
            parts.append(define(stub, name, value, method=True))
        else:
            parts.append(f"    {name}: {stub.type(type(value))}")
    stub.parts = [*lines, *spaced(parts)]
    if any("return_types." in part for part in parts):
        stub.exports.add("from torchlike.tensor import return_types")
    return stub.text("What is attached to Tensor, for type checkers and editors.")


def results_stub() -> str:
    stub = Stub(RESULTS, {})
    for name, fields in sorted({result_type(op) for op in OPS if op.returns}):
        lines = [f"    {field}: {stub.written('Tensor')}" for field in fields]
        stub.parts += [f"class {name}({stub.written('NamedTuple')}):", *lines, ""]
    return stub.text("The named tuples that rows with several results return; made at run time, see `torchlike.tensor.named`.")


def stubs() -> dict[Path, str]:
    """Every stub by its path."""
    lazy = [torchlike]
    for name, module in sorted(sys.modules.items()):
        find = vars(module).get("__getattr__")
        if name.startswith("torchlike.") and getattr(find, "__qualname__", "") == "namespace.<locals>.find":
            lazy.append(module)
    found = {Path(str(module.__file__)).with_suffix(".pyi"): module_stub(module) for module in lazy}
    room = ROOT / "torchlike" / "tensor"
    return {**found, room / "surface.pyi": surface_stub(), room / "return_types.pyi": results_stub()}


def main(arguments: list[str]) -> int:
    stale = {path: text for path, text in stubs().items() if not path.exists() or path.read_text() != text}
    if arguments == ["--check"]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what `python .ci/stubs.py` writes")
        return bool(stale)
    for path, text in stale.items():
        path.write_text(text)
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

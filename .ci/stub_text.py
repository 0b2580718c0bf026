"""The text of a stub: types by the names that they have there, signatures and docstrings as `ruff format` leaves them."""

from __future__ import annotations

import inspect
import math
import re
import sys
import textwrap
import types
import typing
from collections.abc import Iterator
from typing import Any

WIDTH = 128
HEADER = "# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.\n"
SURFACE, RESULTS = "torchlike.tensor.surface", "torchlike.tensor.return_types"

# Where the types come from that signatures made from rows name.
HOMES = {
    "Tensor": "torchlike.tensor.tensor",
    "Number": SURFACE,
    "dtype": "torchlike.base.dtypes",
    "device": "torchlike.base.device",
    "memory_format": "torchlike.base.layout",
    "Generator": "torchlike.tensor.random",
    "Sequence": "collections.abc",
    "Iterator": "collections.abc",
    "Any": "typing",
    "NamedTuple": "typing",
    "Self": "typing",
    "TypeAlias": "typing",
    **dict.fromkeys(("bool", "complex", "float", "int", "object", "str", "tuple"), "builtins"),
}


class Stub:
    """The text of one stub, and the names of types it needs."""

    def __init__(self, module: str, defined: dict[str, Any]) -> None:
        self.module = module
        self.defined = defined  # what the names mean that stand in the stub itself
        self.exports: set[str] = set()
        self.needed: dict[str, str] = {}
        self.parts: list[str] = []

    # --- types ---------------------------------------------------------------------------------------------------------

    def need(self, name: str, home: str) -> str:
        """The name under which a type of another module can be used here."""
        if home == self.module:
            return name
        if name in self.defined and self.defined[name] is getattr(sys.modules.get(home), name, None):
            return name
        local = f"_{name}" if name in self.defined else name
        if self.needed.setdefault(local, f"{home} {name}") != f"{home} {name}":
            return self.need("Any", "typing")  # two types of one name
        return local

    def written(self, text: str) -> str:
        """A type that is given as text: its names are those of HOMES."""

        def known(match: re.Match) -> str:
            name = match.group()
            return name if name in ("None", "return_types") else self.need(name, HOMES[name])

        return re.sub(r"(?<![\w.])[A-Za-z_]\w*", known, text)

    def type(self, kind: Any) -> str:
        """A type that is given as an object."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(kind, str):
            return self.written(kind)
        if kind is None or kind is types.NoneType:
            return "None"
        if kind is ...:
            return "..."
        if isinstance(kind, list):
            return f"[{', '.join(map(self.type, kind))}]"
        if origin is typing.Literal:
            return f"{self.need('Literal', 'typing')}[{', '.join(_quoted(repr(a)) for a in arguments)}]"
        if origin in (typing.Union, types.UnionType):
            return " | ".join(dict.fromkeys(map(self.type, arguments)))
        if origin is not None:
            return f"{self.type(origin)}[{', '.join(map(self.type, arguments)) or '()'}]"
        if isinstance(kind, type) and stands(kind, kind.__name__):
            return self.need(kind.__name__, _home(kind))
        return self.need("Any", "typing")

    # --- definitions ---------------------------------------------------------------------------------------------------

    def function(self, name: str, parameters: list[inspect.Parameter], result: Any, said: str, method: bool = False) -> str:
        """`def name(...)` as in the stub; a method has the first line of its docstring only."""
        indent = "    " if method else ""
        listed = [*(["self"] if method else []), *self.parameters(parameters)]
        lines = said.splitlines()[:1] if method else said.splitlines()
        body = f"\n{docstring(lines, indent + '    ')}" if said else " ..."
        ignore = "  # type: ignore[override]  # elementwise, as in torch" if name in ("__eq__", "__ne__") else ""
        head = layout(f"{indent}def {name}(", listed, f") -> {self.type(result)}:", indent, body)
        return f"{head}{ignore}{body}" if said else f"{head}{body}{ignore}"

    def parameters(self, parameters: list[inspect.Parameter]) -> Iterator[str]:
        kinds = inspect.Parameter
        starred = False
        for i, p in enumerate(parameters):
            if p.kind is kinds.KEYWORD_ONLY and not starred:
                starred = True
                yield "*"
            starred = starred or p.kind is kinds.VAR_POSITIONAL
            stars = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
            yield f"{stars}{p.name}: {self.type(p.annotation)}" + ("" if p.default is p.empty else f" = {default(p.default)}")
            if p.kind is kinds.POSITIONAL_ONLY and (i + 1 == len(parameters) or parameters[i + 1].kind is not p.kind):
                yield "/"

    def property(self, name: str, made: property, kind: Any, said: str) -> str:
        shown = self.type(kind)
        body = f"\n{docstring(said.splitlines()[:1], ' ' * 8)}" if said else " ..."
        lines = [f"    @property\n    def {name}(self) -> {shown}:{body}"]
        if made.fset is not None:
            lines.append(f"    @{name}.setter\n    def {name}(self, value: {shown}) -> None: ...")
        if made.fdel is not None:
            lines.append(f"    @{name}.deleter\n    def {name}(self) -> None: ...")
        return "\n".join(lines)

    def text(self, doc: str) -> str:
        """The whole file."""
        homes: dict[str, set[str]] = {}
        renamed = []
        for local, place in self.needed.items():
            home, name = place.split()
            if local != name:
                renamed.append((home, f"{name} as {local}"))
            elif home != "builtins":
                homes.setdefault(home, set()).add(name)
        lines = [layout(f"from {home} import ", sorted(names), "", "") for home, names in homes.items()]
        lines += [f"from {home} import {name}" for home, name in renamed] + list(self.exports)
        blocks = [sorted(line for line in lines if _block(line) == block) for block in range(3)]
        imports = "\n\n".join("\n".join(block) for block in blocks if block)
        return f'{HEADER}"""{doc}"""\n\n' + "\n".join([imports, "", *self.parts]).rstrip() + "\n"


def _block(line: str) -> int:
    """Imports stand in three blocks: Python's own, others', ours."""
    package = line.split()[1].partition(".")[0]
    return 2 if package == "torchlike" else int(package not in sys.stdlib_module_names)


def stands(kind: type, name: str) -> bool:
    """Whether a class stands under this name in the module that it says it is from."""
    return getattr(sys.modules.get(kind.__module__), name, None) is kind


def _home(kind: type) -> str:
    return "numpy" if kind.__module__.startswith("numpy") else kind.__module__


def _quoted(text: str) -> str:
    return '"' + text[1:-1] + '"' if text.startswith("'") and '"' not in text else text


def default(value: Any) -> str:
    """A default as it is written, or `...` for what cannot be."""
    if isinstance(value, tuple) and all(type(v) in (int, str, bool) for v in value):
        return _tuple(value)
    if value is None or type(value) in (int, bool, str) or (type(value) is float and math.isfinite(value)):
        return _quoted(repr(value))
    return "..."


def _tuple(value: tuple) -> str:
    return f"({', '.join(default(v) for v in value)}{',' if len(value) == 1 else ''})"


def layout(start: str, items: list[str], end: str, indent: str, body: str = "") -> str:
    """On one line, on three, or with a line for each item, as ruff does it."""
    line = f"{start}{', '.join(items)}{end}"
    if len(line.splitlines()[-1] + body.partition("\n")[0]) <= WIDTH or not items:
        return line
    inner = f"{indent}    "
    if len(f"{inner}{', '.join(items)}") <= WIDTH:
        return f"{start}\n{inner}{', '.join(items)}\n{indent}{end}"
    return "\n".join([start, *(f"{inner}{item}," for item in items), f"{indent}{end}"])


def docstring(text: list[str], indent: str) -> str:
    """A docstring of these lines, wrapped."""
    lines = []
    for line in (line.replace("\\", "\\\\").replace('"""', "'''") for line in text):
        deeper = indent + line[: len(line) - len(line.lstrip())]
        room = WIDTH - len(deeper) - 6
        wrapped = textwrap.wrap(line.strip(), room, break_long_words=False, break_on_hyphens=False)
        lines += [deeper + part for part in wrapped] or [""]
    lines[0] = f'{indent}"""{lines[0].strip()}'
    if len(lines) > 1:
        return "\n".join([*lines, f'{indent}"""'])
    return f'{lines[0]}{" " if lines[0].endswith(chr(34)) else ""}"""'


def spaced(parts: list[str]) -> list[str]:
    """Functions with a docstring stand apart."""
    out: list[str] = []
    for before, part in zip(["", *parts], parts, strict=False):
        if before.endswith('"""'):
            out.append("")
        out.append(part)
    return out

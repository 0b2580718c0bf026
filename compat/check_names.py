"""Which dotted names of torch's a syntax tree uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

ROOTS = ("torch", "torchvision")


class Use(NamedTuple):
    """A name and the line it stands in; `method` where it is only an attribute of something that is not known."""

    name: str
    line: int
    method: bool = False


def uses(tree: ast.AST) -> list[Use]:
    """Every use, in the order of the text. A chain of attributes counts once, at its full length."""
    return sorted(set(_Reader().read(tree)), key=lambda u: (u.line, u.name))


def places(tree: ast.AST) -> dict[tuple, str]:
    """The names by the place where they stand (see `place`)."""
    reader = _Reader()
    reader.read(tree)
    return reader.places


def place(node: Any) -> tuple:
    """Where a node stands in the text."""
    return node.lineno, node.col_offset, node.end_col_offset


class _Reader:
    """Follows names through imports and assignments, scope by scope."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str | None]] = [{}]
        self.places: dict[tuple, str] = {}

    def read(self, tree: ast.AST) -> list[Use]:
        return list(self._visit(tree))

    def _known(self, name: str) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def _path(self, node: ast.AST) -> str | None:
        """The dotted name of torch's that an expression is, if it is one."""
        if isinstance(node, ast.Name):
            return self._known(node.id)
        if isinstance(node, ast.Attribute):
            base = self._path(node.value)
            return None if base is None else f"{base}.{node.attr}"
        return None

    def _visit(self, node: ast.AST) -> Iterator[Use]:
        if isinstance(node, ast.Import):
            yield from self._import(node)
        elif isinstance(node, ast.ImportFrom):
            yield from self._import_from(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from self._scope(node)
        elif isinstance(node, ast.Assign):
            yield from self._visit(node.value)
            path = self._path(node.value)
            for target in node.targets:
                yield from self._target(target, path)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            yield from self._expression(node)
        else:
            for child in ast.iter_child_nodes(node):
                yield from self._visit(child)

    def _target(self, target: ast.AST, path: str | None) -> Iterator[Use]:
        if isinstance(target, ast.Name):
            self._scopes[-1][target.id] = path
        else:
            yield from self._visit(target)

    def _expression(self, node: ast.Name | ast.Attribute) -> Iterator[Use]:
        path = self._path(node)
        if path is not None:
            self.places[place(node)] = path
            yield Use(path, node.lineno)
        elif isinstance(node, ast.Attribute):
            yield from self._visit(node.value)
            yield Use(node.attr, node.lineno, method=True)

    def _import(self, node: ast.Import) -> Iterator[Use]:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            bound = alias.asname or root
            if root in ROOTS:
                self._scopes[-1][bound] = alias.name if alias.asname else root
                if "." in alias.name:
                    self.places[place(alias)] = alias.name
                    yield Use(alias.name, node.lineno)
            else:
                self._scopes[-1][bound] = None

    def _import_from(self, node: ast.ImportFrom) -> Iterator[Use]:
        module = node.module or ""
        ours = not node.level and module.partition(".")[0] in ROOTS
        for alias in node.names:
            path = f"{module}.{alias.name}" if ours else None
            if alias.name == "*":
                if ours:
                    yield Use(module, node.lineno)
                continue
            self._scopes[-1][alias.asname or alias.name] = path
            if path is not None:
                self.places[place(alias)] = path
                yield Use(path, node.lineno)

    def _scope(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> Iterator[Use]:
        outside: list[ast.AST] = list(getattr(node, "decorator_list", []))
        own: dict[str, str | None] = {}
        if isinstance(node, ast.ClassDef):
            outside += [*node.bases, *(k.value for k in node.keywords)]
            self._scopes[-1][node.name] = None
            inside: list[ast.AST] = list(node.body)
        else:
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            own = {a.arg: None for a in every if a is not None}
            outside += [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
            outside += [a.annotation for a in every if a is not None and a.annotation is not None]
            inside = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
            if not isinstance(node, ast.Lambda):
                outside += [node.returns] if node.returns is not None else []
                self._scopes[-1][node.name] = None
        for part in outside:
            yield from self._visit(part)
        self._scopes.append(own)
        for part in inside:
            yield from self._visit(part)
        self._scopes.pop()

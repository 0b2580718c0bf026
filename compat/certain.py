"""Which parts of a script are sure to run, so that `torchlike run` can refuse it before it has spent any time.

Sure is what stands at the top of a script, under `if __name__ == "__main__"`, in loops and `with` blocks there, and in the
functions and constructors that are called there by name. Not sure is what stands under a condition or in a `try` that catches
errors, and all that follows where a condition may end the script or the function. Methods are not followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

Asked = tuple[ast.AST, bool]  # a node, and whether it is called

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LEAVES = frozenset({"exit", "_exit", "quit", "abort"})
_FORGIVES = frozenset({"suppress", "raises", "assertRaises", "skipIf", "skipUnless"})
_INTERRUPTS = frozenset({"KeyboardInterrupt", "SystemExit", "BrokenPipeError"})


def certain(tree: ast.Module) -> Iterator[Asked]:
    """The names, chains of attributes and imported names of a module that are sure to be asked for."""
    return _Walk(tree).body(tree.body)


class _Walk:
    def __init__(self, tree: ast.Module):
        kinds = (ast.FunctionDef, ast.ClassDef)
        self.defined: dict[str, ast.AST] = {node.name: node for node in tree.body if isinstance(node, kinds)}
        self.seen: set[int] = set()
        self.ended = False  # the script may have ended by now

    def body(self, statements: Iterable[ast.stmt]) -> Iterator[Asked]:
        for statement in statements:
            yield from self.statement(statement)
            self.ended = self.ended or _may_exit(statement)
            if self.ended or _may_end(statement):
                return

    def statement(self, node: ast.stmt) -> Iterator[Asked]:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((name, False) for name in node.names)
        elif isinstance(node, ast.If):
            yield from self.expression(node.test)
            if _is_main(node.test):
                yield from self.body(node.body)
        elif isinstance(node, ast.Try):
            if all(_passes_errors_on(handler) for handler in node.handlers):
                yield from self.body(node.body)
            yield from self.body(node.finalbody)
        elif isinstance(node, ast.With):
            yield from self.expressions(item.context_expr for item in node.items)
            if not any(_forgives(item.context_expr) for item in node.items):
                yield from self.body(node.body)
        elif isinstance(node, ast.For):
            yield from self.expressions([node.iter, node.target])
            yield from self.body(node.body)
        elif isinstance(node, ast.While):
            yield from self.expression(node.test)
            yield from self.body(node.body)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from self.expressions([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
        elif isinstance(node, ast.ClassDef):
            yield from self.expressions([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
            yield from self.body(node.body)
        else:
            yield from self.expressions(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def expressions(self, nodes: Iterable[ast.expr]) -> Iterator[Asked]:
        for node in nodes:
            yield from self.expression(node)

    def expression(self, node: ast.AST) -> Iterator[Asked]:
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield node, False
            if isinstance(node, ast.Attribute):
                yield from self.expression(node.value)
        elif isinstance(node, ast.BoolOp):
            yield from self.expression(node.values[0])
        elif isinstance(node, ast.IfExp):
            yield from self.expression(node.test)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from self.expression(node.generators[0].iter)
            if isinstance(node, ast.ListComp) and len(node.generators) == 1 and not node.generators[0].ifs:
                yield from self.expression(node.elt)
        elif not isinstance(node, ast.Lambda):
            for child in ast.iter_child_nodes(node):
                yield from self.expression(child)
            if isinstance(node, ast.Call):
                yield node.func, True
                yield from self.call(self.defined.get(node.func.id) if isinstance(node.func, ast.Name) else None)

    def call(self, target: ast.AST | None) -> Iterator[Asked]:
        """What a function of the module runs when it is called, or a class when it is instantiated."""
        if isinstance(target, ast.ClassDef):
            methods = [n for n in target.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            target = methods[0] if methods else None
        if isinstance(target, ast.FunctionDef) and id(target) not in self.seen and not _is_generator(target):
            self.seen.add(id(target))
            yield from self.body(target.body)


def _may_end(node: ast.stmt) -> bool:
    """Whether a statement may end the block that it stands in (but for an error under a condition, which ends it badly)."""
    kinds = (ast.Return,) if isinstance(node, (ast.For, ast.While)) else (ast.Return, ast.Break, ast.Continue)
    return isinstance(node, ast.Raise) or any(isinstance(n, kinds) for n in _within(node))


def _may_exit(node: ast.stmt) -> bool:
    """Whether a statement may end the script."""
    return any(isinstance(n, ast.Call) and _name(n.func) in _LEAVES for n in _within(node))


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """A statement's nodes, but for those of functions and classes that are defined there."""
    if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _within(child)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and any(_name(n) == "__name__" for n in (test.left, *test.comparators))


def _forgives(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Call) and _name(expression.func) in _FORGIVES


def _passes_errors_on(handler: ast.ExceptHandler) -> bool:
    """Whether an `except` is only for the user's interrupting the script."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(kind is not None and _name(kind) in _INTERRUPTS for kind in kinds)


def _is_generator(function: ast.FunctionDef) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in function.body for n in _within(s))

"""Passes in a row."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlike.fx.graph_module import GraphModule
from torchlike.fx.passes.infra.pass_base import PassResult

__all__ = ["PassManager", "pass_result_wrapper", "this_before_that_pass_constraint"]


def pass_result_wrapper(fn: Callable) -> Callable:
    """A function of a module as a pass: what returns nothing has changed it."""
    if fn is None:
        return None

    @functools.wraps(fn)
    def wrapped(gm: GraphModule) -> PassResult:
        result = fn(gm)
        if result is None:
            return PassResult(gm, True)
        return result if isinstance(result, PassResult) else PassResult(result, True)

    return wrapped if not isinstance(fn, type) else fn


def this_before_that_pass_constraint(this: Callable, that: Callable) -> Callable:
    """A constraint: `this` must not come after `that`."""

    def depends_on(a: Callable, b: Callable) -> bool:
        return not (a == that and b == this)

    return depends_on


class PassManager:
    """Runs passes one after the other.

    Args:
        passes: the passes.
        constraints: functions of two passes, false where the first must not come before the second.
        steps: how often all are run; fewer times where nothing changes any more.
        run_checks_after_each_pass: call `check` after each.
        suppress_check_failures: take passes out of order as they are.
    """

    def __init__(
        self,
        passes: list[Callable] | None = None,
        constraints: list[Callable] | None = None,
        steps: int | None = None,
        run_checks_after_each_pass: bool = False,
        suppress_check_failures: bool = False,
    ):
        self.passes, self.constraints = passes or [], constraints or []
        self.steps = steps or 1
        self.run_checks_after_each_pass = run_checks_after_each_pass
        self.suppress_check_failures = suppress_check_failures

    def add_pass(self, _pass: Callable) -> None:
        """Put a pass last."""
        self.passes.append(_pass)

    def add_constraint(self, constraint: Callable) -> None:
        """Ask for an order."""
        self.constraints.append(constraint)

    def validate_constraints(self) -> None:
        """Raise RuntimeError where the order is not as asked."""
        for constraint in self.constraints:
            for i, this in enumerate(self.passes):
                for that in self.passes[i + 1 :]:
                    if not constraint(this, that):
                        raise RuntimeError(f"pass schedule constraint violated. Expected {this} before {that}")

    def add_checks(self, check: Callable) -> None:
        """Set the function of a module that is called after passes."""
        self.check = check  # type: ignore[method-assign]

    def check(self, module: Any) -> None:
        """Nothing; override it, or set it by `add_checks`."""

    def __call__(self, module: Any) -> PassResult:
        if not self.suppress_check_failures:
            self.validate_constraints()
        self.check(module)
        overall = False
        for _ in range(self.steps):
            changed = False
            for fn in self.passes:
                try:
                    result = fn(module)
                except Exception as error:
                    raise RuntimeError(f"An error occurred when running the '{getattr(fn, '__name__', fn)}' pass") from error
                if not isinstance(result, PassResult):
                    raise TypeError(
                        f"The result of the pass {fn} should be type PassResult. Please wrap it with pass_result_wrapper()"
                    )
                module, changed = result.graph_module, changed or result.modified
                if isinstance(module, GraphModule):
                    module.recompile()
                if self.run_checks_after_each_pass:
                    self.check(module)
            overall = overall or changed
            if not changed:
                break
        return PassResult(module, overall)

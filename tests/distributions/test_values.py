"""Every distribution against torch: all that can be asked of it, with gradients with respect to parameters and values.

One program per distribution in recorded mode: everything is asked first and read at the end.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.distributions.cases import CASES, Case

# Asked by default, the others with `-m full`: compiling takes seconds for each.
DEFAULT = {"Categorical", "Gumbel", "MultivariateNormal", "Normal"}
PROPERTIES = ("mean", "mode", "variance", "stddev")


class Asked:
    """What a distribution answers: errors by their names, tensors with gradients, all read when everything has been asked."""

    def __init__(self, namespace: Any, case: Case):
        self.torch = namespace
        self.kind = getattr(namespace, case.dtype)
        self.distributions = importlib.import_module(f"{namespace.__name__}.distributions")
        self.parameters = {k: self.tensor(v).requires_grad_() for k, v in case.parameters.items()}
        self.made = case.make(self.distributions, self.parameters)
        self.found: dict[str, Any] = {}
        self._ask(case)

    def tensor(self, values: Any) -> Any:
        return self.torch.tensor(values, dtype=self.kind)

    def _ask(self, case: Case) -> None:
        made = self.made
        for name in PROPERTIES:
            self.note(name, lambda name=name: getattr(made, name))
        value = self.tensor(case.values).requires_grad_()
        count = math.prod(made.batch_shape)
        levels = self.tensor(np.linspace(0.05, 0.95, count).reshape(tuple(made.batch_shape))).requires_grad_()
        self.note("entropy", made.entropy)
        self.note("perplexity", made.perplexity)
        self.note("log_prob", lambda: made.log_prob(value), value)
        self.note("cdf", lambda: made.cdf(value), value)
        self.note("icdf", lambda: made.icdf(levels), levels)
        self.note("enumerate_support", made.enumerate_support)
        self.note("enumerate_support(False)", lambda: made.enumerate_support(False))
        self.note("expand", lambda: made.expand((2, *made.batch_shape)).log_prob(value), value)
        self.torch.manual_seed(5)
        self.note("rsample", lambda: made.rsample((2,)))

    def note(self, name: str, ask: Callable[[], Any], *inputs: Any) -> None:
        try:
            answer = ask()
            self.found[name] = answer, self._gradients(answer, inputs)
        except Exception as error:
            self.found[name] = type(error)

    def _gradients(self, answer: Any, inputs: tuple) -> Any:
        if not (answer.requires_grad and answer.is_floating_point()):
            return []
        weights = self.tensor(np.linspace(0.5, 1.5, answer.numel()).reshape(tuple(answer.shape)))
        total = (answer.nan_to_num(0, 0, 0) * weights).sum()  # where a moment is infinite there is no gradient to compare
        wanted = [*self.parameters.values(), *inputs]
        try:
            return self.torch.autograd.grad(total, wanted, allow_unused=True, retain_graph=True)
        except NotImplementedError:
            return None

    def read(self) -> dict[str, Any]:
        def numpy(x: Any) -> Any:
            return None if x is None else x.detach().numpy()

        return {
            name: noted if isinstance(noted, type) else (numpy(noted[0]), noted[1] and [numpy(g) for g in noted[1]])
            for name, noted in self.found.items()
        }


def compare(name: str, ours: Any, theirs: Any, case: Case) -> None:
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours == theirs, name
        return
    (value, gradients), (their_value, their_gradients) = ours, theirs
    assert (value.dtype, value.shape) == (their_value.dtype, their_value.shape), name
    np.testing.assert_allclose(value, their_value, case.close, case.close, err_msg=name)
    # torch's reparametrization gradients of gamma, beta and Dirichlet numbers are approximations.
    near = 2e-3 if name == "rsample" else case.close * 10
    if name in case.ours_alone:
        assert their_gradients is None and all(np.isfinite(g).all() for g in gradients), name
        return
    assert len(gradients) == len(their_gradients)
    for i, (gradient, their_gradient) in enumerate(zip(gradients, their_gradients, strict=True)):
        zero = np.zeros(1)
        mine, its = (zero if g is None else g for g in (gradient, their_gradient))  # unused, or used with a slope of zero
        if case.parameters.keys() >= {"scale_tril"} and mine.ndim > 2:  # of the other triangle nothing is used
            mine, its = np.tril(mine), np.tril(its)
        np.testing.assert_allclose(mine, np.broadcast_to(its, mine.shape), near, near, err_msg=f"gradient {i} of {name}")


def names() -> list[Any]:
    return [pytest.param(name, marks=() if name in DEFAULT else pytest.mark.full) for name in CASES]


@pytest.mark.sampled(0.35)
@pytest.mark.parametrize("name", names())
def test_as_in_torch(name: str) -> None:
    case = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about slow conversions of lists
        theirs = Asked(torch, case)
        ours = Asked(torchlike, case)
        expected, found = theirs.read(), ours.read()
    assert repr(ours.made) == repr(theirs.made)
    assert repr(ours.made.support) == repr(theirs.made.support)
    for attribute in ("batch_shape", "event_shape", "has_rsample", "has_enumerate_support"):
        assert getattr(ours.made, attribute) == getattr(theirs.made, attribute), attribute
    for what, answer in expected.items():
        if what not in case.skip:
            compare(what, found[what], answer, case)

"""The update rules: pure functions of one parameter, `(param, grad, state, hyper, flags) -> (param, state)`.

`@per_parameter` makes of such a function the rule of a whole parameter group; see `torchlike.optim.rules.base`.
"""

from __future__ import annotations

from torchlike.optim.rules.base import Layout, per_parameter
from torchlike.optim.rules.descent import asgd, muon, rprop, sgd
from torchlike.optim.rules.moments import adam, adamax, nadam, radam
from torchlike.optim.rules.quasi_newton import lbfgs
from torchlike.optim.rules.scaling import adadelta, adafactor, adagrad, rmsprop
from torchlike.optim.rules.sparse import sparse_adagrad, sparse_adam, sparse_sgd

__all__ = [
    "Layout",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "asgd",
    "lbfgs",
    "muon",
    "nadam",
    "per_parameter",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
    "sparse_adagrad",
    "sparse_adam",
    "sparse_sgd",
]

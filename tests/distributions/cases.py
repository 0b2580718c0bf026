"""The table of distributions: each as it is made under torch and under torchlike, with values to ask about.

Parameters are lists; the first dimension is the batch. `make(D, t)` gets the namespace and the parameters as tensors by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

INF, NAN = float("inf"), float("nan")


@dataclass
class Case:
    """One distribution.

    Attributes:
        make: `(namespace of distributions, parameters) -> distribution`.
        parameters: those that have gradients. values: for `log_prob` and `cdf`.
        close: relative and absolute tolerance.
        skip: what torch answers otherwise, each with its reason.
        ours_alone: whose gradients torch does not have, each with the reason.
    """

    make: Callable[[Any, dict[str, Any]], Any]
    parameters: dict[str, list]
    values: list
    close: float = 1e-7
    dtype: str = "float64"
    skip: dict[str, str] = field(default_factory=dict)
    ours_alone: dict[str, str] = field(default_factory=dict)


def named(name: str, **fixed: Any) -> Callable:
    """By the class's name with the parameters as keywords."""
    return lambda d, t: getattr(d, name)(**t, **fixed)


LOC, SCALE = [-1.5, 0.0, 0.7, 3.0], [0.3, 1.0, 2.5, 0.9]
POS1, POS2 = [0.4, 1.0, 2.5, 7.0], [1.3, 0.5, 1.0, 3.5]
PROBS, LOGITS = [0.1, 0.35, 0.5, 0.93], [-2.0, -0.3, 0.4, 3.0]
REAL = [[-2.0, 0.1, 0.8, 2.5], [-1.0, -0.4, 3.0, 3.3]]
ABOVE = [[0.2, 0.9, 1.7, 3.0], [2.5, 0.05, 0.6, 6.0]]
UNIT = [[0.1, 0.4, 0.65, 0.97], [0.8, 0.25, 0.5, 0.03]]
COUNTS = [[0.0, 1.0, 3.0, 2.0], [4.0, 0.0, 2.0, 7.0]]
BITS = [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
ROWS = [[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]]
ROW_LOGITS = [[0.2, -0.3, 1.5], [-0.7, 0.1, 0.2]]
MATRIX = [[[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.7]], [[1.0, 0.0, 0.4], [0.0, 3.0, 0.2], [0.4, 0.2, 1.5]]]
FACTOR = [[[1.2, 0.0, 0.0], [0.3, 0.8, 0.0], [0.1, -0.5, 0.6]], [[0.5, 0.0, 0.0], [-0.2, 1.5, 0.0], [0.4, 0.2, 0.9]]]
VECTORS = [[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]]
CORRELATION = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [-0.28, 0.0, 0.96]]

OF_IGAMMA = {"cdf": "igamma has no derivative with respect to its first argument"}

WISHART = {"rsample": "torch writes over what its gradient needs"}

CASES: dict[str, Case] = {
    "Bernoulli": Case(named("Bernoulli"), {"probs": PROBS}, BITS),
    "Bernoulli(logits)": Case(named("Bernoulli"), {"logits": LOGITS}, BITS),
    "Beta": Case(named("Beta"), {"concentration1": POS1, "concentration0": POS2}, UNIT),
    "Binomial": Case(named("Binomial", total_count=7), {"probs": PROBS}, COUNTS),
    "Binomial(logits)": Case(named("Binomial", total_count=7), {"logits": LOGITS}, COUNTS),
    "Categorical": Case(named("Categorical"), {"probs": ROWS}, [[0, 2], [1, 1]]),
    "Categorical(logits)": Case(named("Categorical"), {"logits": ROW_LOGITS}, [[0, 2], [1, 1]]),
    "Cauchy": Case(named("Cauchy"), {"loc": LOC, "scale": SCALE}, REAL),
    "Chi2": Case(named("Chi2"), {"df": POS1}, ABOVE, ours_alone=OF_IGAMMA),
    "ContinuousBernoulli": Case(named("ContinuousBernoulli"), {"probs": [0.1, 0.4995, 0.6, 0.93]}, UNIT),
    "ContinuousBernoulli(logits)": Case(named("ContinuousBernoulli"), {"logits": [-2.0, 0.001, 0.4, 3.0]}, UNIT),
    "Dirichlet": Case(named("Dirichlet"), {"concentration": [[0.5, 1.5, 3.0], [2.0, 2.0, 5.0]]}, ROWS),
    "Dirichlet(small)": Case(named("Dirichlet"), {"concentration": [[0.5, 0.7, 0.9], [0.9, 0.5, 0.5]]}, ROWS),
    "Exponential": Case(named("Exponential"), {"rate": POS1}, ABOVE),
    "FisherSnedecor": Case(named("FisherSnedecor"), {"df1": [1.0, 3.0, 5.0, 7.0], "df2": [1.5, 3.0, 6.0, 9.0]}, ABOVE),
    "Gamma": Case(named("Gamma"), {"concentration": POS1, "rate": POS2}, ABOVE, ours_alone=OF_IGAMMA),
    "GeneralizedPareto": Case(
        named("GeneralizedPareto"),
        {"loc": [-0.5, 0.0, 0.1, -1.0], "scale": SCALE, "concentration": [0.3, 0.0, -0.4, 1.2]},
        [[0.2, 0.9, 1.7, 3.0], [2.5, 0.05, 0.6, 6.0]],
        dtype="float32",  # in which torch's log_prob has a gradient: it mixes its dtype with the default one
        close=2e-5,
    ),
    "Geometric": Case(named("Geometric"), {"probs": PROBS}, COUNTS),
    "Geometric(logits)": Case(named("Geometric"), {"logits": LOGITS}, COUNTS),
    "Gumbel": Case(named("Gumbel"), {"loc": LOC, "scale": SCALE}, REAL),
    "HalfCauchy": Case(named("HalfCauchy"), {"scale": SCALE}, ABOVE),
    "HalfNormal": Case(named("HalfNormal"), {"scale": SCALE}, ABOVE),
    "Independent": Case(
        lambda d, t: d.Independent(d.Normal(t["loc"], t["scale"]), 1), {"loc": [LOC, LOC], "scale": [SCALE, SCALE]}, REAL
    ),
    "InverseGamma": Case(named("InverseGamma"), {"concentration": POS1, "rate": POS2}, ABOVE, ours_alone=OF_IGAMMA),
    "Kumaraswamy": Case(
        named("Kumaraswamy"),
        {"concentration1": POS1, "concentration0": POS2},
        UNIT,
        skip={"mode": "torch's is NaN everywhere"},
    ),
    "LKJCholesky": Case(named("LKJCholesky", dim=3), {"concentration": [0.5, 2.5]}, CORRELATION),
    "Laplace": Case(named("Laplace"), {"loc": LOC, "scale": SCALE}, REAL),
    "LogNormal": Case(named("LogNormal"), {"loc": LOC, "scale": SCALE}, ABOVE),
    "LogisticNormal": Case(named("LogisticNormal"), {"loc": [[0.3, -1.0]], "scale": [[0.5, 2.0]]}, ROWS),
    "LowRankMultivariateNormal": Case(
        named("LowRankMultivariateNormal"),
        {"loc": VECTORS, "cov_factor": [[[1.0], [0.5], [-2.0]]], "cov_diag": [[0.5, 1.0, 2.0]]},
        VECTORS,
    ),
    "MixtureSameFamily": Case(
        lambda d, t: d.MixtureSameFamily(d.Categorical(t["probs"]), d.Normal(t["loc"], t["scale"])),
        {"probs": ROWS, "loc": VECTORS, "scale": [[1.0, 2.0, 0.5], [0.3, 1.0, 3.0]]},
        [[0.3, -0.5]],
    ),
    "Mixture of vectors": Case(
        lambda d, t: d.MixtureSameFamily(d.Categorical(t["probs"]), d.Independent(d.Normal(t["loc"], 1.0), 1)),
        {"probs": [0.3, 0.7], "loc": VECTORS},
        VECTORS,
    ),
    "Multinomial": Case(named("Multinomial", total_count=5), {"probs": ROWS}, [[1, 1, 3], [5, 0, 0]]),
    "Multinomial(logits)": Case(named("Multinomial", total_count=5), {"logits": ROW_LOGITS}, [[1, 1, 3], [5, 0, 0]]),
    "MultivariateNormal": Case(named("MultivariateNormal"), {"loc": VECTORS, "scale_tril": FACTOR}, VECTORS),
    "MultivariateNormal(one)": Case(
        lambda d, t: d.MultivariateNormal(t["loc"], t["matrix"] @ t["matrix"].mT),
        {"loc": VECTORS, "matrix": FACTOR[0]},
        VECTORS,
    ),
    "MultivariateNormal(precision)": Case(
        lambda d, t: d.MultivariateNormal(t["loc"], precision_matrix=t["matrix"] @ t["matrix"].mT),
        {"loc": VECTORS, "matrix": FACTOR},
        VECTORS,
    ),
    "NegativeBinomial": Case(named("NegativeBinomial"), {"total_count": POS1, "probs": PROBS}, COUNTS),
    "NegativeBinomial(logits)": Case(named("NegativeBinomial"), {"total_count": POS1, "logits": LOGITS}, COUNTS),
    "Normal": Case(named("Normal"), {"loc": LOC, "scale": SCALE}, REAL),
    "OneHotCategorical": Case(named("OneHotCategorical"), {"probs": ROWS}, [[0, 1, 0], [0, 0, 1]]),
    "OneHotCategoricalStraightThrough": Case(
        named("OneHotCategoricalStraightThrough"), {"logits": ROW_LOGITS}, [[0, 1, 0], [0, 0, 1]]
    ),
    "Pareto": Case(named("Pareto"), {"scale": [0.1, 0.02, 0.5, 0.7], "alpha": [0.8, 1.5, 2.5, 4.0]}, ABOVE),
    "Poisson": Case(named("Poisson"), {"rate": [0.3, 1.0, 4.5, 20.0]}, COUNTS),
    "RelaxedBernoulli": Case(named("RelaxedBernoulli"), {"temperature": 0.7, "probs": PROBS}, UNIT),
    "RelaxedOneHotCategorical": Case(named("RelaxedOneHotCategorical"), {"temperature": 0.7, "logits": ROW_LOGITS}, ROWS),
    "StudentT": Case(named("StudentT"), {"df": [0.8, 1.5, 3.0, 9.0], "loc": LOC, "scale": SCALE}, REAL),
    "TransformedDistribution": Case(
        lambda d, t: d.TransformedDistribution(
            d.Normal(t["loc"], t["scale"]), [d.AffineTransform(1.0, -2.0), d.TanhTransform(), d.SigmoidTransform()]
        ),
        {"loc": LOC, "scale": SCALE},
        [[0.3, 0.4, 0.5, 0.6]],
    ),
    "Uniform": Case(named("Uniform"), {"low": LOC, "high": [2.6, 3.0, 1.5, 4.0]}, [[0.2, 1.0, 0.8, 3.3]]),
    "VonMises": Case(named("VonMises"), {"loc": LOC, "concentration": POS1}, REAL, close=1e-6),  # torch's Bessel functions
    "Weibull": Case(named("Weibull"), {"scale": SCALE, "concentration": [1.3, 2.0, 1.0, 3.5]}, ABOVE),
    "Wishart": Case(
        lambda d, t: d.Wishart(t["df"], scale_tril=t["scale_tril"]),
        {"df": [3.5, 6.0], "scale_tril": FACTOR},
        MATRIX,
        skip=WISHART,
    ),
    "Wishart(covariance)": Case(
        lambda d, t: d.Wishart(t["df"], t["matrix"] @ t["matrix"].mT),
        {"df": [3.5, 6.0], "matrix": FACTOR},
        MATRIX,
        skip=WISHART,
    ),
}

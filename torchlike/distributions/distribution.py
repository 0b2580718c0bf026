"""The base class of all distributions."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._torch import Size, Tensor
from torchlike.distributions.utils import lazy_property
from torchlike.distributions.validation import require

__all__ = ["Distribution"]


class Distribution:
    """A batch of probability distributions of one family.

    Args:
        batch_shape: the shape of the parameters: that many distributions, independent and not identical.
        event_shape: the shape of one sample of one of them.
        validate_args: whether parameters and samples are checked (see `torchlike.distributions.validation`); by default
            what `set_default_validate_args` says.

    >>> import torchlike as torch
    >>> torch.distributions.Normal(torch.zeros(2), 1.0)
    Normal(loc: torch.Size([2]), scale: torch.Size([2]))
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their parameters and samples where nothing else is said. Raises ValueError otherwise."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Any = (),
        event_shape: Any = (),
        validate_args: bool | None = None,
    ):
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()

    def _check_parameters(self) -> None:
        try:
            wanted = self.arg_constraints
        except NotImplementedError:
            wanted = {}
            warnings.warn(
                f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
        for name, constraint in wanted.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue  # made from another parameter, when somebody asks for it
            value = getattr(self, name)

            def message(readable: bool, name: str = name, constraint: Any = constraint, value: Any = value) -> str:
                return (
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self._shown(readable)} to satisfy the constraint {_region(constraint, readable)}, but found invalid "
                    "values:" + (f"\n{value}" if readable else "")
                )

            require(constraint, value, message)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its parameters broadcast to `batch_shape`, without a copy.

        Args:
            _instance: for subclasses that override `__init__`: an instance of theirs to fill.
        """
        raise NotImplementedError

    @property
    def batch_shape(self) -> Size:
        """The shape over which parameters are batched."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample, without the batch."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """The constraint of each parameter by its name."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The constraint that samples satisfy."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The mean, of shape `batch_shape + event_shape`."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Samples of shape `sample_shape + batch_shape + event_shape`, without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Samples as a differentiable function of the parameters, where `has_rsample`."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """`n` samples or batches of samples. Deprecated."""
        warnings.warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2)
        return self.sample(Size((n,)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability (density) at `value`."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a sample up to `value`."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, in a new first dimension.

        Args:
            expand: repeat them over the batch; otherwise its dimensions have size 1.
        """
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy in nats, of shape `batch_shape`."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """`exp(entropy)`."""
        return torch.exp(self.entropy())

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of samples: `sample_shape + batch_shape + event_shape`."""
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Any) -> None:
        """Raise ValueError for what `log_prob`, `cdf` and `icdf` cannot take: no tensor, a shape or values that do not fit."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        self._check_shape(value)
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please initialize the distribution "
                "with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if support is None:
            raise AssertionError("support is None")

        def message(readable: bool) -> str:
            return (
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({_region(support, readable)}) of the distribution {self._shown(readable)}, but found invalid values:"
                + (f"\n{value}" if readable else "")
            )

        require(support, value, message)

    def _check_shape(self, value: Tensor) -> None:
        rightmost = value.shape[value.ndim - len(self._event_shape) :]
        if rightmost != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}.")
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(value.shape), reversed(expected), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}.")

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """A new instance for `expand` to fill. Raises NotImplementedError where a subclass's `__init__` is not known to fit."""
        if _instance is None and type(self).__init__ is not cls.__init__:  # type: ignore[misc]  # what was overridden is asked for
            raise NotImplementedError(
                f"Subclass {self.__class__.__name__} of {cls.__name__} that defines a custom __init__ method must also define "
                "a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, cls: type, batch_shape: Any, instance: Any, *names: str) -> Any:
        """What `expand` returns, with the parameters `names` broadcast as far as they are there."""
        new = self._get_checked_instance(cls, instance)
        shape = Size(batch_shape)
        for name in names:
            if name in self.__dict__:
                value = self.__dict__[name]
                setattr(new, name, value.expand(shape + value.shape[len(self._batch_shape) :]))
        Distribution.__init__(new, shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _shown(self, readable: bool = True) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        values = [self.__dict__[name] for name in names]
        shown = [f"{n}: {v if readable and v.numel() == 1 else v.size()}" for n, v in zip(names, values, strict=True)]
        return f"{self.__class__.__name__}({', '.join(shown)})"

    def __repr__(self) -> str:
        return self._shown()


def _region(constraint: Any, readable: bool) -> str:
    """A constraint in words; its name alone where its bounds are tensors that may not be read."""
    if readable or not any(isinstance(bound, Tensor) for bound in vars(constraint).values()):
        return repr(constraint)
    return type(constraint).__name__.removeprefix("_")

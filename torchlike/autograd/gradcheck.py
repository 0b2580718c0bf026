"""gradcheck and gradgradcheck: the gradients of a function against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.forward import sweep
from torchlike.autograd.levels import alias, handle, recording
from torchlike.autograd.transforms import pullback
from torchlike.tensor import views
from torchlike.tensor.creation import zeros_like
from torchlike.tensor.functions import stack
from torchlike.tensor.overloads.ranges import eye
from torchlike.tensor.random import randn
from torchlike.tensor.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """What gradcheck raises where two Jacobians differ."""


def _inputs(given: Any) -> tuple:
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)


def _real(t: Tensor) -> Tensor:
    return views.view_as_real(t) if t.is_complex() else t


def _outputs(result: Any) -> list[Tensor]:
    found = [t for t in _inputs(result) if isinstance(t, Tensor) and t.dtype.is_differentiable]
    return [_real(t) for t in found]


class _Checked:
    """A function of the real and imaginary parts of the inputs that require grad.

    Attributes:
        parts: those inputs, real and detached.
    """

    def __init__(self, func: Callable, inputs: tuple):
        self.func, self.inputs = func, inputs
        self.places = [i for i, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]
        if not self.places:
            raise ValueError(
                "gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True."
            )
        self.parts = [_real(inputs[i].detach()) for i in self.places]

    def __call__(self, parts: Sequence[Tensor]) -> list[Tensor]:
        full = list(self.inputs)
        for place, part in zip(self.places, parts, strict=True):
            full[place] = views.view_as_complex(part) if self.inputs[place].is_complex() else part
        return _outputs(self.func(*full))

    def numerical(self, place: int, eps: float) -> list[Tensor]:
        """Per output the Jacobian with respect to one input, (numel of the input, numel of the output)."""
        part = self.parts[place]
        steps = eye(part.numel(), dtype=part.dtype).reshape(part.numel(), *part.shape) * eps
        rows = []
        for step in steps:
            above, below = (self([p + sign * step if i == place else p for i, p in enumerate(self.parts)]) for sign in (1, -1))
            rows.append([(a.detach() - b.detach()).reshape(-1) / (2 * eps) for a, b in zip(above, below, strict=True)])
        return [stack(list(column)) for column in zip(*rows, strict=True)]


def _analytical(checked: _Checked, forward: bool) -> list[list[Tensor]]:
    """Per output and input the Jacobian, (numel of the input, numel of the output)."""
    with recording() as mark:
        inside = [alias(p) for p in checked.parts]
        inputs = [handle(t) for t in inside]
        outs = checked(inside)
        if forward:
            return [[_pushed(out, inputs, i, mark) for i in range(len(inputs))] for out in outs]
        found = []
        for out in outs:
            basis = eye(out.numel(), dtype=out.dtype).reshape(out.numel(), *out.shape)
            rows = [pullback([out], [v], inputs, mark) for v in basis]
            found.append([stack([r[i].detach().reshape(-1) for r in rows], 1) for i in range(len(inputs))])
        return found


def _pushed(out: Tensor, inputs: list[Tensor], place: int, mark: int) -> Tensor:
    part = inputs[place]
    basis = eye(part.numel(), dtype=part.dtype).reshape(part.numel(), *part.shape)
    rows = []
    for v in basis:
        (tangent,) = sweep([out], {(id(part._node), 0): v}, mark)
        rows.append((zeros_like(out.detach()) if tangent is None else tangent.detach()).reshape(-1))
    return stack(rows)


def gradcheck(
    func: Callable, inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True,
    nondet_tol: float = 0.0, check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
    check_batched_grad: bool = False, check_batched_forward_grad: bool = False, check_forward_ad: bool = False,
    check_backward_ad: bool = True, fast_mode: bool = False, masked: bool | None = None,
) -> bool:  # fmt: skip
    """Whether the gradients of `func` agree with central differences of step `eps`, within `atol + rtol * |numerical|`.

    Inputs that require grad should be float64 or complex128. `check_undefined_grad`, `nondet_tol` and the batched checks have
    nothing to check here: missing gradients, order of summation and batches are the engine's own.

    Raises:
        GradcheckError: where they differ, unless `raise_exception` is False.
        ValueError: where no input requires grad.
    """
    try:
        _check(_Checked(func, _inputs(inputs)), eps, atol, rtol, check_backward_ad, check_forward_ad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check(checked: _Checked, eps: float, atol: float, rtol: float, backward: bool, forward: bool) -> None:
    numerical = [checked.numerical(i, eps) for i in range(len(checked.parts))]
    for kind, wanted in (("", backward), ("forward-mode ", forward)):
        for o, row in enumerate(_analytical(checked, bool(kind)) if wanted else ()):
            for i, found in enumerate(row):
                if not found.allclose(numerical[i][o], rtol=rtol, atol=atol):
                    raise GradcheckError(
                        f"Jacobian mismatch for output {o} with respect to input {i},\nnumerical:{numerical[i][o]}\n"
                        f"{kind}analytical:{found}\n"
                    )


def gradgradcheck(
    func: Callable, inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True, nondet_tol: float = 0.0,
    check_undefined_grad: bool = True, check_grad_dtypes: bool = False, check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True, fast_mode: bool = False, masked: bool = False,
) -> bool:  # fmt: skip
    """`gradcheck` of the gradients of `func`, as functions of the inputs and of `grad_outputs` (random by default)."""
    given = _inputs(inputs)
    outs = [t for t in _inputs(func(*given)) if isinstance(t, Tensor) and t.requires_grad]
    if grad_outputs is None:
        cotangents = tuple(randn(*o.shape, dtype=o.dtype, device=o.device).requires_grad_() for o in outs)
    else:
        cotangents = _inputs(grad_outputs)
    count = len(given)
    places = {i for i, t in enumerate(given) if isinstance(t, Tensor) and t.requires_grad}

    def gradients(*args: Any) -> tuple:
        mine, upper = args[:count], args[count:]
        with recording() as mark:
            inside = [alias(t) if i in places else t for i, t in enumerate(mine)]
            inputs = [handle(t) for i, t in enumerate(inside) if i in places]
            results = [t for t in _inputs(func(*inside)) if isinstance(t, Tensor) and t.requires_grad]
            return tuple(pullback(results, list(upper), inputs, mark, create=True))

    return gradcheck(
        gradients, (*given, *cotangents), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip

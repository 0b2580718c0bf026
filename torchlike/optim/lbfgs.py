"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torchlike.autograd.grad_mode import enable_grad, no_grad
from torchlike.engine import dispatch
from torchlike.ops.registry import Op
from torchlike.optim import rules
from torchlike.optim.checks import check_lr
from torchlike.optim.history import History
from torchlike.optim.line_search import Measured, Point, strong_wolfe
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import tensor, zeros_like
from torchlike.tensor.views import view_as_real

_DIRECTION = Op("lbfgs", rules.lbfgs, ns="", method=False)
_HISTORIES = ("old_dirs", "old_stps", "ro")


class LBFGS(Optimizer):
    """L-BFGS (Nocedal 1980; Liu and Nocedal 1989): several Newton-like steps over one fixed batch per `step`.

    There can be only one parameter group. Losses are compared on the host, so each iteration runs a few programs.

    Args:
        params: tensors or `(name, tensor)` pairs.
        lr: length of a step without line search, a number or a one-element tensor.
        max_iter: iterations per `step`.
        max_eval: evaluations of the closure per `step`; None for `max_iter * 5 // 4`.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when no parameter, or the loss, changes by more.
        history_size: how many past steps to remember.
        line_search_fn: "strong_wolfe" or None.

    Raises:
        ValueError: for a negative learning rate or several parameter groups.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.tensor([4.0]))
    >>> optimizer = torch.optim.LBFGS([weight], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (weight - 3).square().sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item(), weight.item()
    (1.0, 3.0)
    """

    elementwise = False

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ):
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]  # needs its closure, as in torch
        """Go on for up to `max_iter` iterations.

        Args:
            closure: clears the gradients, computes the loss, calls `backward` on it and returns it.

        Returns:
            The loss before the first iteration.
        """
        (group,) = self.param_groups
        state = self.state[self._params[0]]  # of the first parameter, so that loading casts it
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with no_grad():
            first, loss, grad, largest = self._evaluate(closure)
            state["func_evals"] += 1
            if not largest <= group["tolerance_grad"]:
                _Search(self, closure, group, state).run(loss, grad)
        return first

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, float, Tensor, float]:
        """What the closure returns, the same as a number, the gradient `(n,)` and its largest element."""
        with enable_grad():
            returned = closure()
        parts = []
        for param in self._params:
            grad = zeros_like(param) if param.grad is None else param.grad
            grad = grad.to_dense() if grad.is_sparse else grad
            parts.append((view_as_real(grad) if grad.is_complex() else grad).reshape(-1))
        flat = ops.cat(parts)
        largest = flat.abs().max()
        return returned, float(returned), flat, float(largest)

    def _move(self, t: float, direction: Tensor) -> None:
        """Add `t * direction` to the parameters."""
        offset = 0
        for param in self._params:
            real = view_as_real(param) if param.is_complex() else param
            size = real.numel()
            real.add_(direction[offset : offset + size].view(real.shape), alpha=t)
            offset += size

    def state_dict(self) -> dict[str, Any]:
        """As `Optimizer.state_dict`; the histories are lists, as in torch."""
        result = super().state_dict()
        limit = self.param_groups[0]["history_size"]
        for number, entry in result["state"].items():
            plain = {key: list(value) if isinstance(value, History) else value for key, value in entry.items()}
            if "al" in plain:
                plain["al"] = [*plain["al"], *[None] * (limit - len(plain["al"]))]
            result["state"][number] = plain
        return result


class _Search:
    """The iterations of one `step`."""

    def __init__(self, optimizer: LBFGS, closure: Callable, group: dict[str, Any], state: dict[str, Any]):
        self.optimizer, self.closure, self.group, self.state = optimizer, closure, group, state
        self.lr = group["lr"].squeeze() if isinstance(group["lr"], Tensor) else group["lr"]
        self.evaluations = 1
        self.d: Any = state.get("d")
        self.t: Any = state.get("t")
        self.scale: Any = state.get("H_diag")
        self.previous: Any = state.get("prev_flat_grad")
        self.previous_loss: Any = state.get("prev_loss")
        found = [state.get(name, ()) for name in _HISTORIES]  # lists where the state was loaded
        self.memory = [h if isinstance(h, History) else History(group["history_size"], h) for h in found]

    def run(self, loss: float, grad: Tensor) -> None:
        group, state = self.group, self.state
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            self._turn(grad)
            self.previous, self.previous_loss = grad, loss
            slope, size = grad.dot(self.d), self.d.abs().max()
            shrunk: Any = 1.0 / grad.abs().sum()
            self.t = min(1.0, shrunk) * self.lr if state["n_iter"] == 1 else self.lr
            if slope > -group["tolerance_change"]:
                break
            loss, grad, largest, count = self._advance(loss, grad, float(slope), float(size), iteration)
            self.evaluations += count
            state["func_evals"] += count
            if iteration == group["max_iter"] or self.evaluations >= group["max_eval"] or largest <= group["tolerance_grad"]:
                break
            if float(size) * abs(float(self.t)) <= group["tolerance_change"]:
                break
            if abs(loss - self.previous_loss) < group["tolerance_change"]:
                break
        state.update(d=self.d, t=self.t, **dict(zip(_HISTORIES, self.memory, strict=True)))
        state.update(H_diag=self.scale, prev_flat_grad=self.previous, prev_loss=self.previous_loss)

    def _turn(self, grad: Tensor) -> None:
        """Set the direction, after the last step has gone into the memory."""
        if self.state["n_iter"] == 1:
            self.d, self.scale = grad.neg(), 1
            self.memory = [History(self.group["history_size"]) for _ in _HISTORIES]
            return
        y, s = grad.sub(self.previous), self.d.mul(self.t)
        curvature, square = y.dot(s), y.dot(y)
        if curvature > 1e-10:
            for history, new in zip(self.memory, (y, s, 1.0 / curvature), strict=True):
                history.push(new)
            self.scale = curvature / square
        alphas = self.state.setdefault("al", [])
        if not self.memory[0]:
            self.d = grad.neg() * self.scale
            return
        scale = self.scale if isinstance(self.scale, Tensor) else tensor(self.scale, dtype=grad.dtype)
        arrays = [history.array for history in self.memory]
        self.d, array = dispatch.call(_DIRECTION, [grad, scale, *arrays])
        self.state["al"] = alphas = History(self.group["history_size"])
        alphas.array, alphas.length = array, len(self.memory[0])

    def _advance(self, loss: float, grad: Tensor, slope: float, size: float, iteration: int) -> tuple:
        """Move along the direction; return loss, gradient, its largest element and how often the closure ran."""
        optimizer, group = self.optimizer, self.group
        t = Measured(self.t) if isinstance(self.t, Tensor) else self.t
        if group["line_search_fn"] is None:
            optimizer._move(t, self.d)
            if iteration == group["max_iter"]:  # nobody needs to know how it ends: the next step asks
                return loss, grad, float("inf"), 0
            _, loss, grad, largest = optimizer._evaluate(self.closure)
            return loss, grad, largest, 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        start = [param.clone() for param in optimizer._params]

        def evaluate(t: float) -> Point:
            optimizer._move(t, self.d)
            _, there, flat, _ = optimizer._evaluate(self.closure)
            along = float(flat.dot(self.d))
            for param, value in zip(optimizer._params, start, strict=True):
                param.copy_(value)
            return Point(t, there, flat, along)

        limit = group["max_eval"] - self.evaluations
        here = Point(0.0, loss, grad, slope)
        found, count = strong_wolfe(evaluate, here, t, size, group["tolerance_change"], limit)
        optimizer._move(found.t, self.d)
        measured = isinstance(found.t, Measured)
        self.t = tensor(found.t, dtype=grad.dtype, device=grad.device) if measured else found.t
        return found.loss, found.grad, float(found.grad.abs().max()), count

"""Spectral normalization by a hook before forward; `parametrizations.spectral_norm` is the newer form."""

from __future__ import annotations

from typing import Any, TypeVar

from torchlike.autograd.grad_mode import no_grad
from torchlike.nn import functional as F
from torchlike.nn.modules.conv import _ConvTransposeNd
from torchlike.nn.modules.module import Module
from torchlike.nn.parameter import Parameter, UninitializedParameter
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = [
    "SpectralNorm", "SpectralNormLoadStateDictPreHook", "SpectralNormStateDictHook", "remove_spectral_norm", "spectral_norm",
]  # fmt: skip

T_module = TypeVar("T_module", bound=Module)


class SpectralNorm:
    """The hook: it divides `<name>_orig` by its greatest singular value, which power iteration follows in training."""

    _version: int = 1  # of what is saved: from 1 on v is part of it
    name: str
    dim: int
    n_power_iterations: int
    eps: float

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        self.name = name
        self.dim = dim
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Any) -> Any:
        """`weight` with dimension `dim` in front and the rest as one."""
        if self.dim != 0:
            weight = weight.permute(self.dim, *[d for d in range(weight.dim()) if d != self.dim])
        return weight.reshape(weight.size(0), -1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The weight over its norm; `do_power_iteration` brings `<name>_u` and `<name>_v` closer to its singular vectors."""
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            held_u, held_v = u, v
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v = F.normalize(ops.mv(matrix.t(), u), dim=0, eps=self.eps)
                    u = F.normalize(ops.mv(matrix, v), dim=0, eps=self.eps)
                held_u.copy_(u)
                held_v.copy_(v)
        return weight / ops.dot(u, ops.mv(matrix, v))

    def remove(self, module: Module) -> None:
        """Make `module.<name>` a parameter again, with the value that it has."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    def _solve_v_and_rescale(self, weight_mat: Any, u: Any, target_sigma: Any) -> Any:
        """The v that makes `u` and the norm `target_sigma` fit the weight: what files of before version 1 lack."""
        transposed = weight_mat.t()
        v = (ops.linalg_pinv(transposed.mm(weight_mat)) @ (transposed @ u.unsqueeze(1))).squeeze(1)
        return v.mul_(target_sigma / ops.dot(u, ops.mv(weight_mat, v)))

    @staticmethod
    def apply(module: Module, name: str, n_power_iterations: int, dim: int, eps: float) -> SpectralNorm:
        """Set aside `module.<name>` and hang the hooks on the module."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm) and hook.name == name:
                raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
        made = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        if isinstance(weight, UninitializedParameter):
            raise ValueError(
                "The module passed to `SpectralNorm` can't have uninitialized parameters. "
                "Make sure to run the dummy forward before applying spectral normalization"
            )
        with no_grad():
            sizes = made.reshape_weight_to_matrix(weight).size()
            u, v = (F.normalize(weight.new_empty(size).normal_(0, 1), dim=0, eps=eps) for size in sizes)
        delattr(module, name)
        module.register_parameter(f"{name}_orig", weight)
        # An attribute, not a parameter: it is computed. The data serves whoever reads it before the first forward.
        setattr(module, name, weight.data)
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(made)
        module._register_state_dict_hook(SpectralNormStateDictHook(made))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(made))
        return made


class SpectralNormLoadStateDictPreHook:
    """Gives a state of before version 1 the v that it lacks."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        fn, key = self.fn, prefix + self.fn.name
        version = local_metadata.get("spectral_norm", {}).get(f"{fn.name}.version")
        if version is not None and version >= 1:
            return
        whole = all(key + suffix in state_dict for suffix in ("_orig", "_u", "_v"))
        if version is None and whole and key not in state_dict:
            return  # a plain dictionary of a newer state, its metadata lost
        missing = [key + suffix for suffix in ("_orig", "", "_u") if key + suffix not in state_dict]
        if missing:
            missing_keys.extend(missing if strict else ())
            return
        with no_grad():
            original = state_dict[f"{key}_orig"]
            sigma = (original / state_dict.pop(key)).mean()
            matrix = fn.reshape_weight_to_matrix(original)
            state_dict[f"{key}_v"] = fn._solve_v_and_rescale(matrix, state_dict[f"{key}_u"], sigma)


class SpectralNormStateDictHook:
    """Writes the version into the state's metadata."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(self, module: Module, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any]) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        key = f"{self.fn.name}.version"
        if key in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {key}")
        versions[key] = self.fn._version


def spectral_norm(
    module: T_module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> T_module:
    """Compute `module.<name>` as the parameter `<name>_orig` over its spectral norm (Miyato et al., 2018).

    Args:
        n_power_iterations: for each forward in training.
        dim: of the outputs; 1 for transposed convolutions, else 0 by default.

    Raises:
        RuntimeError: where it is done already. ValueError: where there is no such parameter, or it has no shape yet.
    """
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: T_module, name: str = "weight") -> T_module:
    """Undo `spectral_norm`; the weight stays as it is. Raises ValueError where there is nothing to undo."""
    key = _find(module._forward_pre_hooks, lambda hook: isinstance(hook, SpectralNorm) and hook.name == name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    module._forward_pre_hooks.pop(key).remove(module)  # type: ignore[attr-defined]  # a SpectralNorm
    for hooks in (module._state_dict_hooks, module._load_state_dict_pre_hooks):
        hooks.pop(_find(hooks, lambda hook: isinstance(hook, _OF_STATES) and hook.fn.name == name), None)
    return module


_OF_STATES = (SpectralNormStateDictHook, SpectralNormLoadStateDictPreHook)


def _find(hooks: Any, wanted: Any) -> Any:
    """The key of the first hook that is wanted, or None."""
    return next((key for key, hook in hooks.items() if wanted(hook)), None)

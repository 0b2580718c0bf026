"""Which modules of a model are wrapped one by one: policies, and `wrap` for models that say so themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torchlike.nn.modules import ModuleDict, ModuleList, MultiheadAttention
from torchlike.nn.modules.module import Module

__all__ = [
    "CustomPolicy", "ModuleWrapPolicy", "always_wrap_policy", "enable_wrap", "lambda_auto_wrap_policy",
    "size_based_auto_wrap_policy", "transformer_auto_wrap_policy", "wrap",
]  # fmt: skip

# ---- policies -------------------------------------------------------------------------------------------------------
# A policy is called with `recurse=True` before a module's children are looked at (False leaves them alone), and with
# `recurse=False` after, with the number of elements that no child has taken: whether the module is to be wrapped.


def always_wrap_policy(*args: Any, **kwargs: Any) -> bool:
    """Every module."""
    return True


def lambda_auto_wrap_policy(module: Module, recurse: bool, nonwrapped_numel: int, lambda_fn: Callable[[Module], bool]) -> bool:
    """The modules for which a function is true."""
    return recurse or lambda_fn(module)


def _module_wrap_policy(module: Module, recurse: bool, nonwrapped_numel: int, module_classes: Iterable[type]) -> bool:
    return recurse or isinstance(module, tuple(module_classes))


def transformer_auto_wrap_policy(
    module: Module, recurse: bool, nonwrapped_numel: int, transformer_layer_cls: Iterable[type]
) -> bool:
    """The modules of some classes."""
    return _module_wrap_policy(module, recurse, nonwrapped_numel, transformer_layer_cls)


def _wrap_module_cls_individually(
    module: Module, module_classes: Sequence[type], recurse: bool, *args: Any, **kwargs: Any
) -> bool:
    return _module_wrap_policy(module, recurse, -1, module_classes)


def _or_policy(module: Module, recurse: bool, nonwrapped_numel: int, policies: Iterable[Callable[..., bool]]) -> bool:
    """The modules that one of several policies wants."""
    return any(policy(module=module, recurse=recurse, nonwrapped_numel=nonwrapped_numel) for policy in policies)


def size_based_auto_wrap_policy(
    module: Module, recurse: bool, nonwrapped_numel: int, min_num_params: int = int(1e8),
    force_leaf_modules: set[type] | None = None, exclude_wrap_modules: set[type] | None = None,
) -> bool:  # fmt: skip
    """The modules with `min_num_params` elements or more.

    Args:
        force_leaf_modules: classes whose children are left alone; `nn.MultiheadAttention` by default.
        exclude_wrap_modules: classes that are not wrapped themselves; `nn.ModuleList` and `nn.ModuleDict` by default.
    """
    kept = force_leaf_modules if recurse else exclude_wrap_modules
    if kept is None:
        own: Any = size_based_auto_wrap_policy
        kept = own.FORCE_LEAF_MODULES if recurse else own.EXCLUDE_WRAP_MODULES
    return nonwrapped_numel >= min_num_params and not isinstance(module, tuple(kept))


vars(size_based_auto_wrap_policy).update(EXCLUDE_WRAP_MODULES={ModuleList, ModuleDict}, FORCE_LEAF_MODULES={MultiheadAttention})


class _Policy(ABC):
    """Names all modules to wrap at once, each with its options."""

    @abstractmethod
    def _run_policy(
        self, root_module: Module, ignored_modules: set[Module], root_kwargs: dict[str, Any]
    ) -> dict[Module, dict[str, Any]]: ...


class ModuleWrapPolicy(_Policy):
    """The modules of some classes, with the root's options."""

    def __init__(self, module_classes: Iterable[type]):
        self._module_classes = set(module_classes)

    def _run_policy(
        self, root_module: Module, ignored_modules: set[Module], root_kwargs: dict[str, Any]
    ) -> dict[Module, dict[str, Any]]:
        kinds = tuple(self._module_classes)
        return {m: dict(root_kwargs) for m in root_module.modules() if m not in ignored_modules and isinstance(m, kinds)}

    def __call__(self, module: Module, recurse: bool, *args: Any, **kwargs: Any) -> bool:
        return _module_wrap_policy(module, recurse, -1, self._module_classes)

    def __repr__(self) -> str:
        return f"{super().__repr__()}({self._module_classes})"


class CustomPolicy(_Policy):
    """The modules for which a function is true, or gives options that stand before the root's."""

    def __init__(self, lambda_fn: Callable[[Module], bool | dict[str, Any]]):
        self._lambda_fn = lambda_fn

    def _run_policy(
        self, root_module: Module, ignored_modules: set[Module], root_kwargs: dict[str, Any]
    ) -> dict[Module, dict[str, Any]]:
        found = {}
        for module in root_module.modules():
            answer = False if module in ignored_modules else self._lambda_fn(module)
            if not isinstance(answer, (dict, bool)):
                raise ValueError(
                    f"The lambda_fn passed to CustomPolicy should return False/True or a kwarg dict, but it returned {answer}"
                )
            if answer:
                found[module] = {**root_kwargs, **(answer if isinstance(answer, dict) else {})}
        return found


# ---- wrapping -------------------------------------------------------------------------------------------------------


def chosen(root: Module, policy: Any, ignored: Iterable[Module] = ()) -> list[tuple[Module, dict[str, Any]]]:
    """The modules below `root` that a policy wants, the innermost first, each with its own options."""
    left_out = set(ignored)
    if isinstance(policy, _Policy):
        wanted = policy._run_policy(root, left_out, {})
        return [(m, wanted[m]) for m in _innermost_first(root) if m in wanted and m is not root]
    found: list[tuple[Module, dict[str, Any]]] = []
    _visit(root, policy, left_out, found)
    return [(module, {}) for module, _ in found if module is not root]


def _innermost_first(root: Module) -> list[Module]:
    found: dict[Module, None] = {}

    def visit(module: Module) -> None:
        for child in module.children():
            if child not in found:
                visit(child)
        found[module] = None

    visit(root)
    return list(found)


def _visit(module: Module, policy: Callable[..., bool], ignored: set[Module], found: list) -> int:
    """Add what is to be wrapped to `found`; the number of elements that it takes."""
    own = {id(p) for m in ignored for p in m.parameters()}
    count = sum(p.numel() for p in module.parameters() if id(p) not in own)
    if not policy(module=module, recurse=True, nonwrapped_numel=count):
        return 0
    taken = sum(_visit(child, policy, ignored, found) for child in module.children() if child not in ignored)
    if policy(module=module, recurse=False, nonwrapped_numel=count - taken):
        found.append((module, {}))
        return count
    return taken


def replace(root: Module, policy: Any, wrapper: Callable[..., Module], ignored: Iterable[Module] = ()) -> None:
    """Put `wrapper(module, **options)` in the place of each module below `root` that a policy wants."""
    wanted = dict(chosen(root, policy, ignored))
    made: dict[Module, Module] = {}

    def visit(parent: Module) -> None:
        for name, child in list(parent.named_children()):
            if child not in made:
                made[child] = child
                visit(child)
                if child in wanted:
                    made[child] = wrapper(child, **wanted[child])
            if child in wanted:
                setattr(parent, name, made[child])

    visit(root)


_around: list[dict[str, Any]] = []  # the options of the `enable_wrap` that is on


@contextmanager
def enable_wrap(*, wrapper_cls: Any, **wrapper_kwargs: Any) -> Iterator[None]:
    """A block in which `wrap(module)` is `wrapper_cls(module, **wrapper_kwargs)`.

    Raises:
        NotImplementedError: inside of another, as in torch.
    """
    if _around:
        raise NotImplementedError(
            "You are already within an autowrap context and we currently do not supported nested autowrap."
        )
    _around.append({"wrapper_cls": wrapper_cls, **wrapper_kwargs})
    try:
        yield
    finally:
        _around.pop()


def wrap(module: Module, **wrap_overrides: Any) -> Module:
    """The module in the wrapper of the `enable_wrap` block around it; the module itself without one."""
    if not _around:
        return module
    options = {**_around[-1], **wrap_overrides}
    return options.pop("wrapper_cls")(module, **{**options, **getattr(module, "_wrap_overrides", {})})

"""What belongs to a module: registering, finding and walking over parameters, buffers and submodules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from torchlike.base.epoch import Epoch
from torchlike.nn.modules import hooks as hook_table
from torchlike.nn.modules.utils import typename
from torchlike.tensor import Buffer, Parameter, Tensor

if TYPE_CHECKING:
    from collections import OrderedDict

    from torchlike.nn.modules.module import Module

_LISTS = ("_parameters", "_buffers", "_modules")


class ModuleRegistry:
    """The part of `Module` that knows its members.

    `_parameters`, `_buffers` and `_modules` are the only record there is; attribute access reads them.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    if TYPE_CHECKING:  # libraries read a class's hints at run time, when this name is not there
        _modules: dict[str, Module | None]

    # --- attributes --------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        # Reached only where normal lookup found nothing. On the path of every step: no loop, no exception.
        own = self.__dict__
        if "_modules" in own:
            if name in own["_parameters"]:
                return own["_parameters"][name]
            if name in own["_buffers"]:
                return own["_buffers"][name]
            if name in own["_modules"]:
                return own["_modules"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        Epoch.now += 1
        if isinstance(value, Parameter):
            self._require_init("parameters")
            self._forget(name, keep="_parameters")
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, ModuleRegistry) or name in own.get("_modules", ()):
            self._set_module(name, value)
        elif isinstance(value, Buffer) or name in own.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_module(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleRegistry):
            self._require_init("module")
            self._forget(name, keep="_modules")
        elif value is not None:
            raise TypeError(f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None expected)")
        self._modules[name] = self._registered(hook_table._global_module_registration_hooks, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"cannot assign '{typename(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None expected)"
            )
        if isinstance(value, Buffer):
            self._require_init("buffer")
            persistent = value.persistent
        else:
            persistent = name not in self._non_persistent_buffers_set
        if name not in self._buffers:
            self._forget(name, keep="_buffers")
            self.register_buffer(name, value, persistent)
            return
        self._buffers[name] = self._registered(hook_table._global_buffer_registration_hooks, name, value)
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def __delattr__(self, name: str) -> None:
        Epoch.now += 1
        for key in _LISTS:
            if name in self.__dict__.get(key, ()):
                del self.__dict__[key][name]
                self._non_persistent_buffers_set.discard(name)
                return
        if name in self.__dict__ or hasattr(type(self), name):
            object.__delattr__(self, name)
        else:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __dir__(self) -> list[str]:
        own = self.__dict__
        names = {*dir(type(self)), *own, *own["_parameters"], *own["_buffers"], *own["_modules"]}
        return sorted(name for name in names if not name[0].isdigit())  # "0" of a Sequential is no attribute

    def _require_init(self, what: str) -> None:
        if "_modules" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _forget(self, name: str, keep: str) -> None:
        """Remove `name` from wherever else it stands, so that it names one thing only."""
        own = self.__dict__
        own.pop(name, None)
        for key in _LISTS:
            if key != keep:
                own[key].pop(name, None)
        if keep != "_buffers":
            self._non_persistent_buffers_set.discard(name)

    def _registered(self, hooks: OrderedDict[int, Callable], name: str, value: Any) -> Any:
        for hook in hooks.values():
            replaced = hook(self, name, value)
            if replaced is not None:
                value = replaced
        return value

    # --- registration ------------------------------------------------------------------------------------------

    def _check_name(self, kind: str, name: Any, known: dict) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if kind != "module" and "." in name:
            raise KeyError(f'{kind} name can\'t contain "."')
        if kind != "module" and name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in known and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        if kind == "module" and "." in name:
            raise KeyError(f'module name can\'t contain ".", got: {name}')
        if kind == "module" and name == "":
            raise KeyError('module name can\'t be empty string ""')

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or None for one that is left out (a bias); it becomes the attribute `name`.

        Raises:
            AttributeError: before `Module.__init__`. KeyError: a bad or taken name. TypeError: no Parameter.
        """
        Epoch.now += 1
        self._require_init("parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To express "
                f"'{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        if param is not None:
            param = self._registered(hook_table._global_parameter_registration_hooks, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained.

        Args:
            persistent: whether it is part of `state_dict`.

        Raises:
            AttributeError: before `Module.__init__`. KeyError: a bad or taken name. TypeError: no tensor.
        """
        Epoch.now += 1
        self._require_init("buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = self._registered(hook_table._global_buffer_registration_hooks, name, tensor)
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule; it becomes the attribute `name`.

        Raises:
            KeyError: a bad or taken name. TypeError: no Module.
        """
        Epoch.now += 1
        if not isinstance(module, ModuleRegistry) and module is not None:
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = self._registered(hook_table._global_module_registration_hooks, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Alias of `add_module`."""
        self.add_module(name, module)

    # --- by dotted name ----------------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The submodule that a dotted name means; "" is the module itself.

        Raises:
            AttributeError: where the path leads nowhere or to something else than a module.
        """
        found: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(found, name):
                raise AttributeError(f"{found._get_name()} has no attribute `{name}`")
            found = getattr(found, name)
            if not isinstance(found, ModuleRegistry):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` where a dotted name means; with `strict` something must stand there already.

        Raises:
            ValueError: for an empty name or something else than a module. AttributeError: where the path leads nowhere.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, ModuleRegistry):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), ModuleRegistry):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter that a dotted name means. Raises AttributeError where there is none."""
        found = self._get_member(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer that a dotted name means. Raises AttributeError where there is none."""
        path, _, name = target.rpartition(".")
        found = self._get_member(target)
        if name not in self.get_submodule(path)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _get_member(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return getattr(owner, name)

    # --- walking -----------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(dotted name, module) of this module and all below it, parents first.

        Args:
            memo: modules that were seen already.
            remove_duplicate: show a module that stands at several places once only.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)  # type: ignore[arg-type]  # every registry is a Module
        yield prefix, self  # type: ignore[misc]  # every registry is a Module
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, parents first."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the direct submodules, each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct submodules, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        owners = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for owner_name, owner in owners:
            for name, member in get_members_fn(owner):  # type: ignore[arg-type]  # every registry is a Module
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{owner_name}.{name}" if owner_name else name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) of this module and, if `recurse`, of all below it."""
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and, if `recurse`, of all below it; what an optimizer takes."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(dotted name, buffer) of this module and, if `recurse`, of all below it."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and, if `recurse`, of all below it."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

"""Pickle bytes to objects: everything, or, by default, only what can do no harm."""

from __future__ import annotations

import io
import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from torchlike.serialization import allowed, names, rebuild
from torchlike.serialization.names import StorageType
from torchlike.tensor import Parameter, Tensor

Fetch = Callable[[tuple], Any]
# What reading a damaged pickle can end in.
_DAMAGE = (LookupError, EOFError, ValueError, TypeError, AttributeError, OverflowError, MemoryError, struct.error)

_ADVICE = (
    "Weights only load failed. `load` takes only tensors and plain containers from a file unless it is called with "
    "weights_only=False. Do so only if you got the file from a trusted source: it can run any code.\n\n{}\n\n"
    "See torch.serialization.add_safe_globals for how to allow single classes and functions."
)


def loads(data: bytes, fetch: Fetch, weights_only: bool, pickle_module: Any = None, **options: Any) -> Any:
    """The object of a pickle.

    Args:
        fetch: gives the storage that a persistent id names.
        options: for the unpickler (`encoding`, `errors`).

    Raises:
        pickle.UnpicklingError: with `weights_only`, for a name that is not allowed, or for damaged data.
    """
    options.setdefault("encoding", "utf-8")
    if weights_only:
        return _load_weights(data, fetch, options)
    base: Any = (pickle_module or pickle).Unpickler
    return type("Unpickler", (_Names, base), {"fetch": staticmethod(fetch)})(io.BytesIO(data), **options).load()


class _Names:
    """An unpickler that reads torch's names as torchlike's; the rest of it is the class it is mixed with."""

    fetch: Fetch

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in rebuild.BY_NAME:
            return rebuild.BY_NAME[module, name]
        if module.partition(".")[0] == names.THEIRS:
            return names.in_torchlike(module, name)
        return super().find_class(module, name)  # type: ignore[misc]  # of the class it is mixed with

    def persistent_load(self, pid: Any) -> Any:
        return self.fetch(pid)


def _load_weights(data: bytes, fetch: Fetch, options: dict) -> Any:
    unpickler = _Weights(io.BytesIO(data), **options)
    unpickler.fetch = fetch
    try:
        return unpickler.load()
    except (pickle.UnpicklingError, RecursionError) as error:
        raise pickle.UnpicklingError(_ADVICE.format(error)) from None
    except _DAMAGE as error:
        raise pickle.UnpicklingError(_ADVICE.format(f"The pickle is damaged: {type(error).__name__}: {error}")) from error


_InPython: Any = pickle._Unpickler  # its opcodes can be taken away one by one


class _Weights(_InPython):
    """Calls nothing but what `allowed` lists, and sets the state of nothing but plain containers and tensors."""

    fetch: Fetch

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._user = allowed.user_table()
        self._table = allowed.table()

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if module.partition(".")[0] in allowed.BLOCKED:
            raise pickle.UnpicklingError(f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked.")
        if full in self._table:
            return self._table[full]
        if (module, name) in rebuild.BY_NAME:
            return rebuild.BY_NAME[module, name]
        if module.partition(".")[0] == names.THEIRS:
            found = names.storage_or_dtype(module, name)
            if found is not None:
                return found
        raise pickle.UnpicklingError(
            f"WeightsUnpickler error: Unsupported global: GLOBAL {full} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{name}])` or the `torch.serialization.safe_globals([{name}])` context "
            "manager to allowlist this global if you trust this class/function."
        )

    def persistent_load(self, pid: Any) -> Any:
        return self.fetch(pid)

    def _callable(self, called: Any, opcode: str) -> None:
        """What is called must be one of the objects that names lead to, not something that a call returned."""
        known = (*self._table.values(), *rebuild.BY_NAME.values())
        if isinstance(called, StorageType) or not any(called is k for k in known):
            raise pickle.UnpicklingError(f"Trying to call {opcode} for {called!r}, which is not allowed")

    def load_reduce(self) -> None:
        self._callable(self.stack[-2], "REDUCE")
        super().load_reduce()

    def load_newobj(self) -> None:
        self._callable(self.stack[-2], "NEWOBJ")
        super().load_newobj()

    def load_newobj_ex(self) -> None:
        self._callable(self.stack[-3], "NEWOBJ_EX")
        super().load_newobj_ex()

    def load_build(self) -> None:
        target, state = self.stack[-2], self.stack[-1]
        kind = type(target)
        if kind in (OrderedDict, Counter):
            self.stack.pop()
            vars(target).update(state)  # `_metadata` of a module's state_dict
        elif kind in (Tensor, Parameter) or kind not in self._user.values():
            raise pickle.UnpicklingError(f"Can only build Tensor, Parameter, OrderedDict or types allowlisted, but got {kind}")
        else:
            super().load_build()

    dispatch = {
        code: load
        for code, load in _InPython.dispatch.items()
        if bytes([code])
        not in (pickle.INST, pickle.OBJ, pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.PERSID, pickle.NEXT_BUFFER)
    }
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.BUILD[0]] = load_build

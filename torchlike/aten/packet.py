"""What `torch.ops.aten.add` and `torch.ops.aten.add.Tensor` are: callables that know their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class OpOverload:
    """One signature of an operator; here all of an operator's signatures are the same function."""

    def __init__(self, name: str, overload: str, function: Callable):
        self.__name__ = f"{name}.{overload}"
        self._name, self._overload, self._function = name, overload, function

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._function(*args, **keywords)

    def name(self) -> str:
        return f"aten::{self._name}" + ("" if self._overload == "default" else f".{self._overload}")

    def __str__(self) -> str:
        return f"aten.{self.__name__}"

    def __repr__(self) -> str:
        return f"<OpOverload(op='aten.{self._name}', overload='{self._overload}')>"


class OpOverloadPacket:
    """An operator: callable, its signatures are attributes (`default`, `Tensor`, `out` ...)."""

    def __init__(self, name: str, function: Callable):
        self.__name__, self._function = name, function

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._function(*args, **keywords)

    def overloads(self) -> list[str]:
        """One: the arguments decide."""
        return ["default"]

    def __getattr__(self, overload: str) -> OpOverload:
        if overload.startswith("_"):
            raise AttributeError(f"The underlying op of 'aten.{self.__name__}' has no overload name '{overload}'")
        made = OpOverload(self.__name__, overload, self._function)
        setattr(self, overload, made)
        return made

    def __str__(self) -> str:
        return f"aten.{self.__name__}"

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='aten.{self.__name__}')>"

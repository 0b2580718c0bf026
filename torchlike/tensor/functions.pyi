# A function per row, made when it is asked for. Without this file mypy loses the type of the module's __getattr__ where
# modules import each other.
from typing import Any

def __getattr__(name: str) -> Any: ...

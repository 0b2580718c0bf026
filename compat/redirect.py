"""Makes `import torch` mean torchlike: a finder on `sys.meta_path` under which a torch module is a second name of torchlike's.

Standard library only, and no import of torchlike before the first `import torch`: `path/sitecustomize.py` runs this file at
the start of every Python process below one that was redirected.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from email.message import Message
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

VERSIONS = {"torch": "2.13.0", "torchvision": "0.28.0"}
ROOTS = {"torch": "torchlike", "torchvision": "torchlike.vision"}
# What lies elsewhere here; all else keeps its path, with the root's name exchanged.
MOVED = {
    "torch._tensor": "torchlike.tensor",
    "torch.ops": "torchlike._ops",
}
# torchlike's own rooms, which torch has no modules of the names of.
OURS = frozenset({"torch.base", "torch.compat", "torch.engine", "torch.tensor"})


def target(name: str) -> str | None:
    """torchlike's module for a module of torch's; None where the name is no module of torch's."""
    if name in OURS or any(name.startswith(f"{own}.") for own in OURS):
        return None
    for theirs, ours in MOVED.items():
        if name == theirs or name.startswith(f"{theirs}."):
            return ours + name.removeprefix(theirs)
    root, dot, rest = name.partition(".")
    return ROOTS[root] + dot + rest if root in ROOTS else None


class _Alias(Loader):
    """Gives the module of another name, as it is."""

    def __init__(self, name: str):
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own  # the import system has just put the alias's there

    def get_code(self, name: str) -> Any:  # python -m torch.x.y
        return importlib.util.find_spec(self._name).loader.get_code(self._name)  # type: ignore[union-attr]

    def is_package(self, name: str) -> bool:
        found = importlib.util.find_spec(self._name)
        return found is not None and found.submodule_search_locations is not None


class Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata` says of torch and torchvision: torchlike stands for their Python interfaces."""

    def __init__(self, name: str):
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return {
            "METADATA": f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {VERSIONS[self._name]}\n"
            f"Summary: torchlike under {self._name}'s name\n",
            "top_level.txt": f"{self._name}\n",
        }.get(filename)

    def locate_file(self, path: Any) -> Any:
        return importlib.import_module("pathlib").Path(path)

    @property
    def metadata(self) -> Any:
        made = Message()
        made["Name"], made["Version"] = self._name, VERSIONS[self._name]
        return made


class Finder(importlib.metadata.DistributionFinder):
    """Finds the modules and distributions of torch and torchvision."""

    torchlike_redirect = True

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target_: Any = None) -> ModuleSpec | None:
        ours = target(fullname)
        if ours is None:
            if fullname in OURS:  # the next finder would load our file a second time, under this name
                raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
            return None
        try:
            found = importlib.util.find_spec(ours)
        except (ModuleNotFoundError, AttributeError):  # its parent is no package
            found = None
        if found is None:
            if fullname.startswith("torch.distributed."):
                return importlib.import_module("torchlike.compat.hollow").spec(fullname)
            if "." in fullname:
                return None
            raise ModuleNotFoundError(f"{fullname} is redirected to {ours}, which does not exist", name=fullname)
        package = found.submodule_search_locations is not None
        return ModuleSpec(fullname, _Alias(ours), origin=found.origin, is_package=package)

    def find_distributions(self, context: Any = importlib.metadata.DistributionFinder.Context()) -> Iterator[Distribution]:  # noqa: B008
        for name in VERSIONS:
            if context.name is None or context.name.lower() == name:
                yield Distribution(name)


def active() -> bool:
    """Whether `import torch` means torchlike in this process."""
    return any(getattr(finder, "torchlike_redirect", False) for finder in sys.meta_path)


def install() -> None:
    """Let `import torch`, and everything below it, give torchlike in this process from now on.

    Raises:
        RuntimeError: if real torch (or torchvision) is already imported: the classes of both would mix.
    """
    if active():
        return
    for root, ours in ROOTS.items():
        there = sys.modules.get(root)
        if there is not None and there.__name__ != ours:
            raise RuntimeError(
                f"{root} is already imported in this process, from {getattr(there, '__file__', None)}: call "
                f"torchlike.compat.install() before the first `import {root}`, or run the script by "
                "`python -m torchlike.compat run script.py`"
            )
    sys.meta_path.insert(0, Finder())


def uninstall() -> None:
    """Let `import torch` mean what it meant before. What was imported meanwhile stays with whoever holds it."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not getattr(finder, "torchlike_redirect", False)]
    for name in [n for n in sys.modules if n.partition(".")[0] in ROOTS and target(n) in sys.modules]:
        if sys.modules[name] is sys.modules[str(target(name))]:
            del sys.modules[name]

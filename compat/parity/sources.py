"""Executes a user's source files with `torch` meaning torch, or torchlike, side by side in one process."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import itertools
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MEANINGS: dict[str, dict[str, str]] = {
    "torch": {},
    "torchlike": {"torch": "torchlike", "torchvision": "torchlike.vision"},
}
_counter = itertools.count()


class Sources:
    """A user's file and what it imports from its own folder, loaded anew, with `torch` standing for one library.

    Every module loaded so gets an `__import__` of its own, and a name that no other module has: the same file can be
    loaded once for each library, and neither the user's own modules nor torch are touched. Code that imports by
    `importlib.import_module` gets real torch.

    Args:
        library: "torch" or "torchlike".
        folder: where the file's own modules are.
        packages: installed packages that are to be loaded anew too, because they import torch.
    """

    def __init__(self, library: str, folder: Path, packages: Sequence[str] = ()) -> None:
        self.meaning = MEANINGS[library]
        self.folder = str(folder)
        self.packages = frozenset(packages)
        self.root = f"_compared_{next(_counter)}"
        self._own: dict[str, bool] = {}
        root = types.ModuleType(self.root)
        root.__path__ = [self.folder]
        sys.modules[self.root] = root
        self.builtins = vars(builtins) | {"__import__": self._import}

    def load(self, path: Path) -> types.ModuleType:
        """Execute a file of the folder and return its module."""
        name = f"{self.root}.{path.stem}"
        return self._execute(importlib.util.spec_from_file_location(name, path), name)

    def close(self) -> None:
        """Forget what was loaded."""
        for name in [n for n in sys.modules if n == self.root or n.startswith(f"{self.root}.")]:
            del sys.modules[name]

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _import(
        self, name: str, globals: Mapping[str, Any] | None = None, locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (), level: int = 0,
    ) -> types.ModuleType:  # fmt: skip
        """`__import__` as Python calls it."""
        if level:
            package = str((globals or {}).get("__package__") or self.root)
            name = importlib.util.resolve_name("." * level + name, package)
            return self._private(name.removeprefix(f"{self.root}.").removeprefix(self.root), fromlist or (), True)
        top, _, rest = name.partition(".")
        if top in self.meaning:
            target = self.meaning[top]
            made = __import__(f"{target}.{rest}" if rest else target, globals, locals, fromlist or ("__name__",))
            return made if fromlist else sys.modules[target]
        if self._is_own(top):
            return self._private(name, fromlist or (), bool(fromlist))
        return __import__(name, globals, locals, fromlist or ())

    def _is_own(self, top: str) -> bool:
        if top not in self._own:
            shared = top in sys.stdlib_module_names or top in ("torch", "torchlike")
            spec = None if shared else importlib.machinery.PathFinder.find_spec(top, [self.folder])
            local = spec is not None and spec.loader is not None
            self._own[top] = top in self.packages or local
        return self._own[top]

    def _private(self, name: str, fromlist: Sequence[str], leaf: bool) -> types.ModuleType:
        """The module at a dotted path, loaded with its parents: itself, or for `import a.b` the topmost."""
        holder = sys.modules[self.root]
        first = None
        for part in name.split(".") if name else ():
            holder = self._child(holder, part)
            first = first or holder
        if hasattr(holder, "__path__"):
            for wanted in fromlist:
                if wanted != "*" and not hasattr(holder, wanted):
                    try:
                        self._child(holder, wanted)
                    except ModuleNotFoundError as error:
                        if error.name != f"{holder.__name__}.{wanted}":
                            raise
        return holder if leaf or first is None else first

    def _child(self, parent: types.ModuleType, part: str) -> types.ModuleType:
        full = f"{parent.__name__}.{part}"
        if full in sys.modules:
            return sys.modules[full]
        outside = parent.__name__ == self.root and part in self.packages
        spec = importlib.machinery.PathFinder.find_spec(full, None if outside else list(parent.__path__))
        if spec is None and outside:
            found = importlib.machinery.PathFinder.find_spec(part)
            origin = found.origin if found is not None else None
            places = found.submodule_search_locations if found is not None else None
            spec = (
                None
                if origin is None
                else importlib.util.spec_from_file_location(full, origin, submodule_search_locations=places)
            )
        if spec is None:
            raise ModuleNotFoundError(f"No module named {full.removeprefix(f'{self.root}.')!r}", name=full)
        made = self._execute(spec, full)
        setattr(parent, part, made)
        return made

    def _execute(self, spec: importlib.machinery.ModuleSpec | None, name: str) -> types.ModuleType:
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"no Python source at {name}", name=name)
        made = importlib.util.module_from_spec(spec)
        sys.modules[name] = made
        if not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader.exec_module(made)
            return made
        made.__dict__["__builtins__"] = self.builtins
        try:
            exec(spec.loader.get_code(name) or "", made.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        return made

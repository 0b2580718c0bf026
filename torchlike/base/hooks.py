"""What registering a hook returns, for hooks of tensors, modules and optimizers alike."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torchlike.base.epoch import Epoch


class RemovableHandle:
    """A registered hook; `remove()`, or the end of a `with` block, takes it out again.

    Args:
        hooks_dict: the ordered dictionary that holds the hook under this handle's `id`.
        extra_dict: further dictionaries (one, or a list) that hold something under the same id.
    """

    next_id: int = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None):
        extra = extra_dict if isinstance(extra_dict, list) else [] if extra_dict is None else [extra_dict]
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.extra_dict_ref = tuple(weakref.ref(d) for d in extra)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        Epoch.now += 1

    def remove(self) -> None:
        """Take the hook out; doing so twice is harmless."""
        Epoch.now += 1
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple:
        return self.hooks_dict_ref(), self.id, tuple(ref() for ref in self.extra_dict_ref)

    def __setstate__(self, state: tuple) -> None:
        # Dictionaries that were not pickled along leave dead references, so that `remove` still does no harm.
        hooks, self.id, extra = state
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(weakref.ref(OrderedDict() if d is None else d) for d in extra)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def register(hooks: OrderedDict, hook: Callable, prepend: bool = False) -> RemovableHandle:
    """Add `hook` to `hooks`, last or first, and return its handle."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle

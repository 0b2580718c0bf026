"""`torch.jit._script`: where libraries find the classes of scripted modules."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.jit.modules import RecursiveScriptModule, ScriptFunction, ScriptModule

__all__ = ["RecursiveScriptModule", "ScriptFunction", "ScriptModule"]

__getattr__ = absent("torch.jit._script")

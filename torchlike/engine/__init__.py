"""The engine room: values, the pending graph, programs, capture, generators, dispatch.

`flush()` runs what is pending; `stats` counts programs; `programs()` lists them, and each can be lowered, inspected or
compiled for another target (`engine.aot`).
"""

from torchlike.engine import host as host  # registers what happens at a fork
from torchlike.engine.program import Program, clear, programs, stats
from torchlike.engine.record import flush

__all__ = ["Program", "clear", "flush", "programs", "stats"]

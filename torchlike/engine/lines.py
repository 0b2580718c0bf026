"""Which line of the user's program is running: for error messages and for the reasons of compilations."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

_HERE = str(Path(__file__).resolve().parent.parent)


def user_line() -> str:
    """`file:line` of the innermost frame outside torchlike."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "?"
